"""The caller's own account."""
import pytest

from lib.client import expect, expect_problem
from people import STATION

ME = "/api/v1/me"


def test_what_it_says(account):
    a = account("STATION_MANAGER", station=STATION)
    me = expect(a.login().get(ME))
    assert me["id"] == a.id and me["kind"] == "staff" and me["status"] == "active"
    assert me["roles"] == [{"role": "STATION_MANAGER", "station_id": STATION}]
    assert me["permissions"]["bookings.write"] == "station"
    assert "users.write" not in me["permissions"]
    assert me["mfa_enabled"] is False and me["last_login_at"]
    assert not {"password_hash", "mfa_secret", "failed_logins"} & set(me)


def test_an_unchanged_answer_is_not_sent_again(account):
    api = account().login()
    tag = api.get(ME).headers["ETag"]
    reply = api.get(ME, headers={"If-None-Match": tag})
    assert reply.status_code == 304 and not reply.content


def test_who_says_what_he_read_is_told_of_another_change(account):
    api = account().login()
    seen = api.get(ME).headers["ETag"]
    changed = api.patch(ME, json={"name": "By One Device"}, if_match=seen)
    assert expect(changed)["version"] == 2 and changed.headers["ETag"] == api.get(ME).headers["ETag"] != seen
    expect_problem(api.patch(ME, json={"name": "By Another"}, if_match=seen), 412, "precondition_failed")
    assert expect(api.get(ME))["name"] == "By One Device"


def test_name_and_phone_can_be_changed(account, audited, db):
    a = account()
    api = a.login()
    me = expect(api.patch(ME, json={"name": "New Name", "phone": "916-555-0199"}))
    assert me["name"] == "New Name" and me["phone"] == "+19165550199" and me["version"] == 2
    me = expect(api.patch(ME, json={"phone": None}))
    assert me["name"] == "New Name" and me["phone"] is None
    entry = audited("user.update", a.id)[1]
    assert entry["before"]["name"] == "Test Person" and entry["after"]["name"] == "New Name"
    db.execute("SELECT count(*) AS n FROM bus.events WHERE type = 'identity.user.changed'"
               " AND subject = %s", (a.id,))
    assert db.fetchone()["n"] == 2


@pytest.mark.parametrize("body,pointer", [
    ({"name": ""}, "/name"), ({"name": None}, "/name"), ({"phone": "x"}, "/phone"),
    ({"email": "a@example.com"}, "/email"), ({"status": "active"}, "/status"),
    ({"kind": "staff"}, "/kind"), ({"roles": ["ADMIN"]}, "/roles"),
    ({"name": "4111 1111 1111 1111"}, "/name")])
def test_nothing_else_can(account, body, pointer):
    reply = account().login().patch(ME, json=body)
    assert reply.status_code == 422
    assert pointer in [e["pointer"] for e in reply.json()["errors"]]


def test_a_deleted_account_has_no_me(account, db):
    a = account()
    api = a.login()
    db.execute("UPDATE identity.users SET deleted_at = now(), delete_reason = 'for this test'"
               " WHERE id = %s", (a.id,))
    expect_problem(api.get(ME), 404, "not_found")


@pytest.mark.parametrize("method,path", [("GET", ME), ("PATCH", ME),
                                         ("GET", ME + "/login-history")])
def test_nobody_is_asked_to_sign_in(api, method, path):
    expect_problem(api.request(method, path), 401, "unauthorized")
