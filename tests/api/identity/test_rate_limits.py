"""Limits of single operations, set at run time and followed by every process; and how the limits go."""
import os
import re

import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for

LIMITS, STATUS = "/api/v1/admin/rate-limits", "/api/v1/monitoring/rate-limit/status"
QUOTE, OPERATION = "/api/v1/bookings/quote", "quote_create"
WISH = {"guest_count": 2, "venue_zip": "95112"}
WHY = {"reason": "a reason for this test"}
SOME = {"per_minute": 7, "burst": 3} | WHY


def address():
    return ".".join(str(b) for b in b"\x0a" + os.urandom(3))


def tag(api, operation=OPERATION):
    reply = api.get(f"{LIMITS}/{operation}")
    assert expect(reply)["version"] == int(reply.headers["ETag"].strip('"'))
    return reply.headers["ETag"]


def put(api, body, operation=OPERATION, if_match=None):
    return api.put(f"{LIMITS}/{operation}", json=body, if_match=if_match or tag(api, operation))


def clear(api, operation=OPERATION):
    return api.delete(f"{LIMITS}/{operation}", if_match=tag(api, operation))


@pytest.fixture
def boss(super_admin):
    yield super_admin
    expect(clear(super_admin))


@pytest.fixture
def replicas(limits):
    """Both processes of booking, each at its own port."""
    return [limits(part) for part in ("booking-1", "booking-2")]


def limit_seen(api, call=None):
    reply = call(api) if call else api.with_headers(X_Real_IP=address()).post(QUOTE, WISH)
    return int(reply.headers["X-RateLimit-Limit"])


def served(api, ip, most=20):
    """How many quotes there are before the first 429."""
    for n in range(most):
        if api.with_headers(X_Real_IP=ip).post(QUOTE, WISH).status_code == 429:
            return n
    return most


# --- what there is

def test_all_operations_are_listed(login, running):
    api = login("ADMIN")
    seen, cursor = {}, None
    while True:
        page = expect(api.get(LIMITS, params={"limit": 50} | ({"cursor": cursor} if cursor else {})))
        seen |= {item["operation"]: item for item in page["items"]}
        cursor = page["next_cursor"]
        if not cursor:
            break
    documents = [expect(api.get("/api/openapi.json"))]
    documented = {row["operationId"] for d in documents for item in d["paths"].values() for row in item.values()
                  if isinstance(row, dict) and row.get("x-rate-tier", "none") != "none"}
    assert documented - {"health_detailed"} <= set(seen)
    assert list(seen) == sorted(seen)
    quote = seen[OPERATION]
    assert (quote["services"], quote["method"], quote["path"], quote["tier"]) == (
        ["booking"], "POST", QUOTE, "public")
    assert quote["version"] == 0 and quote["per_minute"] is None and quote["changed_at"] is None


def test_filters(boss):
    expect(put(boss, SOME))
    def names(**query):
        return {i["operation"] for i in expect(boss.get(LIMITS, params={"limit": 100} | query))["items"]}
    assert OPERATION in names(overridden="true") and "login" not in names(overridden="true")
    assert OPERATION not in names(overridden="false", service="booking")
    assert "login" in names(service="identity") and OPERATION not in names(service="identity")
    assert names(service="nobody") == set()


# --- setting one

def test_a_limit_holds_in_every_process_within_seconds(boss, replicas, audited, login):
    before = limit_seen(replicas[0])
    limit = expect(put(boss, SOME))
    assert (limit["per_minute"], limit["burst"], limit["per_hour"]) == (7, 3, 420)
    assert limit["reason"] == WHY["reason"] and limit["changed_by"] and limit["version"] > 0
    for api in replicas:
        wait_for(lambda: limit_seen(api) == 7, "the limit to be followed", timeout_s=5)
    ip = address()
    assert served(replicas[0], ip) == 3 and served(replicas[1], ip) == 0, "they count together"
    customer = login("CUSTOMER").token
    assert limit_seen(replicas[0].with_token(customer)) == 7, "whoever calls"
    assert limit_seen(replicas[0], lambda api: api.get("/api/v1/menu")) == before, "other routes are as they were"

    cleared = expect(clear(boss))
    assert cleared["per_minute"] is None and cleared["version"] == 0
    for api in replicas:
        wait_for(lambda: limit_seen(api) == before, "its tier to hold again", timeout_s=5)
    entries = audited("rate_limit.set", OPERATION)
    assert entries[0]["before"] is None
    assert entries[0]["after"] == {"per_minute": 7, "burst": 3, "per_hour": 420}
    assert entries[0]["reason"] == WHY["reason"]
    assert audited("rate_limit.clear", OPERATION)[0]["before"] == entries[0]["after"]


def test_identity_follows_too(super_admin, limits):
    api = limits("identity")
    operation = "jwks"
    expect(put(super_admin, SOME, operation))
    try:
        wait_for(lambda: limit_seen(api, lambda a: a.get("/.well-known/jwks.json")) == 7, "identity", timeout_s=5)
    finally:
        expect(clear(super_admin, operation))


def test_without_redis_it_takes_a_look_every_few_seconds(boss, replicas, stack):
    stack.stop("redis")
    expect(put(boss, SOME))
    for api in replicas:
        wait_for(lambda: limit_seen(api) == 7, "the limit to be followed", timeout_s=5)


def test_a_process_that_starts_has_it_from_the_start(boss, limits):
    expect(put(boss, SOME))
    api = limits("booking-2", LOG_LEVEL="info")
    wait_for(lambda: limit_seen(api) == 7, "the limit", timeout_s=5)


def test_hours_and_minutes_are_counted(boss, replicas, clock):
    api, ip = replicas[0], address()
    expect(put(boss, {"per_minute": 6, "burst": 3, "per_hour": 8} | WHY))
    wait_for(lambda: limit_seen(api) == 6, "the limit", timeout_s=5)
    for n in (3, 3, 2):  # the bucket; the bucket; what is left of the hour
        assert served(api, ip) == n
        clock.advance(minutes=1)
    reply = api.with_headers(X_Real_IP=ip).post(QUOTE, WISH)
    assert reply.status_code == 429 and int(reply.headers["Retry-After"]) > 60
    assert int(reply.headers["X-RateLimit-Remaining"]) == 0
    clock.advance(hours=1)
    assert api.with_headers(X_Real_IP=ip).post(QUOTE, WISH).status_code == 200


def test_two_administrators(boss):
    """Who has not seen the other's change does not undo it."""
    old = tag(boss)
    expect(put(boss, SOME, if_match=old))
    expect_problem(put(boss, SOME, if_match=old), 412, "precondition_failed")
    expect_problem(boss.delete(f"{LIMITS}/{OPERATION}", if_match=old), 412, "precondition_failed")
    expect_problem(boss.put(f"{LIMITS}/{OPERATION}", json=SOME), 428, "precondition_required")
    expect_problem(boss.delete(f"{LIMITS}/{OPERATION}"), 428, "precondition_required")
    now = tag(boss)
    replies = together([lambda: put(boss, SOME, if_match=now)] * 8)
    assert sorted(r.status_code for r in replies) == [200] + [412] * 7


def test_what_is_no_limit(boss):
    for body, pointer in [
            ({}, "/per_minute"), (SOME | {"per_minute": 0}, "/per_minute"), (SOME | {"burst": 0}, "/burst"),
            (SOME | {"per_minute": 1_000_001}, "/per_minute"), (SOME | {"per_minute": 1.5}, "/per_minute"),
            (SOME | {"per_hour": 60_000_001}, "/per_hour"), (SOME | {"per_hour": 2}, "/per_hour"),
            (SOME | {"reason": "short"}, "/reason"), (SOME | {"x": 1}, "/x")]:
        expect_problem(put(boss, body), 422, "invalid", pointer)
    assert expect(put(boss, {"per_minute": 1_000_000, "burst": 1} | WHY))["per_hour"] == 60_000_000


def test_an_unknown_operation_is_refused_with_those_that_there_are(super_admin):
    path = f"{LIMITS}/no_such_operation"
    for reply in (super_admin.get(path), super_admin.delete(path, if_match='"0"'),
                  super_admin.put(path, json=SOME, if_match='"0"')):
        problem = expect_problem(reply, 404, "not_found")
        assert {"login", OPERATION, "rate_limit_set"} <= set(problem["operations"])
        assert "health" not in problem["operations"]  # not limited


@pytest.mark.parametrize("role", ["CUSTOMER", "CHEF", "STATION_MANAGER", "CUSTOMER_SUPPORT"])
def test_who_may_not(login, role):
    api, path = login(role), f"{LIMITS}/{OPERATION}"
    for reply in (api.get(LIMITS), api.get(path), api.get(STATUS), api.delete(path, if_match='"0"'),
                  api.put(path, json=SOME, if_match='"0"')):
        expect_problem(reply, 403, "forbidden")


# --- how it goes

def service(status, name="booking"):
    return next(s for s in status["services"] if s["service"] == name)


def tier(status, name):
    return next(t for t in service(status)["tiers"] if t["tier"] == name)


def test_the_status_tells_what_was_counted(login, limits, db):
    """The address itself is nowhere."""
    api = login("ADMIN")
    booking, ip = limits("booking-2", RATE_PUBLIC="1/4"), address()
    before = tier(expect(api.get(STATUS, params={"minutes": 1440})), "public")
    assert served(booking, ip) == 4
    assert served(booking, ip) == 0

    def told():
        status = expect(api.get(STATUS, params={"minutes": 1440}))
        return status if tier(status, "public")["refused"] >= before["refused"] + 2 else None
    status = wait_for(told, "the process to tell")
    assert tier(status, "public")["allowed"] >= 4 and len(status["most_refused"]) <= 20
    db.execute("SELECT service, bucket, refused FROM bus.rate_refusals WHERE caller = %s",
               ("ip " + re.sub(r"\.\d+$", ".0", ip),))
    assert [tuple(row.values()) for row in db.fetchall()] == [("booking", "public", 2)]


def test_who_is_refused_most_is_told_and_masked(login, limits):
    api, customer = login("ADMIN"), login("CUSTOMER")
    booking = limits("booking-2", RATE_USER="1/1").with_token(customer.token)
    account = expect(customer.get("/api/v1/me"))["id"]
    while booking.get("/api/v1/bookings").status_code != 429:
        pass
    refusals = [booking.get("/api/v1/bookings").status_code for _ in range(200)]
    assert set(refusals) == {429}

    def told():
        worst = expect(api.get(STATUS))["most_refused"]
        assert worst == sorted(worst, key=lambda r: -r["refused"])
        return [r for r in worst if (r["service"], r["bucket"], r["caller"], r["refused"] >= 200) == (
            "booking", "user", f"user ***{account[-4:]}", True)]
    wait_for(told, "the process to tell")


def test_overrides_are_counted_by_themselves(boss, replicas):
    expect(put(boss, SOME))
    wait_for(lambda: limit_seen(replicas[0]) == 7, "the limit", timeout_s=5)
    assert served(replicas[0], address()) == 3

    def told():
        found = [o for o in expect(boss.get(STATUS))["overrides"] if o["operation"] == OPERATION]
        return found[0] if found[0]["refused"] else None
    override = wait_for(told, "the process to tell")
    assert (override["per_minute"], override["burst"], override["per_hour"]) == (7, 3, 420)
    assert override["allowed"] >= 3


def test_who_counts(login, stack, limits):
    api = login("ADMIN")
    limits("booking-1")
    limits("booking-2")

    def status():
        return expect(api.get(STATUS))
    wait_for(lambda: (status()["mode"], service(status())["processes"]) == ("redis", 2), "Redis and both processes")
    stack.stop("redis")
    told = wait_for(lambda: status() if status()["mode"] == "local" else None, "everybody to be alone")
    assert {s["mode"] for s in told["services"]} <= {"local", "gone"}
    api.get("/api/v1/bookings")
    wait_for(lambda: tier(status(), "admin")["local"] > 0, "what was decided alone")
    stack.start("redis")
    wait_for(lambda: status()["mode"] == "redis", "Redis again")
    limits("booking-2", RATE_LIMIT="false")
    wait_for(lambda: service(status())["mode"] == "off", "limits to be off")
    stack.stop("booking-1", "booking-2")
    wait_for(lambda: (service(status())["mode"], service(status())["processes"]) == ("gone", 0), "both to be gone")


def test_the_status_is_of_some_minutes(login):
    api = login("ADMIN")
    assert expect(api.get(STATUS))["minutes"] == 60
    assert expect(api.get(STATUS, params={"minutes": 1440}))["minutes"] == 1440
    for minutes in (0, 1441, "x", ""):
        expect_problem(api.get(STATUS, params={"minutes": minutes}), 422, "invalid", "minutes")
