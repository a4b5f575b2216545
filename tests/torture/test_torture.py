"""Each allocation fails in turn, once and from then on, while a service answers: one call of every route, with the steps
before and after its statements, by the real binary (BUILD=torture) on a real database.

Which allocation fails is set from here, in a page that the service shares (service.py). What requests do to the database
is undone at once (undo.py), so each finds the same; but for the last test, in which it stays."""
import json
import pathlib
import subprocess
import sys
import uuid

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("plans", "api", "api/identity")]

from calls import WISH, Call, of_service  # noqa: E402
from lib.stack import Stack  # noqa: E402
from place import Place  # noqa: E402
from samples import day  # noqa: E402
from service import Reply  # noqa: E402
from verdict import SILENT, wrong  # noqa: E402

PROGRAMS = TESTS.parent / "build/torture/bin"
MOST = 5000  # allocations of a request
CLOSED = 5   # of those with one failure: where the reply itself has no room, or the request none to be kept in


def routes():
    for service in ("identity", "booking"):
        printed = subprocess.run([PROGRAMS / service, "--routes"], capture_output=True, text=True, check=True).stdout
        for line in printed.splitlines():
            method, _, name, *_ = line.split("\t")
            yield pytest.param(service, method, name, id=f"{service}-{name}")


@pytest.fixture(scope="module")
def place():
    p = Place(Stack(), PROGRAMS)
    yield p
    p.close()


def send(service, method, call, headers):
    body = call.body() if callable(call.body) else call.body
    try:
        return service.connection.send(method, call.path, headers, json.dumps(body).encode() if body is not None else b"")
    except TimeoutError:
        service.connection.close()
        return SILENT


def tortured(service, and_later, request):
    """(n, what request() gave) for the n-th allocation failing, n = 1, 2, ... until there is no n-th one."""
    for n in range(1, MOST):
        service.connection.open()
        service.page.fail(n, and_later)
        reply = request()
        count = service.page.count()
        service.page.fail(0, False)
        yield n, reply
        if count < n:
            return
    assert False, f"more than {MOST} allocations"


@pytest.mark.parametrize("service,method,name", routes())
def test_route(place, service, method, name):
    s = place.services[service]
    calls = of_service(service, place)
    assert name in calls, f"calls.py has no call of {name}"
    call = calls[name]
    s.connection.close()  # it may have been idle for too long
    s.connection.open()
    usual = send(s, method, call, call.headers(place))
    assert usual not in (None, SILENT) and 200 <= usual.status < 300, usual
    for and_later in (False, True):
        closed, mistakes, last = [], [], None
        for n, reply in tortured(s, and_later, lambda: send(s, method, call, call.headers(place))):
            why = wrong(reply, usual)
            mistakes += [f"allocation {n}: {why}"] if why else []
            closed += [n] if reply is None else []
            last = reply
        assert not mistakes, (and_later, mistakes)
        assert last not in (None, SILENT) and last.status == usual.status  # when none has failed
        assert n > 10 and (and_later or len(closed) <= CLOSED), closed
    assert not s.events("worker.crashed"), s.report()[-3000:]


def test_a_booking_is_whole_or_not_there(place):
    """Who got no answer, or another one than he hoped for, sends the same key again, and has one booking."""
    s, bodies = place.services["booking"], []
    place.undo.on = False
    try:
        def request():
            n = len(bodies)
            wish = WISH | {"event_date": day(120 + n // 12), "event_time": ("11:00", "17:00")[n % 2],
                           "contact": WISH["contact"] | {"email": f"whole{n}@example.com"}}
            bodies.append((Call("/api/v1/bookings", wish), {
                "Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}))
            return send(s, "POST", *bodies[-1])
        ids = set()
        for _, reply in tortured(s, False, request):
            s.page.fail(0, False)
            s.connection.open()
            again = send(s, "POST", *bodies[-1])
            assert again and again.status == 201, again
            booking = json.loads(again.body)["id"]
            assert reply is None or reply.status != 201 or json.loads(reply.body)["id"] == booking
            ids.add(booking)
        [(bookings, events, spans)] = place.sql("""
            SELECT count(*), sum((SELECT count(*) FROM bus.events e WHERE e.subject = 'booking/' || b.id
                                  AND e.type = 'booking.created')),
                   sum((SELECT count(*) FROM booking.resource_spans r WHERE r.booking_id = b.id))
            FROM booking.bookings b WHERE b.contact_email LIKE 'whole%@example.com'""")
        assert len(ids) == len(bodies) == bookings == events == spans > 50
    finally:
        place.undo.on = True


@pytest.mark.parametrize("service", ["identity", "booking"])
def test_nothing_is_left_behind(place, service):
    """Nor was anything touched that should not be: the sanitizers say so when a process ends."""
    s = place.services[service]
    assert s.stop() == 0, s.report()[-3000:]
    assert "Sanitizer" not in s.report() and "runtime error" not in s.report(), s.report()[-3000:]
    assert not s.events("worker.crashed")


USUAL = Reply(200, {"content-type": "application/json", "etag": "x", "x-request-id": "1"}, b'{"id": 1, "name": "x"}')
SHORT = {"content-type": "application/problem+json", "x-request-id": "1", "retry-after": "1"}


@pytest.mark.parametrize("reply", [
    SILENT,
    USUAL._replace(headers={k: v for k, v in USUAL.headers.items() if k != "etag"}),
    USUAL._replace(body=b'{"id": 1}'), USUAL._replace(body=b'{"id": 1, "na'), USUAL._replace(body=b""),
    Reply(404, SHORT, b'{"type": "urn:myhibachi:problem:not_found", "code": "not_found", "request_id": "1"}'),
    Reply(503, SHORT, b""), Reply(503, SHORT, b'{"code": "no_memory", "ty'),
    Reply(503, SHORT, b'{"type": "", "code": "no_memory", "request_id": "1"}'),
    Reply(503, SHORT, b'{"type": "urn:myhibachi:problem:no_memory", "code": "no_memory", "request_id": "2"}'),
    Reply(503, {"content-type": "text/html"}, b"<html>")])
def test_what_would_be_wrong(reply):
    assert wrong(reply, USUAL)


@pytest.mark.parametrize("reply", [None, USUAL, USUAL._replace(body=b'{"id": 2, "name": null}'), Reply(
    503, SHORT, b'{"type": "urn:myhibachi:problem:no_memory", "code": "no_memory", "request_id": "1"}')])
def test_what_would_be_right(reply):
    assert wrong(reply, USUAL) is None
