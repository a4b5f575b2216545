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
COMPLETED = {"station_id": STATION, "status": "completed", "limit": 20}
NEWEST = {"status": "completed", "sort": "-created_at", "limit": 20}


def days_ago(n):
    return (datetime.date.today() - datetime.timedelta(days=n)).isoformat()


def page(stack, role="ADMIN", **query):
    path = "/api/v1/bookings?" + urllib.parse.urlencode(query)
    status, _, body = stack.request(path, headers={"Authorization": "Bearer " + stack.token(role)})
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


# name: (who asks, the page's filters, what finds a cursor, how many days ago each depth is)
LISTS = {
    "a station's completed by start": ("ADMIN", COMPLETED, start_cursor, {"first": None, "middle": 330, "deep": 120}),
    "all completed, newest first": ("ADMIN", NEWEST, newest_cursor, {"first": None, "middle": 250, "deep": 400}),
    "a customer's own by start": ("CUSTOMER", {"limit": 20}, None, {"first": None}),
}


def give_customer(stack):
    """Some dozens of bookings to the demo account's customer; completed ones, of which one may have two at one time."""
    stack.sql("""
        UPDATE booking.customers SET user_id = '0198a000-0000-7000-8000-0000000000c1'
        WHERE id = '0198b000-0000-7000-8000-100000000004';
        UPDATE booking.bookings SET customer_id = '0198b000-0000-7000-8000-100000000004' WHERE state = 'completed' AND id IN (
            SELECT ('0198c000-0000-7000-8000-' || 100000000000 + n)::uuid
            FROM generate_series(1, %d, %d) n)""" % (stack.filled, stack.filled // 80))


def p99s(stack):
    """{(list, depth): p99 in ms}"""
    asked = {}
    for name, (role, filters, cursor, depths) in LISTS.items():
        for depth, days in depths.items():
            more = {"cursor": cursor(stack, days_ago(days))} if days else {}
            path, got = page(stack, role, **filters, **more)
            assert len(got["items"]) == 20, (name, depth, len(got["items"]))
            asked[name, depth] = role, path
    found = {at: [] for at in asked}
    for _ in range(stack.rounds):
        for at, (role, path) in asked.items():
            result = load.wrk(stack.env["BASE_URL"], stack.token(role), "get", path,
                              seconds=max(2, stack.seconds // 2), connections=2)
            found[at].append(result["p99_ms"])
    return {at: statistics.median(values) for at, values in found.items()}


def lists(stack, rows):
    found = []
    for rows_there in (FEW, MANY):
        stack.fill(bookings=rows_there, customers=rows_there)
        give_customer(stack)
        found.append(p99s(stack))
    few, many = found
    for at, value in many.items():
        rows.add(f"p99 of a list of 20, {at[0]}, {at[1]} page: {MANY:,} bookings against {FEW:,}",
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
