"""Where does a request end? Two readers that disagree let a second request through unseen. Every odd
framing is sent to nginx and to a service alone: it is refused with a problem document, or answered
exactly once. What could have been smuggled is a request whose counter must not move.

Then the slow, the half and the broken connections."""
import datetime
import json
import re
import socket
import threading
import time
import uuid

import pytest
import requests

from lib.client import expect, expect_problem
from lib.raw import Connection
from lib.stack import wait_for

MALFORMED, NEEDS_LENGTH, TOO_LARGE = (400, "malformed"), (411, "length_required"), (413, "too_large")
HEADERS_TOO_LARGE, BAD_METHOD = (431, "headers_too_large"), (405, "method_not_allowed")
UNEXPECTED = (417, "expectation_failed")
ONCE = (200, None)

POST = b"POST /api/v1/bookings/quote HTTP/1.1\r\n"
GET = b"GET /api/v1/health/readiness HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
BODY = b'{"guest_count":10,"venue_zip":"95112"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SMUGGLED = b"GET /api/v1/health/liveness HTTP/1.1\r\nHost: localhost\r\n\r\n"
CANARY = GET + HOST + b"\r\n"


def framed(fields, body=BODY + SMUGGLED):
    return POST + HOST + JSON + fields + b"\r\n" + body


def headed(fields, body=BODY):
    """A good body after odd fields."""
    return POST + HOST + JSON + fields + LENGTH + b"\r\n" + body


def chunk(size, end=b"\r\n0\r\n\r\n" + SMUGGLED):
    return framed(CHUNKED, size + b"\r\n" + BODY + end)


# What, bytes, what the service alone says, what nginx says (with the service behind it).
CASES = [
    # --- lengths and codings
    ("length and chunked", framed(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n" + SMUGGLED),
     MALFORMED, MALFORMED),
    ("chunked and length", framed(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n" + SMUGGLED),
     MALFORMED, MALFORMED),
    ("gzip, chunked and length",
     framed(b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n" + SMUGGLED),
     MALFORMED, MALFORMED),
    ("xchunked", framed(b"Transfer-Encoding: xchunked\r\n", CHUNKS + SMUGGLED), NEEDS_LENGTH, MALFORMED),
    ("identity", framed(b"Transfer-Encoding: identity\r\n", CHUNKS + SMUGGLED), NEEDS_LENGTH, MALFORMED),
    ("chunked twice", framed(CHUNKED + CHUNKED, CHUNKS + SMUGGLED), MALFORMED, MALFORMED),
    ("chunked is not the last", framed(b"Transfer-Encoding: chunked, identity\r\n", CHUNKS + SMUGGLED),
     NEEDS_LENGTH, MALFORMED),
    ("tab before chunked", framed(b"Transfer-Encoding:\tchunked\r\n", CHUNKS + SMUGGLED), NEEDS_LENGTH,
     MALFORMED),
    ("control before chunked", framed(b"Transfer-Encoding: \x0bchunked\r\n", CHUNKS + SMUGGLED),
     MALFORMED, MALFORMED),
    ("quoted chunked", framed(b'Transfer-Encoding: "chunked"\r\n', CHUNKS + SMUGGLED), NEEDS_LENGTH,
     MALFORMED),
    ("chunked in HTTP/1.0", (framed(CHUNKED, CHUNKS + SMUGGLED)).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
     NEEDS_LENGTH, MALFORMED),
    ("capital CHUNKED", framed(b"Transfer-Encoding: CHUNKED\r\n", CHUNKS), NEEDS_LENGTH, ONCE),
    ("two lengths", framed(LENGTH + b"Content-Length: 5\r\n"), MALFORMED, MALFORMED),
    ("the same length twice", framed(LENGTH + LENGTH), MALFORMED, MALFORMED),
    ("list of lengths", framed(b"Content-Length: 38, 38\r\n"), MALFORMED, MALFORMED),
    ("length with a plus", framed(b"Content-Length: +38\r\n"), MALFORMED, MALFORMED),
    ("negative length", framed(b"Content-Length: -38\r\n"), MALFORMED, MALFORMED),
    ("hexadecimal length", framed(b"Content-Length: 0x26\r\n"), MALFORMED, MALFORMED),
    ("length and more", framed(b"Content-Length: 38 5\r\n"), MALFORMED, MALFORMED),
    ("empty length", framed(b"Content-Length:\r\n"), MALFORMED, MALFORMED),
    ("length with a NUL", framed(b"Content-Length: 38\x000\r\n"), MALFORMED, MALFORMED),
    ("length over 64 bits", framed(b"Content-Length: 18446744073709551654\r\n"), TOO_LARGE, MALFORMED),
    ("length with zeros", framed(b"Content-Length: 00000000038\r\n", BODY), ONCE, ONCE),
    ("length over the limit", framed(b"Content-Length: 10485761\r\n"), TOO_LARGE, TOO_LARGE),
    # --- chunks
    ("chunk size 0x", chunk(b"0x26"), NEEDS_LENGTH, MALFORMED),
    ("chunk size with a plus", chunk(b"+26"), NEEDS_LENGTH, MALFORMED),
    ("space before the chunk size", chunk(b" 26"), NEEDS_LENGTH, MALFORMED),
    ("negative chunk size", chunk(b"-1"), NEEDS_LENGTH, MALFORMED),
    ("no chunk size", chunk(b""), NEEDS_LENGTH, MALFORMED),
    ("chunk size over 64 bits", chunk(b"100000000000000000026"), NEEDS_LENGTH, MALFORMED),
    ("line end in a chunk extension", chunk(b"26;a\nb"), NEEDS_LENGTH, MALFORMED),
    ("chunk longer than its size", chunk(b"20"), NEEDS_LENGTH, MALFORMED),
    ("bare LF in chunks", framed(CHUNKED, CHUNKS.replace(b"\r", b"")), NEEDS_LENGTH, ONCE),
    ("chunk extension", chunk(b"26;a=b", b"\r\n0\r\n\r\n"), NEEDS_LENGTH, ONCE),
    ("trailers", chunk(b"26", b"\r\n0\r\nContent-Length: 5\r\nX-Real-IP: 192.0.2.1\r\n\r\n"),
     NEEDS_LENGTH, ONCE),
    # --- lines and fields
    ("bare LF in the head", headed(b"").replace(b"\r\n", b"\n"), MALFORMED, ONCE),
    ("bare LF in one line", headed(b"X: a\nY: b\r\n"), MALFORMED, ONCE),
    ("bare CR", headed(b"X: a\rY: b\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("space before the colon", framed(b"Content-Length : 38\r\n"), MALFORMED, MALFORMED),
    ("folding", headed(b"X: a\r\n b\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("folded length", framed(b"Content-Length:\r\n 38\r\n"), MALFORMED, MALFORMED),
    ("folded first field", POST + b" " + HOST + JSON + LENGTH + b"\r\n" + BODY + SMUGGLED, MALFORMED,
     MALFORMED),
    ("empty name", headed(b": a\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("no colon", headed(b"abc\r\n"), MALFORMED, ONCE),
    ("space in a name", headed(b"X Y: a\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("NUL in a name", headed(b"X\0: a\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("NUL in a value", headed(b"X: a\0b\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("control in a value", headed(b"X: a\x01b\r\n"), MALFORMED, MALFORMED),
    ("DEL in a value", headed(b"X: a\x7fb\r\n"), MALFORMED, MALFORMED),
    ("underscores in a name", headed(b"X_Real_IP: 192.0.2.1\r\n"), ONCE, ONCE),
    ("10,000 fields", headed(b"X: y\r\n" * 10000, BODY + SMUGGLED), HEADERS_TOO_LARGE, HEADERS_TOO_LARGE),
    ("65 fields", headed(b"X: y\r\n" * 65), HEADERS_TOO_LARGE, HEADERS_TOO_LARGE),
    ("a field of 1 MB", headed(b"X: " + b"y" * (1 << 20) + b"\r\n", BODY + SMUGGLED), HEADERS_TOO_LARGE,
     HEADERS_TOO_LARGE),
    # --- hosts
    ("no Host", POST + JSON + LENGTH + b"\r\n" + BODY + SMUGGLED, MALFORMED, MALFORMED),
    ("empty Host", POST + b"Host:\r\n" + JSON + LENGTH + b"\r\n" + BODY + SMUGGLED, MALFORMED, MALFORMED),
    ("two Hosts", headed(b"Host: other\r\n", BODY + SMUGGLED), MALFORMED, MALFORMED),
    ("Host of two words", POST + b"Host: local host\r\n" + JSON + LENGTH + b"\r\n" + BODY + SMUGGLED,
     MALFORMED, MALFORMED),
    # --- request lines
    ("HTTP/1.9", headed(b"").replace(b"/1.1", b"/1.9", 1), MALFORMED, ONCE),
    ("HTTP/2.0", headed(b"", BODY + SMUGGLED).replace(b"/1.1", b"/2.0", 1), MALFORMED, MALFORMED),
    ("version and more", headed(b"", BODY + SMUGGLED).replace(b"/1.1", b"/1.1 x", 1), MALFORMED, MALFORMED),
    ("HTTP/1.0", headed(b"").replace(b"/1.1", b"/1.0", 1), ONCE, ONCE),
    ("two spaces", b"GET  " + CANARY[4:], MALFORMED, ONCE),
    ("tabs", CANARY.replace(b" ", b"\t", 2), MALFORMED, MALFORMED),
    ("leading space", b" " + CANARY, MALFORMED, MALFORMED),
    ("empty lines before", b"\r\n\r\n" + CANARY, MALFORMED, ONCE),
    ("lower-case method", b"get" + CANARY[3:], BAD_METHOD, MALFORMED),
    ("absolute form", CANARY.replace(b" /", b" https://localhost/", 1), MALFORMED, ONCE),
    ("asterisk", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", MALFORMED, MALFORMED),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SMUGGLED, MALFORMED, MALFORMED),
    ("TLS inside", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\r\n\r\n", MALFORMED,
     MALFORMED),
    # --- bodies where none belongs, and upgrades
    ("GET with a body", GET + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED, MALFORMED,
     MALFORMED),
    ("GET with chunks",
     GET + HOST + CHUNKED + b"\r\n%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n", NEEDS_LENGTH,
     MALFORMED),
    ("DELETE with a body",
     b"DELETE /api/v1/health/readiness HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED)
     + SMUGGLED, BAD_METHOD, BAD_METHOD),
    ("OPTIONS with a body",
     b"OPTIONS /api/v1/health/readiness HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED)
     + SMUGGLED, BAD_METHOD, BAD_METHOD),
    ("upgrade to HTTP/2", GET + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", ONCE, ONCE),
    ("another expectation", headed(b"Expect: 200-ok\r\n"), UNEXPECTED, ONCE),
    ("length named as hop by hop", headed(b"Connection: Content-Length\r\n"), ONCE, ONCE),
]


@pytest.fixture(scope="module")
def at(running):
    """at("service") or at("edge"): a new connection."""
    def connect(where, **more):
        if where == "edge":
            return Connection(running.env["BASE_URL"], running.env["CA_FILE"], **more)
        return Connection(running.url("booking-1"), **more)
    return connect


@pytest.fixture
def smuggled(running):
    """How often the request that is to be smuggled was answered."""
    def count():
        total = 0
        for part in ("booking-1", "booking-2"):
            text = requests.get(running.metrics_url(part), timeout=10).text
            found = re.findall(r'^http_requests_total\{route="health_liveness",.*\} (\d+)$', text, re.MULTILINE)
            total += sum(map(int, found))
        return total
    return count


def answers(connection, data):
    """Every reply that the bytes bring about. A good request after the first reply makes sure that no
    further one was on its way; its own reply is left out."""
    connection.send(data)
    replies = [connection.reply()]
    if replies[0] is None or not connection.send(CANARY):
        return replies
    while (reply := connection.reply()) is not None:
        if reply.status_code == 200 and reply.json().get("service") == "booking":
            break
        replies.append(reply)
    return replies


def refused(reply, code):
    """A problem document."""
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.headers["Cache-Control"] == "no-store" and reply.headers["X-Request-Id"]
    problem = reply.json()
    assert (problem["code"], problem["status"]) == (code, reply.status_code)
    assert problem["request_id"] == reply.headers["X-Request-Id"]


@pytest.mark.parametrize("where", ["service", "edge"])
@pytest.mark.parametrize("data,service,edge", [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_one_request_one_reply(at, api, smuggled, data, service, edge, where):
    status, code = edge if where == "edge" else service
    before = smuggled()
    with at(where) as connection:
        replies = answers(connection, data)
    assert [r and r.status_code for r in replies] == [status], [r and r.text for r in replies]
    if code:
        refused(replies[0], code)
    assert smuggled() == before
    # Whoever comes next, over whichever connection, gets the reply to his own request.
    for _ in range(4):
        expect_problem(api.get("/api/v1/bookings", record=False), 401, "unauthorized")
    with at("service") as connection:
        assert answers(connection, CANARY)[0].status_code == 200


LONG = b" " * 900_000  # nginx passes it on: its limit is 10 MB
MANY = b"".join(b"X-%d: y\r\n" % i for i in range(65))


@pytest.mark.parametrize("fields,body,status,code", [
    pytest.param(MANY, LONG, *HEADERS_TOO_LARGE, id="too many fields"),
    pytest.param(b"X: a\x01b\r\n", LONG, *MALFORMED, id="a control character"),
    pytest.param(b"", LONG * 2, *TOO_LARGE, id="too much"),
    pytest.param(b"", LONG * 11, *TOO_LARGE, id="far too much")])
def test_a_refusal_reaches_who_is_still_sending(at, api, fields, body, status, code):
    """A service that closed at once would reset nginx's connection: the reply would be lost, and nginx
    would take the replica for dead and turn others away."""
    for _ in range(20):
        with at("edge") as connection:
            connection.send(framed(fields + b"Content-Length: %d\r\n" % len(body), body))
            reply = connection.reply()
        assert reply.status_code == status, reply.text
        refused(reply, code)
        assert api.get("/api/v1/health", record=False).status_code == 200


def test_a_refusal_has_the_same_id_in_reply_and_logs(at, running):
    with at("edge") as connection:
        connection.send(headed(MANY))
        id_ = connection.reply().json()["request_id"]
    wait_for(lambda: f'"request_id":"{id_}"' in running.log("nginx-access"), "nginx's line")
    lines = [line for part in ("booking-1", "booking-2") for line in running.log(part).splitlines() if id_ in line]
    assert [json.loads(line)["event"] for line in lines] == ["request.refused"]


def test_cases_are_as_many_as_they_have_to_be():
    assert len({c[0] for c in CASES}) == len(CASES) >= 34


@pytest.mark.parametrize("where", ["service", "edge"])
def test_requests_in_a_row_are_answered_in_order(at, smuggled, where):
    before = smuggled()
    with at(where) as connection:
        connection.send(CANARY + headed(b"") + SMUGGLED + CANARY)
        got = [connection.reply().json() for _ in range(4)]
    assert [g.get("status", g.get("currency")) for g in got] == ["ready", "USD", "alive", "ready"]
    assert smuggled() == before + 1


def test_http_0_9_has_no_head_to_say_it_in(at):
    with at("edge") as connection:
        connection.send(b"GET /api/v1/health\r\n")
        assert b"urn:myhibachi:problem:misdirected" in connection.socket.recv(65536)
        assert connection.reply() is None
    with at("service") as connection:
        connection.send(b"GET /api/v1/health\r\n\r\n")
        expect_problem(connection.reply(), *MALFORMED)


@pytest.mark.parametrize("where", ["service", "edge"])
def test_a_client_may_ask_before_it_sends(at, where):
    with at(where) as connection:
        connection.send(POST + HOST + JSON + LENGTH + b"Expect: 100-continue\r\n\r\n")
        assert connection.reply().status_code == 100
        connection.send(BODY)
        assert connection.reply().json()["currency"] == "USD"


# --- slow, half and broken

def test_bytes_may_come_one_by_one(at):
    with at("service") as connection:
        for byte in headed(b""):
            connection.send(bytes([byte]))
        assert connection.reply().json()["currency"] == "USD"


def drip(connection, data, deadline_s):
    """Sends a byte now and then, for ever; how long the other side put up with it, and what it said."""
    start = time.monotonic()
    connection.send(data)
    connection.socket.settimeout(1)
    while time.monotonic() - start < deadline_s:
        try:
            return connection.reply(), time.monotonic() - start
        except TimeoutError:
            connection.send(b"x")
    raise AssertionError(f"open after {deadline_s} s")


def test_who_is_too_slow_is_cut_off(at, api):
    """nginx gives a head 15 s; a service gives a whole request 30 s, however steadily it drips. All
    wait side by side, and others are served meanwhile."""
    slow = {
        ("edge", "head"): GET + HOST + b"X: ",
        ("service", "head"): GET + HOST + b"X: ",
        ("service", "body"): POST + HOST + JSON + b"Content-Length: 1000\r\n\r\n{",
    }
    results = {}

    def one(where, what, data):
        with at(where) as connection:
            results[where, what] = drip(connection, data, 45)

    threads = [threading.Thread(target=one, args=(*k, data)) for k, data in slow.items()]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        assert api.get("/api/v1/health", record=False).elapsed.total_seconds() < 2
        threads[-1].join(1)
    for t in threads:
        t.join()
    assert set(results) == set(slow)
    for (where, what), (reply, took_s) in results.items():
        assert reply is None or reply.status_code == 408, (where, what, reply.text)
        assert took_s < (20 if where == "edge" else 40), (where, what, took_s)


@pytest.mark.parametrize("where", ["service", "edge"])
@pytest.mark.parametrize("cut", [1, 20, len(POST), len(POST + HOST), len(headed(b"")) - len(BODY),
                                 len(headed(b"")) - 1])
@pytest.mark.parametrize("end", ["close", "reset", "half"])
def test_half_a_request_is_no_request(at, where, cut, end):
    with at(where) as connection:
        connection.send(headed(b"")[:cut])
        if end == "reset":
            connection.reset()
        elif end == "half" and where == "service":  # TLS has no half-closed connections
            connection.socket.shutdown(socket.SHUT_WR)
            assert connection.reply() is None
    with at(where) as connection:
        assert answers(connection, CANARY)[0].status_code == 200


def booking(who):
    day = datetime.date.today() + datetime.timedelta(days=100 + int(who[:4], 16) % 200)
    return ('{"event_date":"%s","event_time":"%02d:30","adults":10,"venue_zip":"95112",'
            '"venue_address":"1 Market Street","contact":{"name":"Drop Test","email":"%s@example.com",'
            '"phone":"+14085550123"}}' % (day, 11 + int(who[4:6], 16) % 10, who)).encode()


def stored(db, who):
    """What there is of that customer's booking: one of each, or nothing."""
    db.execute("""
        SELECT b.id, (SELECT count(*) FROM bus.events e WHERE e.type = 'booking.created'
                      AND e.data->>'booking_id' = b.id::text) AS events,
            (SELECT count(*) FROM booking.resource_spans s WHERE s.booking_id = b.id AND s.kind = 'chef')
                AS spans,
            (SELECT count(*) FROM booking.booking_history h WHERE h.booking_id = b.id) AS history
        FROM booking.bookings b JOIN booking.customers c ON c.id = b.customer_id
        WHERE c.email = %s""", (f"{who}@example.com",))
    return db.fetchall()


@pytest.mark.parametrize("where", ["service", "edge"])
@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("missing", [0, 1, 50])
def test_a_booking_whose_client_is_gone_exists_whole_or_not_at_all(at, api, db, where, end, missing):
    booked = 0
    for _ in range(5):
        who, key = uuid.uuid4().hex, str(uuid.uuid4())
        body = booking(who)
        head = (f"POST /api/v1/bookings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        with at(where) as connection:
            connection.send(head + body[:len(body) - missing])
            if end == "reset":
                connection.reset()
        if missing:
            assert not stored(db, who)
            continue

        def settled():
            reply = api.post("/api/v1/bookings", data=body, key=key,
                             headers={"Content-Type": "application/json"})
            return reply if reply.json().get("code") != "idempotency_in_progress" else None
        reply = wait_for(settled, "the booking's outcome")
        rows = stored(db, who)
        if reply.status_code == 409:
            assert not rows, reply.text
            continue
        assert expect(reply, 201)["id"] == rows[0]["id"] and len(rows) == 1
        assert (rows[0]["events"], rows[0]["spans"]) == (1, 1) and rows[0]["history"] >= 1, rows
        booked += 1
    assert booked or missing
