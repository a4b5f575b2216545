"""API keys: shown once, traded for access tokens, never more than their owner."""
import uuid

import pytest

from lib.client import expect, expect_problem
from people import PASSWORD, until_status

KEYS = "/api/v1/api-keys"
TOKEN = "/api/v1/auth/token"


def make(api, *permissions, **more):
    body = {"name": "reports", "permissions": list(permissions)} | more
    return expect(api.post(KEYS, json=body), 201)


def trade(api, key):
    return api.with_token(None).post(TOKEN, json={"api_key": key})


@pytest.fixture
def admin(account):
    a = account("ADMIN")
    a.signed_in = a.login()
    return a


def test_a_key_is_shown_once_and_traded_for_a_token(admin, row, audited, mailbox):
    api = admin.signed_in
    made = make(api, "users.read", "bookings.read")
    key = made["api_key"]
    assert key.startswith("mhk_" + made["prefix"]) and made["permissions"] == ["bookings.read",
                                                                             "users.read"]
    assert key.split("_")[2] not in str(row("api_keys", id=made["id"]))
    assert key not in str(expect(api.get(KEYS)))
    assert audited("api_key.create", made["id"])[0]["after"]["name"] == "reports"
    assert "API key" in mailbox.wait(to=admin.email).subject

    token = expect(trade(api, key))
    assert set(token) == {"access_token", "token_type", "expires_in"}
    robot = api.with_token(token["access_token"])
    expect(robot.get("/api/v1/users"))
    assert expect(robot.get("/api/v1/me"))["id"] == admin.id
    expect_problem(robot.get("/api/v1/audit"), 403, "forbidden")  # its owner may
    assert row("api_keys", id=made["id"])["last_used_at"]


@pytest.mark.parametrize("method,path", [
    ("POST", "/api/v1/auth/logout"), ("POST", "/api/v1/auth/logout-all"),
    ("GET", "/api/v1/auth/sessions"), ("DELETE", f"/api/v1/auth/sessions/{uuid.uuid4()}"),
    ("PATCH", "/api/v1/me"), ("GET", "/api/v1/me/login-history"),
    ("POST", "/api/v1/auth/password/change"), ("POST", "/api/v1/auth/mfa/setup"),
    ("POST", "/api/v1/auth/mfa/enable"), ("POST", "/api/v1/auth/mfa/disable"),
    ("POST", "/api/v1/auth/mfa/recovery-codes")])
def test_a_key_does_not_touch_the_account_itself(admin, method, path):
    key = make(admin.signed_in, "users.read")["api_key"]
    robot = admin.api.with_token(expect(trade(admin.api, key))["access_token"])
    bodies = {"password/change": {"current_password": PASSWORD, "new_password": "quartz teapot 44"},
              "setup": {"password": PASSWORD}, "enable": {"code": "123456"},
              "disable": {"password": PASSWORD, "code": "123456"},
              "recovery-codes": {"password": PASSWORD}, "/me": {"name": "X"}}
    body = next((b for end, b in bodies.items() if path.endswith(end)), None)
    expect_problem(robot.request(method, path, json=body), 403, "session_required")


def test_a_key_can_do_what_its_owner_can_now(admin, db):
    key = make(admin.signed_in, "users.read", "customers.read")["api_key"]
    db.execute("UPDATE identity.user_roles SET role = 'CUSTOMER' WHERE user_id = %s", (admin.id,))
    robot = admin.api.with_token(expect(trade(admin.api, key))["access_token"])
    expect_problem(robot.get("/api/v1/users"), 403, "forbidden")


@pytest.mark.parametrize("body,status,code,pointer", [
    ({"permissions": ["teleport"]}, 422, "invalid", "/permissions/0"),
    ({"permissions": []}, 422, "invalid", "/permissions"),
    ({"permissions": ["users.read"], "expires_in_days": 367}, 422, "invalid", "/expires_in_days"),
    ({"permissions": ["users.read"], "expires_in_days": 0}, 422, "invalid", "/expires_in_days"),
    ({"permissions": ["users.read"], "name": ""}, 422, "invalid", "/name"),
    ({"permissions": ["api_keys.write"]}, 422, "invalid", "/permissions"),
    ({"permissions": ["users.write"]}, 403, "privilege_escalation", None),
    ({"permissions": ["users.read"], "user_id": str(uuid.uuid4())}, 422, "invalid", "/user_id")])
def test_what_is_no_key(admin, body, status, code, pointer):
    expect_problem(admin.signed_in.post(KEYS, json={"name": "x"} | body), status, code, pointer)


def test_a_super_administrator_s_key_does_not_administer(super_admin):
    for permission in ("users.write", "roles.write", "api_keys.write"):
        expect_problem(super_admin.post(KEYS, json={"name": "x", "permissions": [permission]}), 422,
                       "invalid", "/permissions")


def test_twenty_keys_are_enough(admin):
    for _ in range(20):
        made = make(admin.signed_in, "users.read")
    body = {"name": "x", "permissions": ["users.read"]}
    expect_problem(admin.signed_in.post(KEYS, json=body), 409, "conflict")
    assert admin.signed_in.delete(f"{KEYS}/{made['id']}").status_code == 204
    page = expect(admin.signed_in.get(KEYS, params={"limit": 15}))
    rest = expect(admin.signed_in.get(KEYS, params={"cursor": page["next_cursor"]}))
    assert len(page["items"]) == 15 and len(rest["items"]) == 5
    assert page["items"][0]["id"] == made["id"] and page["items"][0]["revoked_at"]
    expect(admin.signed_in.post(KEYS, json=body), 201)


def test_a_revoked_key_and_its_tokens_end(admin):
    made = make(admin.signed_in, "users.read")
    robot = admin.api.with_token(expect(trade(admin.api, made["api_key"]))["access_token"])
    expect(robot.get("/api/v1/users"))
    assert admin.signed_in.delete(f"{KEYS}/{made['id']}").status_code == 204
    until_status(lambda: robot.get("/api/v1/users"), 401)
    expect_problem(trade(admin.api, made["api_key"]), 401, "api_key_invalid")
    expect_problem(admin.signed_in.delete(f"{KEYS}/{made['id']}"), 404, "not_found")
    expect(admin.signed_in.get("/api/v1/me"))  # its owner stays signed in


def test_a_disabled_owner_s_keys_are_dead(super_admin, admin):
    key = make(admin.signed_in, "users.read")["api_key"]
    robot = admin.api.with_token(expect(trade(admin.api, key))["access_token"])
    expect(super_admin.post(f"/api/v1/users/{admin.id}/disable",
                            json={"reason": "a reason for this test"}))
    until_status(lambda: robot.get("/api/v1/users"), 401)
    expect_problem(trade(admin.api, key), 401, "api_key_invalid")


def test_a_key_runs_out(admin, clock):
    key = make(admin.signed_in, "users.read", expires_in_days=1)["api_key"]
    clock.advance(days=2)
    expect_problem(trade(admin.api, key), 401, "api_key_invalid")


@pytest.mark.parametrize("key", ["x", "mhk_", "mhk_0123456789ab_" + "a" * 43, "mhr_" + "a" * 43])
def test_what_is_no_key_to_trade(api, key):
    expect_problem(trade(api, key), 401, "api_key_invalid")


def test_a_key_with_another_secret(admin):
    made = make(admin.signed_in, "users.read")
    forged = f"mhk_{made['prefix']}_" + "a" * 43
    expect_problem(trade(admin.api, forged), 401, "api_key_invalid")


def test_other_peoples_keys_are_not_there(admin, account, super_admin):
    made = make(admin.signed_in, "users.read")
    other = account("ADMIN").login()
    assert made["id"] not in str(expect(other.get(KEYS)))
    expect_problem(other.delete(f"{KEYS}/{made['id']}"), 404, "not_found")
    assert made["id"] in str(expect(super_admin.get(KEYS)))
    assert super_admin.delete(f"{KEYS}/{made['id']}").status_code == 204


def test_who_may_not_have_keys(login):
    api = login("CUSTOMER")
    body = {"name": "x", "permissions": ["bookings.read"]}
    for reply in (api.get(KEYS), api.post(KEYS, json=body),
                  api.delete(f"{KEYS}/{uuid.uuid4()}")):
        expect_problem(reply, 403, "forbidden")
