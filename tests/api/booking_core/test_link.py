"""The mails that customers get about their bookings, and the link in them: with it nobody needs an
account to read, reschedule and cancel his booking."""
import re
import time
import uuid

import pytest

from lib.client import Api, expect, expect_problem, together
from lib.stack import wait_for

from places import moment, some_time


@pytest.fixture
def staff(login):
    return login("ADMIN")


def path_of(booking, *more):
    return "/".join((f"/api/v1/bookings/{booking['id']}", *more))


def with_link(place, token):
    return place.api.with_headers(Authorization=f"Link {token}")


@pytest.fixture
def visitor(place):
    """A booking made without signing in, and the API as the one who has its link."""
    place.chefs(2)
    booking = place.book(ahead=20, time="18:00")
    return booking, with_link(place, booking["link"]["token"])


# --- what the link opens --------------------------------------------------------------------------

def test_who_books_without_signing_in_gets_a_link(visitor, place, running, login):
    booking, holder = visitor
    link = booking["link"]
    assert len(link["token"]) > 100
    assert link["url"] == f"https://localhost:{running.env['BASE_URL'].rsplit(':', 1)[1]}" \
        f"/bookings/{booking['id']}#token={link['token']}"
    reply = holder.get(path_of(booking))
    seen = expect(reply)
    assert seen == {k: v for k, v in booking.items() if k != "link"}
    assert reply.headers["ETag"].removeprefix("W/").startswith('"1.')  # nginx compresses, and says so
    wish = place.wish(**some_time())
    for api in (login("ADMIN"), login("CUSTOMER")):
        if api.token == login("CUSTOMER").token:
            del wish["contact"]
        assert "link" not in expect(api.post("/api/v1/bookings", wish, key=True), 201)


def test_the_reply_is_repeated_with_its_link_which_is_kept_nowhere(place, db):
    place.chef()
    key, wish = str(uuid.uuid4()), place.wish()
    first, again = (place.api.post("/api/v1/bookings", wish, key=key) for _ in range(2))
    assert first.content == again.content and again.headers["Idempotency-Replayed"] == "true"
    token = expect(first, 201)["link"]["token"]
    db.execute("SELECT body FROM bus.idempotency WHERE key = %s", (key,))
    assert token.split(".")[3] not in db.fetchone()["body"]
    for table in ("bus.jobs", "bus.events", "bus.audit_log", "booking.bookings", "booking.booking_history"):
        db.execute(f"SELECT count(*) AS n FROM {table} t WHERE t::text LIKE %s", (f"%{token.split('.')[3]}%",))
        assert db.fetchone()["n"] == 0, table


def test_a_booking_is_moved_and_cancelled_with_its_link(visitor, place, db):
    booking, holder = visitor
    moved = expect(holder.post(path_of(booking, "reschedule"),
                               {"event_date": place.day(25).isoformat(), "event_time": "12:00"}, key=True))
    assert moved["event_time"] == "12:00" and moved["version"] == 2
    done = expect(holder.post(path_of(booking, "cancel"), {"reason": "rain"}, if_match='"2"'))
    assert done["state"] == "cancelled"
    assert done["cancellation"]["refund_percent"] == 100 and done["cancellation"]["by"] is None
    expect_problem(holder.post(path_of(booking, "cancel"), {"reason": "rain"}), 409, "state_conflict")
    db.execute("SELECT action, actor, role FROM booking.booking_history WHERE booking_id = %s ORDER BY id",
               (booking["id"],))
    assert [tuple(h.values()) for h in db.fetchall()] == [
        ("created", None, None), ("rescheduled", None, "LINK"), ("cancelled", None, "LINK")]


def test_the_rules_are_those_of_customers(visitor, place, clock):
    booking, holder = visitor
    when = {"event_date": place.day(25).isoformat(), "event_time": "09:00"}
    expect_problem(holder.post(path_of(booking, "reschedule"), when), 422, "outside_hours")
    expect_problem(holder.post(path_of(booking, "cancel"), {"reason": "x", "refund_percent": 100}),
                   403, "forbidden")
    clock.advance(days=19)
    when["event_time"] = "18:00"
    expect_problem(holder.post(path_of(booking, "reschedule"), when), 422, "too_soon")
    assert expect(holder.post(path_of(booking, "cancel"), {"reason": "x"}))["cancellation"]["refund_percent"] == 0


def test_it_goes_into_a_calendar(visitor, place):
    booking, holder = visitor
    reply = holder.get(path_of(booking, "calendar"))
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{booking["number"]}.ics"'
    lines = reply.content.replace(b"\r\n ", b"").decode().split("\r\n")
    utc = place.starts_at(20, "18:00").strftime("%Y%m%dT%H%M%SZ")
    for line in (f"UID:{booking['id']}@booking.myhibachi", f"DTSTART:{utc}", "STATUS:TENTATIVE", "SEQUENCE:1",
                 "SUMMARY:My Hibachi\\, 8 guests", f"LOCATION:1 Pier Road\\, {place.zip}"):
        assert line in lines, lines
    assert lines.count("BEGIN:VEVENT") == 1


def test_a_link_opens_one_booking_and_nothing_else(visitor, place, staff):
    booking, holder = visitor
    other = place.book(ahead=21)
    for verb in ("reschedule", "cancel"):
        body = {"reason": "x"} if verb == "cancel" else {"event_date": "2030-01-01", "event_time": "18:00"}
        expect_problem(holder.post(path_of(other, verb), body), 404, "not_found")
    expect_problem(holder.get(path_of(other)), 404, "not_found")
    expect_problem(holder.get(path_of(other, "calendar")), 404, "not_found")
    for method, path in (("GET", "/api/v1/bookings"), ("GET", path_of(booking, "notes")),
                         ("GET", path_of(booking, "history")), ("PATCH", path_of(booking)),
                         ("POST", path_of(booking, "link")), ("POST", path_of(booking, "confirm")),
                         ("DELETE", path_of(booking)), ("GET", "/api/v1/me"), ("GET", "/api/v1/customers/me"),
                         ("POST", "/api/v1/bookings")):
        expect_problem(holder.request(method, path, json=None if method == "GET" else {}),
                       401, "unauthorized")
    expect(staff.delete(path_of(booking), json={"reason": "no longer wanted"}), 204)
    expect_problem(holder.get(path_of(booking)), 404, "not_found")


def test_what_is_no_link(visitor, place, staff):
    booking, _ = visitor
    token = booking["link"]["token"]
    head, mac = token.rsplit(".", 1)
    feed = expect(staff.post("/api/v1/calendar/feeds", {"chef_id": booking["chef_id"]}), 201)["path"]
    held = expect(place.api.post("/api/v1/holds", {"event_date": place.day(15).isoformat(),
                                                   "event_time": "18:00", "venue_zip": place.zip}), 201)
    changed = head + "." + ("A" if mac[0] != "A" else "B") + mac[1:]
    for bad in ("", "x", token[:-1], token + "A", changed, head, booking["id"], held["token"],
                feed.rsplit("/", 1)[1].removesuffix(".ics"), staff.token):
        expect_problem(with_link(place, bad).get(path_of(booking)), 401, "unauthorized")
    expect_problem(place.api.with_token(token).get(path_of(booking)), 401, "unauthorized")
    expect_problem(place.api.get(path_of(booking), params={"token": token}), 401, "unauthorized")


def test_a_link_ends_thirty_days_after_the_event(visitor, clock):
    booking, holder = visitor
    clock.advance(days=49)
    expect(holder.get(path_of(booking)))
    clock.advance(days=2)
    expect_problem(holder.get(path_of(booking)), 404, "not_found")


def test_holders_are_limited_by_address(limits, place):
    place.chef()
    booking = place.book()
    api = limits("booking-2", RATE_PUBLIC="5/5").with_headers(
        X_Real_IP=f"10.{uuid.uuid4().int % 250}.{uuid.uuid4().int % 250}.1",
        Authorization=f"Link {booking['link']['token']}")
    seen = [api.get(path_of(booking)).status_code for _ in range(6)]
    assert seen == [200] * 5 + [429]


def test_no_log_has_the_token(visitor, place, running):
    booking, holder = visitor
    token = booking["link"]["token"]
    expect(holder.get(path_of(booking)))
    reply = holder.get(path_of(booking, "calendar"), params={"token": token})
    expect_problem(reply, 422, "invalid")
    reply = place.api.get(f"/api/v1/bookings/{token}/calendar")  # where it does not belong
    wait_for(lambda: reply.headers["X-Request-Id"] in running.log("nginx-access"), "the access log")
    for log in (running.run_dir / "logs").glob("*.log"):
        assert token.split(".")[3] not in log.read_text(errors="replace"), log


# --- the mails ------------------------------------------------------------------------------------

def local(when, zone):
    return moment(when).astimezone(zone)


def test_the_mail_says_what_was_booked(place, mailbox):
    place.chef()
    wish = place.wish(ahead=20, time="18:30", adults=8, children=2, duration_minutes=150,
                      venue_address='1 Pier Road <b>"A&B"', event_type="birthday")
    wish["contact"]["name"] = 'Ann "Q" O\'Example & Co'
    booking = expect(place.api.post("/api/v1/bookings", wish, key=True), 201)
    mail = mailbox.wait(to=wish["contact"]["email"])
    assert mail.subject == f"We have your booking {booking['number']}"
    start = local(booking["starts_at"], place.zone)
    day = f"{start:%A, %B} {start.day}, {start.year}"
    for text in (f"Hello {booking['contact']['name']},", f"When: {day}, 6:30 PM to 9:00 PM, local time",
                 f"Where: {booking['venue_address']}, {place.zip}", "Guests: 8 adults, 2 children", "Chef: Chef",
                 "Adults (8 at $55.00): $440.00", "Children (2 at $30.00): $60.00",
                 f"Total, tax included: ${booking['total_cents'] / 100:.2f}", "Deposit: $100.00",
                 "Later: nothing", booking["link"]["url"]):
        assert text in mail.text, mail.text
    deadline = local(booking["starts_at"], place.zone).replace(tzinfo=None)
    for hours, percent in ((168, 100), (72, 50)):
        until = moment(booking["starts_at"]).timestamp() - hours * 3600
        at = time.gmtime(until + local(booking["starts_at"], place.zone).utcoffset().total_seconds())
        assert re.search(rf"Until {time.strftime('%A, %B', at)} {at.tm_mday}, .*: {percent} %", mail.text), deadline
    assert mail.token() == booking["link"]["token"]
    assert "O'Example &amp; Co" in mail.html and "Ann &quot;Q&quot;" in mail.html
    assert booking["link"]["url"] in mail.html and "<b>" not in mail.html
    assert expect(with_link(place, mail.token()).get(path_of(booking)))["id"] == booking["id"]


def test_what_happens_is_told(place, staff, mailbox):
    place.chefs(2)
    booking = place.book(ahead=20, time="18:00")
    to = booking["contact"]["email"]
    assert "no longer" not in mailbox.wait(to, "we have").text
    expect(staff.post(path_of(booking, "confirm"), {}))
    assert "look forward" in mailbox.wait(to, "confirmed").text
    expect(staff.post(path_of(booking, "reschedule"),
                      {"event_date": place.day(22).isoformat(), "event_time": "12:00"}))
    assert ", 12:00 PM to 2:00 PM" in mailbox.wait(to, "a new time").text
    expect(staff.patch(path_of(booking), {"adults": 12}, if_match='"3"'))
    assert "Guests: 12\n" in mailbox.wait(to, "was changed").text
    expect(staff.patch(path_of(booking), {"table_number": "B-2"}, if_match='"4"'))
    expect(staff.post(path_of(booking, "cancel"), {"reason": "rain"}))
    mail = mailbox.wait(to, "was cancelled")
    assert "100 % of what you paid goes back to you." in mail.text and "token=" not in mail.text
    assert len(mailbox.all(to)) == 5


def test_nobody_has_us_send_his_links(place, mailbox):
    place.chef()
    wish = place.wish(venue_address="You won at evil.example/prize")
    wish["contact"]["name"] = "Click https://evil.example now"
    expect(place.api.post("/api/v1/bookings", wish, key=True), 201)
    mail = mailbox.wait(to=wish["contact"]["email"])
    assert "evil" not in mail.text + mail.html + mail.subject
    assert mail.text.startswith("Hello,\n") and "Where: the place you named" in mail.text


def mails_to(address, mailbox, db):
    """All of them, after those on their way have arrived."""
    def unsent():
        db.execute("SELECT FROM bus.jobs j JOIN booking.bookings b ON b.id::text = j.payload ->> 'booking_id'"
                   " WHERE j.kind = 'booking.mail' AND b.contact_email = %s", (address,))
        return db.fetchall()
    wait_for(lambda: not unsent(), "the mails to be sent", 20)
    return mailbox.all(address)


def test_nobody_has_us_flood_an_address(place, mailbox, db):
    place.chefs(2)
    contact = place.wish()["contact"]
    made = together([lambda n=n: place.try_book(ahead=20 + n, contact=contact) for n in range(20)])
    assert [r.status_code for r in made] == [201] * 20
    assert len(mails_to(contact["email"], mailbox, db)) == 5


def move_to_and_fro(api, place, booking):
    for n in range(7):
        expect(api.post(path_of(booking, "reschedule"),
                        {"event_date": place.day(41 + n).isoformat(), "event_time": "12:00"}))
    expect(api.post(path_of(booking, "cancel"), {"reason": "no reason"}))


def test_nor_by_moving_a_booking_to_and_fro(place, mailbox, db, staff):
    place.chef()
    contact = place.wish()["contact"]
    booked = place.book(ahead=40, contact=contact)
    move_to_and_fro(with_link(place, booked["link"]["token"]), place, booked)
    mails = mails_to(contact["email"], mailbox, db)
    assert len(mails) == 6  # five, and that nobody comes
    assert sum("cancelled" in m.subject for m in mails) == 1
    booked = place.book(staff, ahead=20, contact=contact)  # who may write as often as he must
    expect(staff.post(path_of(booked, "confirm"), {}))
    assert len(mails_to(contact["email"], mailbox, db)) == 8


def test_nor_with_an_account(place, mailbox, db, login):
    place.chef()
    me, contact = login("CUSTOMER"), place.wish()["contact"]
    move_to_and_fro(me, place, place.book(me, ahead=40, contact=contact))
    assert len(mails_to(contact["email"], mailbox, db)) <= 6  # other tests have moved bookings of his, too


def test_a_mail_server_that_is_away_loses_no_mail(place, mailbox):
    place.chef()
    mailbox.behave("421")
    booking = place.book()
    mailbox.behave("ok")
    assert mailbox.wait(booking["contact"]["email"]).token() == booking["link"]["token"]


# --- sent again ---------------------------------------------------------------------------------

def test_staff_send_the_link_again(visitor, place, staff, mailbox, clock, login, tokens, db):
    booking, holder = visitor
    to = booking["contact"]["email"]
    assert expect(staff.post(path_of(booking, "link")), 202) == {"sent_to": to}
    assert mailbox.wait(to, "the link").token() == booking["link"]["token"]
    problem = expect_problem(staff.post(path_of(booking, "link"), {}), 429, "rate_limited")
    assert "a minute ago" in problem["detail"]
    clock.advance(minutes=2)
    expect(staff.post(path_of(booking, "link"), {"renew": True}), 202)
    fresh = wait_for(lambda: next((m.token() for m in mailbox.all(to) if "The link" in m.subject
                                   and m.token() != booking["link"]["token"]), None), "another link")
    expect_problem(holder.get(path_of(booking)), 404, "not_found")
    assert expect(with_link(place, fresh).get(path_of(booking)))["id"] == booking["id"]
    db.execute("SELECT action FROM booking.booking_history WHERE booking_id = %s ORDER BY id", (booking["id"],))
    assert [h["action"] for h in db.fetchall()] == ["created", "link_sent", "link_sent"]
    clock.advance(days=60)
    tokens.clear()
    expect_problem(login("ADMIN").post(path_of(booking, "link")), 409, "state_conflict")


def test_others_do_not_send_it(visitor, own_chef, place, login):
    booking, _ = visitor
    mine = place.book(chef_id=own_chef, ahead=15)
    expect_problem(login("CUSTOMER").post(path_of(booking, "link")), 404, "not_found")
    expect_problem(login("CHEF").post(path_of(mine, "link")), 403, "forbidden")
    expect_problem(login("STATION_MANAGER").post(path_of(booking, "link")), 404, "not_found")


def test_a_booking_without_address_has_no_link(place, staff):
    place.chef()
    wish = place.wish(contact={"name": "By Phone", "phone": f"+1408555{uuid.uuid4().int % 10000:04d}"})
    booking = expect(staff.post("/api/v1/bookings", wish, key=True), 201)
    expect_problem(staff.post(path_of(booking, "link")), 409, "state_conflict")


def test_another_address_gets_a_link_of_its_own(visitor, place, staff, mailbox):
    booking, holder = visitor
    to = f"{uuid.uuid4().hex[:12]}@example.com"
    expect(staff.patch(path_of(booking), {"contact": {"email": to}}, if_match='"1"'))
    expect_problem(holder.get(path_of(booking)), 404, "not_found")
    fresh = with_link(place, mailbox.wait(to, "was changed").token())
    assert expect(fresh.get(path_of(booking)))["contact"]["email"] == to


# --- twice at one time ----------------------------------------------------------------------------

@pytest.fixture
def elsewhere(running, recorder):
    """The API as somebody in another network."""
    address = f"10.{uuid.uuid4().int % 250}.{uuid.uuid4().int % 250}.7"
    return Api(running.url("booking-1"), None, recorder).with_headers(X_Real_IP=address)


def test_a_stranger_does_not_learn_who_has_booked(place, elsewhere, staff, mailbox):
    """Somebody who knows an address gets the same answer whether it has a booking at that time or not."""
    place.chefs(3)
    wish = place.wish(ahead=20)
    first = expect(place.api.post("/api/v1/bookings", wish, key=True), 201)
    mailbox.wait(wish["contact"]["email"])
    probe = expect(elsewhere.post("/api/v1/bookings", wish, key=True), 201)
    blank = expect(elsewhere.post("/api/v1/bookings", place.wish(ahead=20), key=True), 201)
    assert probe.keys() == blank.keys() and probe["state"] == blank["state"]
    for seen in (probe, blank):
        assert seen["customer_id"] is None and seen["duplicate_of"] is None
    assert expect(staff.get(path_of(probe)))["duplicate_of"] == first["id"]
    assert expect(staff.get(path_of(first)))["duplicate_of"] is None
    mail = wait_for(lambda: next((m for m in mailbox.all(wish["contact"]["email"])
                                  if probe["number"] in m.subject), None), "the second mail")
    assert f"with booking {first['number']} you have another one at the same time" in mail.text


def test_who_made_the_first_one_is_told(place, elsewhere, staff):
    place.chefs(3)
    wish = place.wish(ahead=20)
    expect(elsewhere.post("/api/v1/bookings", wish, key=True), 201)
    expect_problem(elsewhere.post("/api/v1/bookings", wish, key=True), 409, "duplicate_booking")
    expect_problem(staff.post("/api/v1/bookings", wish, key=True), 409, "duplicate_booking")
    same = place.api.post("/api/v1/bookings", wish, key=True)
    expect(same, 201)
    expect_problem(place.api.post("/api/v1/bookings", wish, key=True), 409, "duplicate_booking")


def test_a_network_of_ipv6_is_one(place, running, recorder):
    place.chefs(2)
    wish = place.wish(ahead=20)
    network = "fd00:%x:%x:1" % (uuid.uuid4().int % 65536, uuid.uuid4().int % 65536)
    api = Api(running.url("booking-1"), None, recorder)
    expect(api.with_headers(X_Real_IP=f"{network}::1").post("/api/v1/bookings", wish, key=True), 201)
    expect_problem(api.with_headers(X_Real_IP=f"{network}:ffff::2").post("/api/v1/bookings", wish, key=True),
                   409, "duplicate_booking")


def test_moving_tells_no_more(place, elsewhere, staff):
    """The holder of a link cannot find out by rescheduling either; who has signed in is told."""
    place.chefs(3)
    wish = place.wish(ahead=20)
    first = expect(place.api.post("/api/v1/bookings", wish, key=True), 201)
    probe = expect(elsewhere.post("/api/v1/bookings", wish | {"event_time": "12:00"}, key=True), 201)
    to = {"event_date": wish["event_date"], "event_time": wish["event_time"]}
    expect_problem(staff.post(path_of(probe, "reschedule"), to), 409, "duplicate_booking")
    holder = elsewhere.with_headers(Authorization=f"Link {probe['link']['token']}")
    assert expect(holder.post(path_of(probe, "reschedule"), to))["duplicate_of"] is None
    assert expect(staff.get(path_of(probe)))["duplicate_of"] == first["id"]
    to["event_time"] = "12:00"
    expect(holder.post(path_of(probe, "reschedule"), to))
    assert expect(staff.get(path_of(probe)))["duplicate_of"] is None
