"""Signing in and what is told about it; lock-out; the history."""
import base64
import json
import os

import pytest

from people import OTHER_STATION, PASSWORD, STATION, new_email, until_status
from lib.client import expect, expect_problem, together

LOGIN = "/api/v1/auth/login"
# argon2id of PASSWORD with parameters of cheaper days: m=8 MiB, t=1.
WEAK_HASH = ("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
             "cMZhCxCAQfiKOZFa3KVZ0iuoQbP/a+l+MVZdj/3KVmw")


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_tokens_for_the_right_password(account):
    a = account()
    tokens = expect(a.try_login())
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == 900
    assert tokens["refresh_token"].startswith("mhr_")
    claims = claims_of(tokens["access_token"])
    assert claims["sub"] == a.id and claims["exp"] - claims["iat"] == 900
    assert a.email not in json.dumps(claims)
    me = expect(a.api.with_token(tokens["access_token"]).get("/api/v1/me"))
    assert me["email"] == a.email and me["permissions"]["bookings.write"] == "own"


def test_answers_are_not_kept(account):
    reply = account().try_login()
    assert reply.headers["Cache-Control"] == "no-store"


def test_addresses_are_the_same_in_either_case(account):
    a = account()
    a.email = a.email.upper()
    expect(a.try_login())


def test_wrong_password_and_unknown_address_look_the_same(api, account):
    wrong = expect_problem(account().try_login("not the password"), 401, "invalid_credentials")
    unknown = expect_problem(
        api.post(LOGIN, json={"email": new_email(), "password": PASSWORD}), 401,
        "invalid_credentials")
    del wrong["request_id"], unknown["request_id"]
    assert wrong == unknown


@pytest.mark.parametrize("body,pointer", [
    ({}, "/email"), ({"email": "a@example.com"}, "/password"),
    ({"email": "nonsense", "password": "x"}, "/email"),
    ({"email": "a@example.com", "password": ""}, "/password"),
    ({"email": "a@example.com", "password": "x" * 129}, "/password"),
    ({"email": "a@example.com", "password": "x", "remember": True}, "/remember"),
    ({"email": "a@example.com", "password": "x", "mfa_code": "12345"}, "/mfa_code"),
    ({"email": "a@example.com", "password": 7}, "/password")])
def test_what_is_no_login(api, body, pointer):
    expect_problem(api.post(LOGIN, json=body), 422, "invalid", pointer)


@pytest.mark.parametrize("status", ["locked", "disabled"])
def test_switched_off_accounts_are_told_so_only_with_the_password(account, status):
    a = account(status=status)
    expect_problem(a.try_login(), 403, "account_disabled")
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")


def test_invited_and_deleted_accounts_cannot_sign_in(account):
    expect_problem(account(password_hash=None).try_login(), 401, "invalid_credentials")
    deleted = account(deleted_at="2026-01-01", delete_reason="for this test")
    expect_problem(deleted.try_login(), 401, "invalid_credentials")


def test_an_account_locks_itself_after_five_failures(account, clock, mailbox, row, audited):
    a = account()
    for _ in range(5):
        expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    locked = row("users", id=a.id)
    assert locked["failed_logins"] == 5
    assert (locked["locked_until"] - locked["last_failed_at"]).total_seconds() == 60
    # The right password does not tell itself from a wrong one; trying does not lengthen the lock.
    expect_problem(a.try_login(), 401, "invalid_credentials")
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    assert row("users", id=a.id)["locked_until"] == locked["locked_until"]
    assert "Too many" in mailbox.wait(to=a.email).subject
    assert audited("user.lock_out", a.id)[0]["after"]["failures"] == 5

    clock.advance(seconds=61)
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    longer = row("users", id=a.id)
    assert (longer["locked_until"] - longer["last_failed_at"]).total_seconds() == 120
    clock.advance(seconds=121)
    expect(a.try_login())
    assert row("users", id=a.id)["failed_logins"] == 0


def test_the_lock_is_an_hour_at_most_and_failures_are_forgotten_in_a_day(account, clock, row, db):
    a = account(failed_logins=40)
    db.execute("UPDATE identity.users SET last_failed_at = now() WHERE id = %s", (a.id,))
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    u = row("users", id=a.id)
    assert (u["locked_until"] - u["last_failed_at"]).total_seconds() == 3600
    clock.advance(days=2)
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    assert row("users", id=a.id)["failed_logins"] == 1


def test_guesses_at_the_same_moment_all_count(account, row):
    a = account()
    together([lambda: a.try_login("not the password")] * 12)
    u = row("users", id=a.id)
    assert u["failed_logins"] == 5 and u["locked_until"]
    expect_problem(a.try_login(), 401, "invalid_credentials")


def test_a_hash_of_cheaper_days_is_replaced(account, row):
    a = account(password_hash=WEAK_HASH)
    expect(a.try_login())
    fresh = row("users", id=a.id)["password_hash"]
    assert fresh != WEAK_HASH and "m=19456" in fresh
    expect(a.try_login())


def test_fifty_sessions_are_the_most(account, db, row):
    a = account()
    a.login()
    first = row("sessions", user_id=a.id)["id"]
    db.execute("INSERT INTO identity.sessions (id, user_id, created_at, last_used_at, expires_at,"
               " mfa) SELECT gen_random_uuid(), %s, now(), now() + i * interval '1 ms',"
               "        now() + interval '1 day', false FROM generate_series(1, 49) i", (a.id,))
    a.login()
    assert row("sessions", id=first)["revoke_reason"] == "too_many"
    db.execute("SELECT count(*) AS n FROM identity.sessions WHERE user_id = %s"
               " AND revoked_at IS NULL", (a.id,))
    assert db.fetchone()["n"] == 50


def test_the_widest_scope_and_the_highest_role_count(account, db):
    a = account("CHEF", station=STATION)
    db.execute("INSERT INTO identity.user_roles VALUES (%s, 'STATION_MANAGER', %s, NULL, now()),"
               " (%s, 'STATION_MANAGER', %s, NULL, now())", (a.id, STATION, a.id, OTHER_STATION))
    me = expect(a.login().get("/api/v1/me"))
    assert me["permissions"]["bookings.read"] == "station"
    assert len(me["roles"]) == 3


def test_attempts_are_remembered(account):
    a = account()
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    api = a.login().with_headers(User_Agent="a browser")
    page = expect(api.get("/api/v1/me/login-history"))
    assert [i["outcome"] for i in page["items"]] == ["ok", "wrong_password"]
    assert page["next_cursor"] is None
    assert page["items"][0]["session_id"] and not page["items"][1]["session_id"]
    assert page["items"][0]["ip"]
    first = expect(api.get("/api/v1/me/login-history", params={"limit": 1}))
    second = expect(api.get("/api/v1/me/login-history",
                            params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [i["outcome"] for i in first["items"] + second["items"]] == ["ok", "wrong_password"]


def test_each_sign_in_is_a_session_of_its_own(account, row, db):
    """Nobody can have chosen it before: not by a token, a cookie or a header of an earlier or another one."""
    a, other = account(), account()
    theirs, mine = other.login(), a.login()
    before = a.tokens
    sid, of_other = claims_of(before["access_token"])["sid"], claims_of(other.tokens["access_token"])["sid"]
    for caller in (mine, theirs, a.api.with_headers(Cookie=f"session={of_other}; sid={sid}", X_Session_Id=sid)):
        reply = caller.post("/api/v1/auth/login", json={"email": a.email, "password": a.password})
        fresh = expect(reply)
        assert claims_of(fresh["access_token"])["sid"] not in (sid, of_other)
        assert claims_of(fresh["access_token"])["sub"] == a.id
        assert fresh["refresh_token"] not in (before["refresh_token"], other.tokens["refresh_token"])
        assert "Set-Cookie" not in reply.headers
    for name in ("session_id", "sid", "refresh_token"):
        expect_problem(a.try_login(**{name: sid}), 422, "invalid", f"/{name}")
    db.execute("SELECT count(*) AS n FROM identity.sessions WHERE user_id = %s AND revoked_at IS NULL", (a.id,))
    assert db.fetchone()["n"] == 4
    assert row("sessions", user_id=other.id)["revoked_at"] is None


def test_an_access_token_lives_a_quarter_of_an_hour(account, clock):
    api = account().login()
    expect(api.get("/api/v1/me"))
    clock.advance(minutes=16)
    expect_problem(api.get("/api/v1/me"), 401, "token_expired")


def test_nothing_secret_is_logged_or_audited(running, account, db):
    a = account()
    a.login()
    log = running.log("identity")
    assert PASSWORD not in log and a.tokens["refresh_token"] not in log
    assert a.tokens["access_token"] not in log and a.email not in log
    db.execute("SELECT coalesce(string_agg(l::text, ' '), '') AS t FROM bus.audit_log l"
               " WHERE actor = %s", (a.id,))
    text = db.fetchone()["t"]
    assert text and "argon2" not in text and "mhr_" not in text


@pytest.mark.parametrize("path,body", [
    ("login", {"email": "a@example.com", "password": "x"}),
    ("refresh", {"refresh_token": "x"}), ("token", {"api_key": "x"}),
    ("register", {"email": "nonsense"}), ("verify-email", {"token": "x"}),
    ("resend-verification", {"email": "nonsense"}), ("password/forgot", {"email": "nonsense"}),
    ("password/reset", {"token": "x", "password": PASSWORD})])
def test_guessing_is_slowed_down_by_address(limits, path, body):
    here, there = (".".join(str(b) for b in b"\x0a" + os.urandom(3)) for _ in range(2))
    api = limits("identity", RATE_AUTH="3/3").with_headers(X_Real_IP=here)
    url = f"/api/v1/auth/{path}"
    for _ in range(3):
        assert api.post(url, json=body).status_code in (401, 422)
    reply = until_status(lambda: api.post(url, json=body), 429)
    expect_problem(reply, 429, "rate_limited")
    assert int(reply.headers["Retry-After"]) >= 1
    assert api.with_headers(X_Real_IP=there).post(url, json=body).status_code in (401, 422)
