-- What wrk sends: wrk -s tests/load/wrk.lua URL -- MODE ARGUMENT..., with the access token in $TOKEN.
--
--   read FIRST LAST               one booking, any of these numbers (see fill.sql)
--   create FIRST STATIONS DAY     new bookings, from the FIRST-th free slot on; DAY: the first, epoch seconds
--   get PATH                      that path
--   search MILLISECONDS           customers; each connection waits so long on average before it asks again
--
-- Ends with one line of JSON.

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
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

function init(args)
    math.randomseed(os.time() + number)
    request = modes[args[1]](args[2], args[3], args[4])
end

function request()
end

function done(summary, latency)
    local e = summary.errors
    print(string.format('{"rate": %.1f, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}',
        summary.requests / (summary.duration / 1e6), e.status, e.connect + e.read + e.write + e.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
