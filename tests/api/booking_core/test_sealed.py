"""What people say about their health, and what staff note about them, is nowhere in plain text but in replies
to those who may read it."""
import json
import uuid

import pytest

from lib.client import expect
from lib.keys import Ring, counted
from lib.stack import wait_for

PARTS = ("booking-1", "booking-2")


@pytest.fixture
def staff(login):
    return login("ADMIN")


@pytest.fixture
def ring(running):
    return Ring(running, "booking", *PARTS)


def new_customer(staff, **more):
    body = {"name": "Sea Food", "email": f"{uuid.uuid4().hex[:12]}@example.com"} | more
    return expect(staff.post("/api/v1/customers", body, key=True), 201)


def test_a_customers_notes(staff, needle, kept):
    made = new_customer(staff, dietary_notes=f"no {needle}\n\"none\", at all")
    path = f"/api/v1/customers/{made['id']}"
    assert made["dietary_notes"] == f"no {needle}\n\"none\", at all"
    assert expect(staff.get(path)) == made
    changed = expect(staff.patch(path, {"dietary_notes": f"some {needle}"}, if_match='"1"'))
    assert changed["dietary_notes"] == f"some {needle}"
    assert expect(staff.patch(path, {"name": "Other"}, if_match='"2"'))["dietary_notes"] == f"some {needle}"
    listed = expect(staff.get("/api/v1/customers", params={"q": made["email"]}))["items"]
    assert [c["dietary_notes"] for c in listed] == [f"some {needle}"]
    assert kept(needle) == []
    assert expect(staff.patch(path, {"dietary_notes": None}, if_match='"3"'))["dietary_notes"] is None


def test_a_bookings_requests(place, staff, needle, kept, login):
    chef = place.chef()
    wish, key = place.wish(special_requests=f"No {needle}"), str(uuid.uuid4())
    booking = expect(place.api.post("/api/v1/bookings", wish, key=key), 201)
    assert booking["special_requests"] == f"No {needle}"
    assert place.api.post("/api/v1/bookings", wish, key=key).json() == booking
    path = f"/api/v1/bookings/{booking['id']}"
    assert expect(staff.patch(path, {"special_requests": f"Little {needle}"}, if_match='"1"'))["version"] == 2
    assert expect(staff.get(path))["special_requests"] == f"Little {needle}"
    listed = expect(staff.get("/api/v1/bookings", params={"q": booking["number"]}))["items"]
    assert [b["special_requests"] for b in listed] == [f"Little {needle}"]
    holder = place.api.with_headers(Authorization=f"Link {booking['link']['token']}")
    assert expect(holder.get(path))["special_requests"] == f"Little {needle}"
    assert kept(needle) == []
    for api, where in ((staff, f"{path}/history"), (staff, "/api/v1/calendar"), (holder, f"{path}/calendar"),
                       (place.api, expect(staff.post("/api/v1/calendar/feeds", {"chef_id": chef}), 201)["path"])):
        query = {"view": "day", "date": wish["event_date"]} if where.endswith("v1/calendar") else None
        reply = api.get(where, params=query)
        assert reply.status_code == 200 and needle not in reply.text, where
    [change] = [h for h in expect(staff.get(f"{path}/history"))["items"] if h["action"] == "updated"]
    assert change["changes"] == {"special_requests": {"from": "***", "to": "***"}}
    entries = expect(login("ADMIN").get("/api/v1/audit", params={"entity": "booking", "entity_id": booking["id"]}))
    assert {e["after"]["special_requests"] for e in entries["items"]} == {"***"}


def test_a_failed_booking_and_notes_of_staff(place, staff, needle, kept):
    wish = place.wish(special_requests=f"No {needle}")
    assert place.api.post("/api/v1/bookings", wish, key=True).status_code == 409
    place.chef()
    path = f"/api/v1/bookings/{place.book()['id']}/notes"
    key = str(uuid.uuid4())
    for _ in range(2):
        assert expect(staff.post(path, {"text": f"asked about {needle}"}, key=key), 201)["text"] \
            == f"asked about {needle}"
    assert [n["text"] for n in expect(staff.get(path))["items"]] == [f"asked about {needle}"]
    assert kept(needle) == []


def test_no_log_has_it(place, running, staff, needle):
    place.chef()
    booking = place.book(special_requests=f"No {needle}")
    expect(staff.get(f"/api/v1/bookings/{booking['id']}"))
    for log in (running.run_dir / "logs").glob("*.log"):
        assert needle not in log.read_text(errors="replace"), log


def test_the_database_refuses_plain_text(db, staff):
    import psycopg2
    made = new_customer(staff)
    with pytest.raises(psycopg2.errors.CheckViolation):
        db.execute("UPDATE booking.customers SET dietary_notes = 'vegan' WHERE id = %s", (made["id"],))


def key_of(db, table, column, row_id):
    db.execute(f"SELECT split_part({column}, '.', 2) AS key FROM booking.{table} WHERE id = %s", (row_id,))
    return db.fetchone()["key"]


def test_an_old_key_can_go_when_everything_is_sealed_anew(place, staff, ring, running, db, needle):
    place.chefs(2)
    customers = [new_customer(staff, dietary_notes=f"{n} {needle}") for n in range(55)]  # more than a batch
    booking = place.book(staff, special_requests=f"No {needle}")
    note = expect(staff.post(f"/api/v1/bookings/{booking['id']}/notes", {"text": f"Of {needle}"}), 201)
    lost = new_customer(staff)
    db.execute("UPDATE booking.customers SET dietary_notes = 'e1.gone.AAAA.AAAA' WHERE id = %s", (lost["id"],))
    old, new = ring.get()[0], ring.made()
    new_id = new.split(":")[0]
    before = counted(running, "unreadable", *PARTS)
    ring.set(old, new)  # everybody can open before anybody seals
    ring.set(new, old)
    done = running.command("booking-1", "reseal")
    assert done.returncode == 0 and int(done.stdout.split()[0]) >= 58, done.stderr

    wait_for(lambda: key_of(db, "booking_notes", "text", note["id"]) == new_id, "the last part", 30)
    assert {key_of(db, "customers", "dietary_notes", c["id"]) for c in customers} == {new_id}
    assert key_of(db, "bookings", "special_requests", booking["id"]) == new_id
    assert counted(running, "unreadable", *PARTS) > before

    ring.set(new)
    for made in customers[::18]:
        assert expect(staff.get(f"/api/v1/customers/{made['id']}")) == made  # and its version
    assert expect(staff.get(f"/api/v1/bookings/{booking['id']}"))["special_requests"] == f"No {needle}"
    assert json.dumps(expect(staff.get(f"/api/v1/bookings/{booking['id']}/notes"))).count(needle) == 1
    gone = expect(staff.get(f"/api/v1/customers/{lost['id']}"))
    assert gone["dietary_notes"] == "(cannot be read: its key is gone)"
    db.execute("DELETE FROM booking.customers WHERE id = %s", (lost["id"],))
