"""Nobody books for a customer who is being deleted or merged away at that moment."""
import pytest

from lib.client import expect, expect_problem
from lib.rivals import meanwhile

from places import some_time

CUSTOMERS = "/api/v1/customers"
WHY = {"reason": "asked us to, by telephone"}


@pytest.fixture
def staff(login):
    return login("ADMIN")


@pytest.fixture
def own(login, db):
    """The demo customer's own row; it is as it was afterwards."""
    row = expect(login("CUSTOMER").get(f"{CUSTOMERS}/me"))
    db.execute("SELECT verified_email FROM booking.customers WHERE id = %s", (row["id"],))
    address = db.fetchone()["verified_email"]
    yield row
    db.execute("UPDATE booking.customers SET user_id = NULL WHERE user_id = %s AND id <> %s",
               (row["user_id"], row["id"]))
    db.execute("UPDATE booking.customers SET user_id = %s, verified_email = %s, deleted_at = NULL,"
               " deleted_reason = NULL, merged_into = NULL WHERE id = %s", (row["user_id"], address, row["id"]))


def test_a_customer_who_is_deleted_meanwhile_books_nothing(place, running, login, own, db):
    place.chef()
    me = login("CUSTOMER")
    with meanwhile(running, db, lambda: place.try_book(me, **some_time())) as (tx, results):
        tx.execute("SELECT FROM booking.customers WHERE id = %s FOR UPDATE", (own["id"],))
        tx.execute("UPDATE booking.customers SET deleted_at = now(), deleted_reason = %s WHERE id = %s",
                   (WHY["reason"], own["id"]))
    expect_problem(results[0], 403, "forbidden")


def test_a_customer_who_is_merged_meanwhile_books_for_the_row_that_stays(place, running, login, own, db, staff):
    place.chef()
    me = login("CUSTOMER")
    kept = expect(staff.post(CUSTOMERS, {"name": "Kept", "phone": "+14085550188"}), 201)
    with meanwhile(running, db, lambda: place.try_book(me, **some_time())) as (tx, results):
        tx.execute("UPDATE booking.customers SET user_id = NULL, verified_email = NULL, deleted_at = now(),"
                   " deleted_reason = %s, merged_into = %s WHERE id = %s", (WHY["reason"], kept["id"], own["id"]))
        tx.execute("UPDATE booking.customers SET user_id = %s WHERE id = %s", (own["user_id"], kept["id"]))
    assert expect(results[0], 201)["customer_id"] == kept["id"]


def test_a_deleted_booking_of_a_deleted_customer_stays_deleted(place, staff):
    place.chef()
    booking = place.book(staff)
    path = f"{CUSTOMERS}/{booking['customer_id']}"
    expect(staff.delete(f"/api/v1/bookings/{booking['id']}", json=WHY), 204)
    expect(staff.delete(path, json=WHY, if_match=staff.get(path).headers["ETag"]), 204)
    expect_problem(staff.post(f"/api/v1/bookings/{booking['id']}/restore"), 409, "state_conflict")
    expect(staff.post(path + "/restore"))
    assert expect(staff.post(f"/api/v1/bookings/{booking['id']}/restore"))["state"] == "pending"
