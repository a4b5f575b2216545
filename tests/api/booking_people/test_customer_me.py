"""A customer's own data."""
import uuid

import pytest

from ids import NOBODY, email, unique
from lib.client import expect, expect_problem, together

ME = "/api/v1/customers/me"


@pytest.fixture
def newcomer(api, db, login):
    """A customer who has just signed up, and whom booking has never seen."""
    user_id, address = str(uuid.uuid4()), email()
    db.execute("INSERT INTO identity.users (id, email, name, kind, password_hash, created_at, updated_at)"
               " SELECT %s, %s, 'New Comer', 'customer', password_hash, now(), now()"
               " FROM identity.users WHERE email = 'customer@myhibachi.test'", (user_id, address))
    db.execute("INSERT INTO identity.user_roles (user_id, role, granted_at)"
               " VALUES (%s, 'CUSTOMER', now())", (user_id,))
    return user_id, address


@pytest.fixture
def signed_in(newcomer, api, demo):
    body = {"email": newcomer[1], "password": demo["CUSTOMER"]["password"]}
    return api.with_token(expect(api.post("/api/v1/auth/login", body))["access_token"])


def test_the_row_is_made_at_the_first_use(signed_in, newcomer):
    seen = together([lambda: expect(signed_in.get(ME))] * 6)
    assert len({m["id"] for m in seen}) == 1
    assert seen[0]["user_id"] == newcomer[0] and seen[0]["name"] == "" and seen[0]["version"] == 1


def test_update(signed_in):
    reply = signed_in.patch(ME, {"name": "New Comer", "phone": "408-555-0199", "dietary_notes": "vegan"},
                            if_match=signed_in.get(ME).headers["ETag"])
    assert expect(reply)["phone"] == "+14085550199"
    again = signed_in.get(ME)
    assert expect(again) == reply.json() and again.headers["ETag"] == reply.headers["ETag"]
    expect_problem(signed_in.patch(ME, {"name": "X"}, if_match='"1"'), 412, "precondition_failed")
    expect_problem(signed_in.patch(ME, {"name": "X"}), 428, "precondition_required")


def test_the_first_use_may_be_a_change(signed_in):
    assert expect(signed_in.patch(ME, {"name": "At Once"}, if_match='"1"'))["name"] == "At Once"


def test_another_address_tells_nothing(signed_in, login):
    """Whose address it is, is not found out by stating it."""
    other = expect(login("ADMIN").post("/api/v1/customers", {"name": unique(), "email": email()}), 201)
    me = signed_in.get(ME)
    changed = expect(signed_in.patch(ME, {"email": other["email"]}, if_match=me.headers["ETag"]))
    assert changed["email"] == other["email"] and changed["id"] != other["id"]


@pytest.mark.parametrize("field", ["station_id", "user_id", "deleted_at", "id"])
def test_what_is_not_ours_to_change(signed_in, field):
    expect_problem(signed_in.patch(ME, {field: NOBODY}, if_match='"1"'), 422, "invalid", "/" + field)


def test_staff_are_no_customers(login):
    for role in ("ADMIN", "STATION_MANAGER"):
        expect_problem(login(role).get(ME), 404, "not_found")
        expect_problem(login(role).patch(ME, {"name": "X"}, if_match='"1"'), 404, "not_found")
    expect_problem(login("CHEF").get(ME), 403, "forbidden")


def test_who_was_deleted_is_gone(signed_in, login):
    me = expect(signed_in.get(ME))
    expect(login("ADMIN").delete(f"/api/v1/customers/{me['id']}",
                                 json={"reason": "wanted to be forgotten"}), 204)
    expect_problem(signed_in.get(ME), 404, "not_found")
    expect_problem(signed_in.get(f"/api/v1/customers/{me['id']}"), 404, "not_found")
    expect_problem(signed_in.patch(ME, {"name": "X"}, if_match='"2"'), 404, "not_found")
