"""How often a caller may ask: counted by account, else by address, a whole /64 of IPv6 as one; told on
every reply; also when Redis is away."""
import itertools
import os
import re
import subprocess
import time

import pytest
import requests

from lib.client import expect, expect_problem, together
from lib.stack import wait_for

QUOTE = "/api/v1/bookings/quote"
WISH = {"guest_count": 2, "venue_zip": "95112"}


@pytest.fixture
def address():
    """address(): a new one; buckets are kept by address."""
    return lambda: ".".join(str(b) for b in b"\x0a" + os.urandom(3))


@pytest.fixture
def network():
    """network(): the first half of an IPv6 address."""
    return lambda: "fd" + ":".join(os.urandom(8).hex()[i:i + 4] for i in range(0, 16, 4))[2:]


def quote(api, ip=None):
    return (api.with_headers(X_Real_IP=ip) if ip else api).post(QUOTE, WISH)


def until_refused(call, most):
    """How many replies came before the first 429, which is the second result."""
    for n in itertools.count():
        reply = call()
        if reply.status_code == 429:
            return n, reply
        assert reply.status_code == 200, reply.text
        assert n < most, f"{n} replies and no end"


def test_every_reply_tells_what_is_left(limits, address):
    api, ip = limits("booking-2", RATE_PUBLIC="60/5"), address()
    for left in range(4, -1, -1):
        before = time.time()
        h = quote(api, ip).headers
        assert (int(h["X-RateLimit-Limit"]), int(h["X-RateLimit-Remaining"])) == (60, left)
        assert before <= int(h["X-RateLimit-Reset"]) <= before + 7
    reply = quote(api, ip)
    problem = expect_problem(reply, 429, "rate_limited")
    assert int(reply.headers["X-RateLimit-Remaining"]) == 0
    wait_s = int(reply.headers["Retry-After"])
    assert 1 <= wait_s <= 2 and str(wait_s) in problem["detail"]


def test_refusals_of_other_kinds_count_too(limits, address):
    """Whoever guesses is limited, whatever he is told."""
    api = limits("booking-2", RATE_PUBLIC="1/4").with_headers(X_Real_IP=address())
    seen = [api.post(QUOTE, body).status_code for body in ({}, WISH, {"x": 1}, WISH, WISH)]
    assert seen == [422, 200, 422, 200, 429]


def test_it_fills_up_again(limits, address):
    """As fast as it says: whoever waits for as long as he is told to is served."""
    api, ip = limits("booking-2", RATE_PUBLIC="120/2"), address()
    n, reply = until_refused(lambda: quote(api, ip), 4)
    assert n >= 2
    end = time.time() + int(reply.headers["Retry-After"])
    wait_for(lambda: time.time() >= end, "what it said")
    assert quote(api, ip).status_code == 200


def test_with_the_clock(limits, clock, address):
    api, ip = limits("booking-2", RATE_PUBLIC="6/3/8"), address()
    clock.advance(seconds=3601 - clock.now() % 3600)  # an hour that has just begun
    for n in (3, 3, 2):  # the bucket; the bucket; what is left of the hour
        assert until_refused(lambda: quote(api, ip), 4)[0] == n
        clock.advance(minutes=1)
    reply = quote(api, ip)
    assert reply.status_code == 429 and int(reply.headers["Retry-After"]) > 60
    clock.advance(hours=1)
    assert quote(api, ip).status_code == 200


def test_addresses_do_not_share(limits, address):
    api, one = limits("booking-2", RATE_PUBLIC="1/2"), address()
    assert until_refused(lambda: quote(api, one), 3)[0] == 2
    assert quote(api, address()).status_code == 200


def test_whoever_signed_in_is_counted_by_account(limits, address, login):
    """Wherever he calls from; and others behind his address are not counted with him."""
    api = limits("booking-2", RATE_USER="1/3", RATE_PUBLIC="1/3")
    ip, customer = address(), api.with_token(login("CUSTOMER").token)
    get = lambda caller, at: caller.with_headers(X_Real_IP=at).get("/api/v1/bookings")  # noqa: E731
    n, reply = until_refused(lambda: get(customer, address()), 4)
    assert n <= 3 and int(reply.headers["X-RateLimit-Limit"]) == 1
    assert quote(api, ip).status_code == 200
    chef = api.with_token(login("CHEF").token)
    assert get(chef, ip).status_code == 200
    assert quote(customer, ip).status_code == 429, "a public route is no way around it"


def test_staff_may_ask_more(limits, login):
    api = limits("booking-2", RATE_USER="1/1", RATE_ADMIN="77/99")
    for role in ("STATION_MANAGER", "CUSTOMER_SUPPORT", "ADMIN", "SUPER_ADMIN"):
        reply = api.with_token(login(role).token).get("/api/v1/bookings")
        assert int(reply.headers["X-RateLimit-Limit"]) == 77, role
    reply = api.with_token(login("CHEF").token).get("/api/v1/bookings")
    assert int(reply.headers["X-RateLimit-Limit"]) == 1


def test_many_at_once_get_no_more(limits, address):
    api, ip = limits("booking-2", RATE_PUBLIC="1/20"), address()
    replies = together([lambda: quote(api, ip)] * 60)
    assert [r.status_code for r in replies].count(200) == 20
    assert {r.status_code for r in replies} == {200, 429}


def test_replicas_count_together(limits, address):
    ip = address()
    both = [limits(part, RATE_PUBLIC="1/6") for part in ("booking-1", "booking-2")]
    replies = [quote(api, ip).status_code for api in both * 5]
    assert replies.count(200) == 6


def test_a_network_of_ipv6_is_one_caller(limits, network):
    api, net = limits("booking-2", RATE_PUBLIC="1/3"), network()
    ips = [f"{net}:{i:x}:0:0:1" for i in range(1, 5)]
    assert [quote(api, ip).status_code for ip in ips] == [200, 200, 200, 429]
    assert quote(api, f"{network()}::1").status_code == 200


def test_however_its_addresses_are_written(limits):
    """fd..:..::/64 has zeros that nobody writes."""
    api = limits("booking-2", RATE_PUBLIC="1/2")
    net = f"fd{os.urandom(1).hex()}:{os.urandom(2).hex()}"
    ips = [f"{net}::1:2:3:4", f"{net}::2:2:3:4", f"{net}::9", f"{net}:0:0:5:6:7:8"]
    assert [quote(api, ip).status_code for ip in ips] == [200, 200, 429, 429]


def test_what_is_no_address_is_not_believed(limits):
    """It is the peer's, then, like every other request without one."""
    api = limits("booking-2", RATE_PUBLIC="1/4")
    for ip in ("x", "1.2.3", "1.2.3.4.5", "1.2.3.4/8", "127.0.0.1, 10.0.0.1", "::1%lo", "' OR 1=1", "1" * 500):
        last = quote(api, ip)
    assert last.status_code == 429


def test_nobody_gets_another_bucket_through_nginx(api, limits, running):
    """Whatever he says of his address: it is nginx that tells."""
    limits("booking-1", RATE_PUBLIC="1/5")
    limits("booking-2", RATE_PUBLIC="1/5")
    names = ("X-Real-IP", "X-Forwarded-For", "Forwarded", "True-Client-IP", "X_Real_IP", "CF-Connecting-IP")
    seen = [api.post(QUOTE, WISH, headers={name: f"203.0.113.{i}"}).status_code for i, name in enumerate(names * 2)]
    assert seen.count(200) <= 5 and seen[-1] == 429


def test_health_is_not_limited(limits):
    api = limits("booking-2", RATE_PUBLIC="1/1").with_headers(X_Real_IP="10.255.255.255")
    for _ in range(20):
        expect(api.get("/api/v1/health"))


def test_without_redis_it_is_limited_here(limits, stack, running, address):
    """Never an open door, never a closed one."""
    api, ip = limits("booking-2", RATE_PUBLIC="1/5"), address()
    assert quote(api, ip).status_code == 200
    stack.stop("redis")
    n, reply = until_refused(lambda: quote(api, ip), 6)
    assert n >= 4 and int(reply.headers["Retry-After"]) >= 1
    assert quote(api, address()).status_code == 200
    told = requests.get(running.metrics_url("booking-2"), timeout=10).text
    assert int(re.search(r"^rate_limit_local_total (\d+)$", told, re.MULTILINE)[1]) >= n
    stack.start("redis")
    again = address()
    wait_for(lambda: expect(api.get("/api/v1/health"))["checks"]["redis"]["status"] == "healthy", "redis")
    assert until_refused(lambda: quote(api, again), 6)[0] == 5


def test_a_redis_that_does_not_answer_costs_little(limits, stack, address):
    api, ip = limits("booking-2", RATE_PUBLIC="1/5"), address()
    stack.signal("redis", "STOP")
    try:
        start = time.monotonic()
        n, _ = until_refused(lambda: quote(api, ip), 6)
        assert n == 5 and time.monotonic() - start < 4
    finally:
        stack.signal("redis", "CONT")


def test_a_limit_that_is_none_is_no_start(running):
    """A mistake in the configuration is told, not taken for no limit."""
    for text in ("0/5", "5", "5/0", "a/b", "5/5/5/5", "-1/5"):
        done = subprocess.run([f"{running.env['BIN_DIR']}/booking", "--check-config"],
                              capture_output=True, text=True,
                              env=running.environment("booking-2") | {"RATE_PUBLIC": text}, check=False,
                              timeout=10)
        assert done.returncode == 78, text
        assert "RATE_PUBLIC" in done.stdout + done.stderr, text
