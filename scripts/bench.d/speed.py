"""Reading and creating bookings, against what nginx, PostgreSQL and Redis could do at best.

A request needs one turn of each: the composite ceiling is C = 1 / (1/a + 1/b + 1/c), where
  a  nginx with the same TLS settings in front of a server that does nothing, with the same requests
     and replies of the same size
  b  pgbench with the very statement that the route runs, prepared
  c  redis-benchmark with the rate limiter's script
The parts take turns for some rounds, so that a machine that is slower for a while is so for all of
them; medians count."""
import datetime
import json
import re
import statistics

import load

STATIONS = 50  # of fill.sql
ROOM = 27000  # bookings of one measurement: all free slots over what there are of them


def composite(stack, rows):
    stack.fill(bookings=10000, customers=10000)
    redis = []
    for route in (read_route(stack), create_route(stack)):
        a, b, c, ours = [], [], [], []
        for turn in range(stack.rounds):
            with load.trivial(stack, route.reply_bytes) as url:
                a.append(load.wrk(url, stack.token(), *route.mode(0), seconds=stack.seconds)["rate"])
            b.append(route.pgbench(2 * turn))
            if len(redis) < stack.rounds:
                redis.append(load.redis_benchmark(stack, stack.seconds))
            c.append(redis[turn])
            mode = route.mode(2 * turn + 1)
            ours.append(load.wrk(stack.env["BASE_URL"], stack.token(), *mode, seconds=stack.seconds))
        a, b, c = (statistics.median(rates) for rates in (a, b, c))
        rows.add(f"ceiling a: nginx TLS and a trivial server, {route.name}", "requests/s", ceiling=a)
        rows.add(f"ceiling b: pgbench, {route.statement}", "statements/s", ceiling=b)
        rows.add("ceiling c: redis-benchmark, the limiter's script", "calls/s", ceiling=c)
        rows.add(route.name, "requests/s", statistics.median(r["rate"] for r in ours),
                 1 / (1 / a + 1 / b + 1 / c), route.target, "least",
                 f"p50 {statistics.median(r['p50_ms'] for r in ours):.3g} ms, "
                 f"p99 {statistics.median(r['p99_ms'] for r in ours):.3g} ms")


def context(route, **more):
    """What a service hands to every statement; see req_sql_ctx()."""
    return json.dumps({
        "now": datetime.datetime.now(datetime.timezone.utc).isoformat(), "request_id": "6" * 32,
        "traceparent": f"00-{'6' * 32}-{'7' * 16}-01", "ip": "127.0.0.1", "service": "booking",
        "route": route, "user": "0198a000-0000-7000-8000-0000000000c5",
        "session": "0198a000-0000-7000-8000-0000000000c5", "role": "ADMIN", "scope": "all"} | more)


class read_route:
    name, statement, target = "read one booking", "booking_get", 0.9

    def __init__(self, stack):
        self.stack = stack
        status, _, body = stack.request("/api/v1/bookings/0198c000-0000-7000-8000-100000000001",
                                        headers={"Authorization": "Bearer " + stack.token()})
        assert status == 200, body
        self.reply_bytes = len(body)

    def mode(self, _):
        return "read", 0, self.stack.filled

    def pgbench(self, _):
        return load.pgbench(
            self.stack, "booking",
            f"\\set id random(0, {self.stack.filled // 1999 - 1}) * 1999 + random(1, 1998) + 100000000000\n",
            load.statements(self.stack, "booking")[self.statement],
            [":ctx", "format(:uuid, :id::bigint)"],
            {"ctx": context("booking_get"), "uuid": "0198c000-0000-7000-8000-%s"}, self.stack.seconds)


class create_route:
    name, statement, target = "create a booking", "booking_create", 0.85

    def __init__(self, stack):
        self.stack = stack
        self.first_day = datetime.date.today() + datetime.timedelta(days=70)
        quote = stack.sql("SELECT quote FROM booking.bookings LIMIT 1")
        self.reply_bytes = int(stack.sql("SELECT length(row_to_json(v)::text) FROM booking.booking_view v LIMIT 1"))
        # pgbench counts in integers only: %s stands for the number that an id ends in, and PostgreSQL
        # takes the number of a Julian day for a date.
        self.price = re.sub(r'("station_id": ?)"[^"]*"', r'\1"0198a000-0000-7000-8000-%s"', quote.replace("%", "%%"))
        self.body = json.dumps({
            "event_date": "J%s", "event_time": "%s:00", "adults": 12, "children": 2,
            "venue_address": "1 Elm Street, San Jose", "venue_zip": "95112", "event_type": "birthday",
            "customer_id": "0198b000-0000-7000-8000-%s", "station_id": "0198a000-0000-7000-8000-%s"})

    def mode(self, turn):
        first = datetime.datetime.combine(self.first_day, datetime.time(), datetime.timezone.utc)
        return "create", turn * ROOM, STATIONS, int(first.timestamp())

    def pgbench(self, turn):
        body = "format(:body, :day::int, :hour::int, :customer::bigint, :station::bigint)"
        return load.pgbench(
            self.stack, "booking",
            # The same order as in wrk.lua.
            f"\\set n :n + {load.CLIENTS}\n"
            "\\set key 100000000000 + :n + :client_id\n"
            f"\\set slot (:n + :client_id) / {STATIONS}\n"
            "\\set day :first_day + :slot % 270\n"
            "\\set hour 11 + 4 * (:slot / 270 % 3)\n"
            "\\set customer 100000000000 + (:n + :client_id) % 10000\n"
            f"\\set station 100000000000 + (:n + :client_id) % {STATIONS}\n",
            load.statements(self.stack, "booking")[self.statement],
            ["format(:ctx, :key::bigint)", body, "format(:price, :station::bigint)", "NULL", ":source", ":minutes"],
            {"ctx": context("booking_create", key="load-%s-pgbench", fingerprint="6" * 64), "body": self.body,
             "price": self.price, "source": "staff", "minutes": 120, "n": turn * ROOM - load.CLIENTS,
             "first_day": self.first_day.toordinal() + 1721425}, self.stack.seconds)
