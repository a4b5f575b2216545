-- Which replica answers a request.
--
-- The candidates of each service stand in a file, one "SERVICE ADDRESS:PORT" a line, which whoever
-- starts replicas keeps true (the local stack, or nginx/discover in a container, which asks DNS). One
-- worker of nginx reads that file, asks every candidate for its health, and puts what it learnt into
-- a shared dictionary; each worker balances over the best of them, least connections first. Nothing is
-- ever reloaded, so long connections live on when replicas come and go.
--
-- The surprising thing: a candidate that is not healthy is still used when there is no better one, or
-- when the better one broke the connection. A database outage makes every replica say 503, and a client
-- is to get that 503 with its Retry-After from a service, not a 502 from here. And one that has just
-- started may serve well before it is asked for its health again, when the other one stops.
local ngx_balancer = require "ngx.balancer"

local shared = ngx.shared.replicas
local now, log, WARN = ngx.now, ngx.log, ngx.WARN
local concat, sort, random = table.concat, table.sort, math.random

local TICK_S = 0.25           -- how often the file is looked at
local PROBE_S = 0.5           -- how often a candidate is asked for its health; half of what a service
                              -- goes on serving after it was told to stop (DRAIN_MS), at the most
local PROBE_TIMEOUT_MS = 1000
local PROBE_MISSES = 2        -- who only does not answer is dropped after so many probes, and passed
                              -- over after the first
local OUT_S = 2               -- how long a replica that broke a connection, or says that it is about to
                              -- stop, is passed over, unless a probe clears it sooner
local MOST_CANDIDATES = 256   -- of all services together
local MOST_REPLY_BYTES = 8192

-- What is known of a candidate; the higher the better. OTHER is another service at a reused address:
-- nobody's replica, and never used.
local OTHER, SILENT, ANSWERS, HEALTHY = -1, 0, 1, 2
-- Why one is passed over, and how much worse it is for that. One that is about to stop still serves; one
-- that broke a connection does better than one that says nothing.
local LEAVING, BROKE = 1, 3

local M = {}

-- --- what every worker knows -----------------------------------------------------------------

local busy = {}               -- address -> requests that this worker has there now
local known = {}              -- service -> {version, peers = {{host, port, address, state}, ...}}

local function words(text)
    local list = {}
    for word in text:gmatch("%S+") do
        list[#list + 1] = word
    end
    return list
end

local function peers_of(service)
    local version = shared:get("version") or 0
    local cached = known[service]
    if cached and cached.version == version then
        return cached.peers
    end
    local peers = {}
    for _, word in ipairs(words(shared:get("peers:" .. service) or "")) do
        local address, host, port, state = word:match("^((.+):(%d+))=(%d)$")
        peers[#peers + 1] = {host = host, port = tonumber(port), address = address, state = tonumber(state)}
    end
    known[service] = {version = version, peers = peers}
    return peers
end

-- The best of those that this request has not tried, and the least busy of these; among equals any one.
local function best_of(peers, tried)
    local best, most, least
    local offset = random(#peers)
    for i = 1, #peers do
        local peer = peers[(i + offset) % #peers + 1]
        if not tried[peer.address] then
            local worth = 2 * peer.state - (shared:get("out:" .. peer.address) or 0)
            local n = busy[peer.address] or 0
            if not best or worth > most or (worth == most and n < least) then
                best, most, least = peer, worth, n
            end
        end
    end
    return best
end

local function suspect(address, why)
    shared:set("out:" .. address, why, OUT_S)
    shared:delete("probed:" .. address)
end

-- Called by nginx for each try of a request (balancer_by_lua).
function M.pick(service)
    local peers = peers_of(service)
    local try = ngx.ctx.try
    if not try then
        try = {tried = {}}
        ngx.ctx.try = try
        if #peers > 1 then
            ngx_balancer.set_more_tries(#peers - 1) -- proxy_next_upstream_tries bounds it
        end
    else
        local _, status = ngx_balancer.get_last_failure()
        if status ~= 504 then -- slow work is not the replica's fault
            suspect(try.last, BROKE)
        end
    end
    local peer = #peers > 0 and (best_of(peers, try.tried) or best_of(peers, {}))
    if not peer then
        return ngx.exit(502)
    end
    local ok, err = ngx_balancer.set_current_peer(peer.host, peer.port)
    if not ok then
        log(ngx.ERR, "balancer: ", peer.address, ": ", err)
        return ngx.exit(502)
    end
    try.last = peer.address
    try.tried[peer.address] = true
    busy[peer.address] = (busy[peer.address] or 0) + 1
end

-- Called when a request has ended (log_by_lua). nginx lists every try in two variables, which survive
-- its internal redirects as ngx.ctx does not.
function M.done()
    local tries = ngx.var.upstream_addr
    if not tries or tries == "" then
        return
    end
    local last
    for address in tries:gmatch("[^, ]+:%d+") do
        last = address
        local n = (busy[address] or 0) - 1
        busy[address] = n > 0 and n or nil
    end
    if last and (ngx.var.upstream_status or ""):match("502$") then
        suspect(last, BROKE) -- over a request that may not be repeated
    elseif last and ngx.var.upstream_http_x_draining then
        suspect(last, LEAVING)
    end
end

-- --- what one worker does for all ------------------------------------------------------------

local file                    -- the candidates' file
local services = {}           -- every service that nginx routes to
local told = {}               -- service -> what the log was told last
local candidates = {}         -- address -> {service, state, misses, probing}

-- The file's lines, or nil when it cannot be read or is not in its form: then all stays as it is.
local function read()
    local f = io.open(file, "r")
    local text = f and f:read(65536)
    if f then
        f:close()
    end
    if not text then
        return nil
    end
    local list, n = {}, 0
    for line in text:gmatch("[^\n]+") do
        local service, address = line:match("^([%w-]+) ([%x.:%[%]]+:%d+)$")
        n = n + 1
        if not service or not services[service] or n > MOST_CANDIDATES then
            log(ngx.ERR, "balancer: ", file, ": line ", n, " is not SERVICE ADDRESS:PORT: ", line)
            return nil
        end
        list[address] = service
    end
    return list
end

-- Tells all workers of all candidates; and the log of the healthy ones.
local function publish(quiet)
    local all, healthy = {}, {}
    for address, c in pairs(candidates) do
        all[c.service] = all[c.service] or {}
        if c.state ~= OTHER then
            table.insert(all[c.service], address .. "=" .. c.state)
        end
        if c.state == HEALTHY then
            healthy[c.service] = healthy[c.service] or {}
            table.insert(healthy[c.service], address)
        end
    end
    local changed = false
    for service in pairs(services) do
        local list, well = all[service] or {}, healthy[service] or {}
        sort(list)
        sort(well)
        local text, news = concat(list, " "), "healthy: " .. concat(well, " ")
        if #well == 0 then
            news = "none is healthy: " .. text:gsub("=%d", "")
        end
        if shared:get("peers:" .. service) ~= text then
            shared:set("peers:" .. service, text)
            changed = true
        end
        if told[service] ~= news and not quiet then
            told[service] = news
            log(WARN, "balancer: ", service, ": ", news)
        end
    end
    if changed then
        shared:incr("version", 1, 0)
    end
end

-- Asks a candidate for its health; returns what is known of it now, and its version.
local function ask(address, service)
    local host, port = address:match("^(.+):(%d+)$")
    local sock = ngx.socket.tcp()
    sock:settimeout(PROBE_TIMEOUT_MS)
    local ok, err = sock:connect(host, tonumber(port))
    if not ok then
        return err == "timeout" and SILENT or ANSWERS
    end
    sock:send("GET /health HTTP/1.1\r\nHost: " .. service .. "\r\nConnection: close\r\n\r\n")
    local status = sock:receive()
    if not status then
        sock:close()
        return SILENT
    end
    local reply, bytes = {}, 0
    repeat
        local line = sock:receive()
        reply[#reply + 1] = line
        bytes = bytes + #(line or "")
    until not line or line == "" or bytes > MOST_REPLY_BYTES
    local length = tonumber(concat(reply, "\n"):lower():match("content%-length: *(%d+)")) or 0
    local body = length <= MOST_REPLY_BYTES and sock:receive(length) or ""
    sock:close()
    if not status:match("^HTTP/1%.%d 200 ") then
        return ANSWERS
    end
    return body:find('"service":"' .. service .. '"', 1, true) and HEALTHY or OTHER, body:match('"version":"([^"]*)"')
end

local function probe(premature, address)
    local c = candidates[address]
    if premature or not c then
        return
    end
    local state, version = ask(address, c.service)
    c.probing = false
    if candidates[address] ~= c then
        return
    end
    c.misses = state == SILENT and c.misses + 1 or 0
    if state == HEALTHY then
        shared:delete("out:" .. address)
    elseif state == SILENT and c.misses < PROBE_MISSES then
        state = c.state
        suspect(address, BROKE)
    end
    shared:set("version:" .. address, version or "-")
    if c.state ~= state then
        c.state = state
        publish()
    end
end

local function look(premature)
    if premature then
        return
    end
    local list = read()
    local changed = false
    for address, service in pairs(list or {}) do
        if not candidates[address] or candidates[address].service ~= service then
            candidates[address] = {service = service, state = SILENT, misses = 0}
            changed = true
        end
    end
    for address in pairs(candidates) do
        if list and not list[address] then
            candidates[address] = nil
            changed = true
        end
    end
    if changed then
        publish()
    end
    local time = now()
    for address, c in pairs(candidates) do
        local last = shared:get("probed:" .. address)
        if not c.probing and (not last or time - last >= PROBE_S) then
            c.probing = true
            shared:set("probed:" .. address, time, 60)
            if not ngx.timer.at(0, probe, address) then
                c.probing = false -- too many timers; the next look tries again
            end
        end
    end
end

-- For scripts/deploy, on a listener that nobody else reaches: "SERVICE ADDRESS:PORT used VERSION" a line, or
-- passed-over.
function M.status()
    for service in pairs(services) do
        for _, peer in ipairs(peers_of(service)) do
            local used = peer.state == HEALTHY and not shared:get("out:" .. peer.address)
            ngx.say(service, " ", peer.address, used and " used " or " passed-over ",
                    shared:get("version:" .. peer.address) or "-")
        end
    end
end

-- Once, before the workers: start("FILE", {"booking", ...}). What the last generation of workers found
-- healthy is used until this one has asked.
function M.init(path, names)
    file = path
    for _, name in ipairs(names) do
        services[name] = true
    end
    for address, service in pairs(read() or {}) do
        candidates[address] = {service = service, state = SILENT, misses = 0}
        for _, word in ipairs(words(shared:get("peers:" .. service) or "")) do
            if word == address .. "=" .. HEALTHY then
                candidates[address].state = HEALTHY
            end
        end
    end
    publish(true)
end

function M.init_worker()
    math.randomseed(ngx.worker.pid())
    if ngx.worker.id() ~= 0 then
        return
    end
    ngx.timer.every(TICK_S, look)
    ngx.timer.at(0, look)
end

return M
