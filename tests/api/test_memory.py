"""Memory has a bound: many big requests leave no more behind than a few of them do. What counts is what
a process has allocated and not freed, since that is the same with and without sanitizers; what the
system sees of it is measured by scripts/bench flat."""
import datetime
import re

import pytest
import requests

from lib.client import Api, together
from lib.stack import wait_for

KB = 1024
SLACK = 96 * KB  # of caches and free lists that go on filling
ROUNDS = 40


def statuses(calls):
    """Four at a time: each request in work has an arena, which is kept for the next."""
    return {reply.status_code for i in range(0, len(calls), 4) for reply in together(calls[i:i + 4])}


def in_use(running, part):
    """Bytes, once nothing is in work any more."""
    def quiet():
        text = requests.get(running.metrics_url(part), timeout=10).text
        numbers = {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.M)}
        return numbers["http_requests_in_flight"] == 0 and numbers["memory_in_use_bytes"]
    return wait_for(quiet, f"{part} to be at rest")


def growth(running, part, work):
    """Of the many times that come after the first few. What leaks grows each time; what a moment with more in
    work than ever leaves, as on a slow machine, does not come again: the least of three counts."""
    for _ in range(5):
        work()
    found = []
    while len(found) < 3 and (not found or found[-1] >= SLACK):
        before = in_use(running, part)
        for _ in range(ROUNDS):
            work()
        found.append(in_use(running, part) - before)
    return min(found)


@pytest.fixture
def alone(running, limits):
    """alone("booking-1"): that process, past nginx, with limits that never refuse."""
    return lambda part: limits(part, RATE_PUBLIC="1000000/1000000", RATE_AUTH="1000000/1000000",
                               RATE_ADMIN="1000000/1000000", RATE_USER="1000000/1000000")


def test_booking(running, alone, login):
    api = alone("booking-1")
    admin = api.with_token(login("ADMIN").token)
    today = datetime.date.today()

    def free_times(day):
        return api.get("/api/v1/availability", params={
            "venue_zip": "95112", "from": today + datetime.timedelta(day),
            "to": today + datetime.timedelta(day + 30)}, record=False)

    def refused(text):
        body = {"special_requests": text, "contact": {"name": text}, "addons": [{"code": text}] * 50}
        return api.post("/api/v1/bookings", body, key=True, record=False)

    def work():
        calls = [lambda d=d: free_times(d) for d in range(1, 11)]
        calls += [lambda: refused("x" * 10000)] * 5
        calls += [lambda: admin.get("/api/v1/bookings?limit=100", record=False)] * 5
        calls += [lambda: api.post("/api/v1/bookings", data=b'"' + b"y" * 900 * KB, record=False,
                                   headers={"Content-Type": "application/json"})] * 2
        assert statuses(calls) == {200, 400, 422}
    assert growth(running, "booking-1", work) < SLACK


def test_identity(running, alone, demo):
    """Hashing takes 19 MB a password."""
    api = alone("identity")

    def work():
        calls = [lambda: api.post("/api/v1/auth/login", demo["CUSTOMER"], record=False)] * 2
        calls += [lambda: api.post("/api/v1/auth/login", {"email": "no@example.com", "password": "x" * 100},
                                   record=False)] * 2
        calls += [lambda: api.get("/.well-known/jwks.json", record=False)] * 10
        assert statuses(calls) == {200, 401}
    assert growth(running, "identity", work) < SLACK


def test_connections(running, alone):
    """What a connection takes is given back when it ends."""
    alone("booking-1")
    url = running.url("booking-1")

    def work():
        held = [Api(url, None, None) for _ in range(50)]
        assert {api.get("/api/v1/health/liveness").status_code for api in held} == {200}
        for api in held:
            api.session.close()
    assert growth(running, "booking-1", work) < SLACK
