"""What must not get slower with the years: lists, at any depth, and the search for customers."""
import datetime
import json
import os
import statistics
import urllib.parse

import load

FEW = 10000
MANY = int(os.environ.get("BENCH_ROWS", 1000000))
STATION = "0198a000-0000-7000-8000-100000000003"
CHEF = "0198d000-0000-7000-8000-100000000037"
FILTERS = {"station_id": STATION, "status": "completed", "limit": 20}


def days_ago(n):
    return (datetime.date.today() - datetime.timedelta(days=n)).isoformat()


def page(stack, **query):
    path = "/api/v1/bookings?" + urllib.parse.urlencode(query)
    status, _, body = stack.request(path, headers={"Authorization": "Bearer " + stack.token()})
    assert status == 200, body
    return path, json.loads(body)


def start_cursor(stack, day):
    """The cursor of a page that ends about that day; it is good for any filters."""
    return page(stack, **{"from": day, "limit": 1})[1]["next_cursor"]


def newest_cursor(stack, day):
    """The same for the list by age. One chef's bookings are few enough to walk along."""
    query = {"chef_id": CHEF, "sort": "-created_at", "limit": max(1, stack.filled // 10000)}
    while True:
        got = page(stack, **query)[1]
        if got["items"][-1]["created_at"] < day:
            return got["next_cursor"]
        query["cursor"] = got["next_cursor"]


# name: (the page's filters, what finds a cursor, the depths)
LISTS = {
    "by start": (FILTERS, start_cursor, {"first": None, "middle": 330, "deep": 120}),
    "newest first": (FILTERS | {"sort": "-created_at"}, newest_cursor, {"first": None, "middle": 250, "deep": 400}),
}


def p99s(stack):
    """{(list, depth): p99 in ms}"""
    paths = {}
    for name, (filters, cursor, depths) in LISTS.items():
        for depth, days in depths.items():
            more = {"cursor": cursor(stack, days_ago(days))} if days else {}
            path, got = page(stack, **filters, **more)
            assert len(got["items"]) == 20, (name, depth, len(got["items"]))
            paths[name, depth] = path
    found = {at: [] for at in paths}
    for _ in range(stack.rounds):
        for at, path in paths.items():
            result = load.wrk(stack.env["BASE_URL"], stack.token(), "get", path, seconds=stack.seconds,
                              connections=2)
            found[at].append(result["p99_ms"])
    return {at: statistics.median(values) for at, values in found.items()}


def lists(stack, rows):
    stack.fill(bookings=FEW, customers=FEW)
    few = p99s(stack)
    stack.fill(bookings=MANY, customers=MANY)
    many = p99s(stack)
    for at, value in many.items():
        rows.add(f"p99 of a list of 20 with filters, {at[0]}, {at[1]} page: {MANY:,} bookings against {FEW:,}",
                 "ms", value, few[at], 1.3, "most")


def search(stack, rows):
    name = f"p99 of the customer search at half load, {MANY:,} customers"
    if "GET\t/api/v1/customers\t" not in load.run([stack.bin_dir / "booking", "--routes"]):
        rows.add(name, "ms", target=12, at="most", note="skipped: there is no such route")
        return
    if stack.filled < MANY:
        stack.fill(bookings=MANY, customers=MANY)

    def ask(pause_ms):
        return load.wrk(stack.env["BASE_URL"], stack.token(), "search", pause_ms, seconds=stack.seconds,
                        connections=8)

    found, share = [], []
    for _ in range(stack.rounds):
        full = ask(0)
        pause_ms = 8 / (full["rate"] / 2) * 1000 - full["p50_ms"] / 2
        half = ask(f"{pause_ms:.3f}")
        found.append(half["p99_ms"])
        share.append(half["rate"] / full["rate"])
    rows.add(name, "ms", statistics.median(found), target=12, at="most",
             note=f"at {statistics.median(share):.2f} of the highest rate, {full['rate']:.0f}/s")
