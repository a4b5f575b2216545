-- What wrk sends: wrk -s tests/load/wrk.lua URL -- MODE ARGUMENT..., with the access token in $TOKEN.
--
--   read FIRST LAST               one booking, any of these numbers (see fill.sql)
--   create FIRST STATIONS DAY     new bookings, from the FIRST-th free slot on; DAY: the first, epoch seconds
--   get PATH                      that path
--   search MILLISECONDS           customers; each connection waits so long on average before it asks again
--   mixed FIRST STATIONS DAY LAST what a busy day brings, refusals and sign-ins ($LOGIN: their body) included;
--                                 the first three as for create, bookings up to LAST are there
--
-- Ends with one line of JSON. An error status counts as refused, or as meant where `mixed` asks for it.

local threads = {}

function setup(thread)
    thread:set("number", #threads)
    threads[#threads + 1] = thread
end

local modes = {}
local bearer = "Bearer " .. (os.getenv("TOKEN") or "")

-- Every 1999th booking of fill.sql is a deleted one.
function modes.read(first, last)
    local headers = {Authorization = bearer}
    return function()
        local n = math.random(math.floor(first / 1999), math.floor(last / 1999) - 1) * 1999 + math.random(1998)
        return wrk.format("GET", "/api/v1/bookings/0198c000-0000-7000-8000-" .. string.format("%.0f", 100000000000 + n),
                          headers)
    end
end

-- Neighbours in the sequence are at different stations, so that they do not wait for each other; a
-- station and day come again after some ten thousand. The same order as in speed.py's script for pgbench.
function modes.create(first, stations, day)
    local n = tonumber(first) + number - 2
    local headers = {Authorization = bearer, ["Content-Type"] = "application/json"}
    return function()
        n = n + 2 -- threads
        local slot = math.floor(n / stations)
        headers["Idempotency-Key"] = string.format("load-%.0f-%s", 100000000000 + n, day)
        return wrk.format("POST", "/api/v1/bookings", headers, string.format(
            '{"event_date":"%s","event_time":"%d:00","adults":12,"children":2,"venue_address":"1 Elm Street, San Jose",' ..
            '"venue_zip":"95112","event_type":"birthday","customer_id":"0198b000-0000-7000-8000-%.0f",' ..
            '"station_id":"0198a000-0000-7000-8000-%.0f"}',
            os.date("!%Y-%m-%d", day + slot % 270 * 86400), 11 + 4 * (math.floor(slot / 270) % 3),
            100000000000 + n % 10000, 100000000000 + n % stations))
    end
end

function modes.get(path)
    local request = wrk.format("GET", path, {Authorization = bearer})
    return function()
        return request
    end
end

-- The syllables of fill.sql.
local firsts = {
    {"ma", "jo", "an", "da", "el", "mi", "ka", "li", "ro", "sa", "ja", "chris", "pat", "ste", "al"},
    {"ri", "hn", "na", "vi", "iz", "cha", "te", "sa", "be", "ra", "me", "ti", "phe", "ex"},
    {"a", "", "el", "th", "n", "y", "o"},
}
local lasts = {
    {"gar", "smi", "john", "will", "bro", "jon", "mil", "dav", "rod", "mar", "her", "lo", "gon", "wil", "and", "tho",
     "tay", "moo", "jack", "lee", "ngu", "pha", "tra", "che", "wan", "kim", "sat", "yam", "tan"},
    {"ci", "th", "so", "iam", "wn", "es", "ler", "is", "ri", "ti", "nan", "pe", "za", "er", "mas", "lor", "re"},
    {"a", "", "n", "s", "ez", "son", "ng"},
}

local function name_of(syllables)
    local name = ""
    for _, list in ipairs(syllables) do
        name = name .. list[math.random(#list)]
    end
    return name
end

-- What people type who look for a customer, each as often as the others.
local fragments = {
    function() return name_of(firsts) end,
    function() return name_of(lasts) end,
    function() return name_of(firsts):sub(1, 2) end,
    function() return name_of(firsts) .. "%20" .. name_of(lasts):sub(1, 3) end,
    function() return name_of(lasts) .. "%20" .. name_of(firsts) end,
    function() return name_of(lasts):sub(2) end,
    function() return name_of(firsts) .. "." .. name_of(lasts) end,
    function() return name_of(lasts) .. math.random(0, 999999) .. "@" end,
    function() return "acme" .. math.random(0, 996) end,
    function() return string.format("408%07d", math.random(0, 9999999)) end,
    function() return string.format("%05d", math.random(0, 99999)) end,
    function() return "nobody" .. math.random(0, 999999) end,
}

-- The pauses are random (exponential), as those of independent people are.
function modes.search(pause)
    local headers = {Authorization = bearer}
    if tonumber(pause) > 0 then
        delay = function()
            return -math.log(1 - math.random()) * pause
        end
    end
    return function()
        return wrk.format("GET", "/api/v1/customers?q=" .. fragments[math.random(#fragments)](), headers)
    end
end

-- --- all at once ---------------------------------------------------------------------------------

local function id_of(kind, n)
    return string.format("0198%s-0000-7000-8000-%.0f", kind, 100000000000 + n)
end

-- The refusals that the mixture asks for, a fifth of it.
local meant = {[400] = true, [401] = true, [404] = true, [409] = true, [422] = true}

function modes.mixed(first, stations, day, last)
    local headers = {Authorization = bearer, ["Content-Type"] = "application/json"}
    local read, create = modes.read(0, last), modes.create(first, stations, day)
    local search, login = modes.search(0), os.getenv("LOGIN")

    local function get(path)
        return wrk.format("GET", "/api/v1/" .. path, headers)
    end
    local function post(path, body)
        return wrk.format("POST", "/api/v1/" .. path, {["Content-Type"] = "application/json"}, body)
    end
    local function in_days(n)
        return os.date("!%Y-%m-%d", day + n * 86400)
    end
    local states = {"pending", "confirmed", "completed", "cancelled"}

    -- {how many in a thousand, what they send}
    local kinds = {
        {440, read},
        {40, function() -- a station's list, a page anywhere
            return get("bookings?limit=20&status=" .. states[math.random(#states)] .. "&from=" ..
                       in_days(-math.random(60, 400)) .. "&station_id=" .. id_of("a000", math.random(stations) - 1))
        end},
        {40, function() return get("bookings?sort=-created_at&limit=" .. math.random(100)) end},
        {100, function() -- free times, a month at most
            local from = math.random(0, 200)
            return get("availability?from=" .. in_days(from) .. "&to=" .. in_days(from + math.random(0, 30)) ..
                       "&station_id=" .. id_of("a000", math.random(stations) - 1))
        end},
        {40, create},
        {20, function() -- all at one time: all but the first are refused, with the next free times
            headers["Idempotency-Key"] = "taken-" .. math.random(1e12)
            return wrk.format("POST", "/api/v1/bookings", headers, string.format(
                '{"event_date":"%s","event_time":"21:00","adults":12,"venue_address":"1 Elm Street, San Jose",' ..
                '"venue_zip":"95112","event_type":"birthday","customer_id":"%s","station_id":"%s"}',
                in_days(200), id_of("b000", math.random(9999)), id_of("a000", 0)))
        end},
        {60, function() -- what is wrong in every field
            return post("bookings", '{"event_date":"soon","event_time":25,"adults":-1,"venue_zip":"x","oops":[{}],' ..
                        '"venue_address":"' .. string.rep("y", math.random(2000)) .. '"}')
        end},
        {20, function() return post("bookings", '{"event_date":') end},
        {50, function() return get("bookings/" .. id_of("c000", 50000000000 + math.random(99999))) end},
        {50, function() return wrk.format("GET", "/api/v1/bookings", {Authorization = bearer .. math.random(99)}) end},
        {50, search},
        {30, function() return get("calendar?view=week&date=" .. in_days(-math.random(30, 100))) end},
        {35, function() return get("me") end},
        {10, function() return get("users?limit=20") end},
        {10, function() return get("stats/dashboard") end},
        {3, function() return post("auth/login", login) end},
        {2, function()
            return post("auth/login", '{"email":"' .. math.random(999999) .. '@example.com","password":"not the one"}')
        end},
    }
    odd, even = 0, 0
    function response(status)
        if meant[status] then
            even = even + 1
        elseif status >= 400 then
            odd = odd + 1
        end
    end
    return function()
        local at = math.random(1000)
        for _, kind in ipairs(kinds) do
            at = at - kind[1]
            if at <= 0 then
                return kind[2]()
            end
        end
    end
end

function init(args)
    math.randomseed(os.time() + number)
    request = modes[args[1]](unpack(args, 2))
end

function request()
end

function done(summary, latency)
    local e = summary.errors
    local odd, even = threads[1]:get("odd") and 0 or e.status, 0
    for _, thread in ipairs(threads) do
        odd, even = odd + (thread:get("odd") or 0), even + (thread:get("even") or 0)
    end
    print(string.format('{"requests": %d, "rate": %.1f, "refused": %d, "meant": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}',
        summary.requests, summary.requests / (summary.duration / 1e6), odd, even,
        e.connect + e.read + e.write + e.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
