"""Refresh tokens work once; sessions are listed and end."""
import concurrent.futures
import uuid

import psycopg2
import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for

REFRESH = "/api/v1/auth/refresh"


def refresh(api, token):
    return api.with_token(None).post(REFRESH, json={"refresh_token": token})


def refused(api, path="/api/v1/me"):
    """The access token of api has ended: processes hear of it within moments."""
    wait_for(lambda: api.get(path).status_code == 401, "a refused token")


def test_a_refresh_token_is_traded_for_the_next(account):
    a = account()
    a.login()
    fresh = expect(refresh(a.api, a.tokens["refresh_token"]))
    assert set(fresh) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert fresh["refresh_token"] != a.tokens["refresh_token"]
    expect(a.api.with_token(fresh["access_token"]).get("/api/v1/me"))
    expect(refresh(a.api, fresh["refresh_token"]))


def test_a_used_one_ends_the_session(account, mailbox, row, audited):
    a = account()
    a.login()
    fresh = expect(refresh(a.api, a.tokens["refresh_token"]))
    expect_problem(refresh(a.api, a.tokens["refresh_token"]), 401, "refresh_invalid")
    expect_problem(refresh(a.api, fresh["refresh_token"]), 401, "refresh_invalid")
    refused(a.api.with_token(fresh["access_token"]))
    session = row("sessions", user_id=a.id)
    assert session["revoke_reason"] == "refresh_reused"
    assert audited("session.refresh_reused", session["id"])
    assert "signed out" in mailbox.wait(to=a.email).subject


def test_the_same_one_at_the_same_moment_is_a_reuse_too(account):
    a = account()
    a.login()
    replies = together([lambda: refresh(a.api, a.tokens["refresh_token"])] * 8)
    assert sorted(r.status_code for r in replies) == [200] + [401] * 7
    won = next(r for r in replies if r.status_code == 200).json()
    expect_problem(refresh(a.api, won["refresh_token"]), 401, "refresh_invalid")


def test_refresh_tokens_are_kept_as_hashes(account, db):
    a = account()
    a.login()
    db.execute("SELECT string_agg(t::text, ' ') AS all FROM identity.refresh_tokens t"
               " JOIN identity.sessions s ON s.id = t.session_id WHERE s.user_id = %s", (a.id,))
    assert a.tokens["refresh_token"][4:] not in db.fetchone()["all"]


@pytest.mark.parametrize("days", [31, 91])
def test_sessions_run_out(account, clock, db, days):
    a = account()
    a.login()
    if days > 90:  # refreshed all the time, it still ends
        db.execute("UPDATE identity.refresh_tokens t SET expires_at = t.expires_at + '1 year'"
                   "  FROM identity.sessions s WHERE s.id = t.session_id AND s.user_id = %s",
                   (a.id,))
    clock.advance(days=days)
    expect_problem(refresh(a.api, a.tokens["refresh_token"]), 401, "refresh_invalid")


@pytest.mark.parametrize("token", ["x", "mhr_" + "a" * 43, "mhk_0123456789ab_" + "a" * 43])
def test_what_is_no_refresh_token(api, token):
    expect_problem(api.post(REFRESH, json={"refresh_token": token}), 401, "refresh_invalid")


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": "x", "a": 1}])
def test_what_is_no_refresh(api, body):
    expect_problem(api.post(REFRESH, json=body), 422, "invalid")


def test_a_disabled_account_cannot_refresh(account, db):
    a = account()
    a.login()
    db.execute("UPDATE identity.users SET status = 'disabled' WHERE id = %s", (a.id,))
    expect_problem(refresh(a.api, a.tokens["refresh_token"]), 401, "refresh_invalid")


def test_rights_are_read_anew_at_each_refresh(account, db):
    a = account("CUSTOMER")
    a.login()
    db.execute("INSERT INTO identity.user_roles (user_id, role, granted_at)"
               " VALUES (%s, 'CUSTOMER_SUPPORT', now())", (a.id,))
    fresh = expect(refresh(a.api, a.tokens["refresh_token"]))
    expect(a.api.with_token(fresh["access_token"]).get("/api/v1/users"))


def test_logout_ends_this_session_only(account, audited, row):
    a = account()
    here = a.login()
    kept = a.tokens
    there = a.login()
    assert there.post("/api/v1/auth/logout").status_code == 204
    refused(there)
    expect_problem(refresh(a.api, a.tokens["refresh_token"]), 401, "refresh_invalid")
    expect(here.get("/api/v1/me"))
    expect(refresh(a.api, kept["refresh_token"]))
    ended = row("sessions", user_id=a.id, revoke_reason="logout")
    assert audited("session.end", ended["id"])[0]["actor"] == a.id


def test_logout_all_ends_every_session(account):
    a = account()
    apis = [a.login(), a.login(), a.login()]
    assert apis[0].post("/api/v1/auth/logout-all").status_code == 204
    for api in apis:
        refused(api)
    expect(a.try_login())


def test_who_signs_in_again_in_the_same_second_stays_in(account):
    """Tokens know the second only: neither may the old one outlive it, nor the new one end with it."""
    a = account()
    for _ in range(5):
        old = a.login()
        assert old.post("/api/v1/auth/logout-all").status_code == 204
        new = a.login()
        refused(old)
        expect(new.get("/api/v1/me"))
        assert new.post("/api/v1/auth/logout").status_code == 204
        refused(new)


@pytest.fixture
def held(running, db):
    """held(account, calls): the calls' statements wait for the account's row, in that order, and go on
    together; their replies."""
    def waiting():
        db.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return db.fetchone()["count"]

    def run(account, *calls):
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            with psycopg2.connect(running.env["DATABASE_URL"]) as c, c.cursor() as cursor:
                cursor.execute("SELECT FROM identity.users WHERE id = %s FOR UPDATE", (account.id,))
                futures = []
                for call in calls:
                    before = waiting()
                    futures.append(pool.submit(call))
                    wait_for(lambda f=futures[-1], n=before: waiting() > n or f.done(), "a statement that waits")
            return [f.result() for f in futures]
    return run


@pytest.mark.parametrize("end", ["logout-all", "password"])
def test_a_sign_in_under_way_ends_with_the_others(account, held, end):
    """The statement that ends the sessions does not see the row of one that begins meanwhile."""
    a = account()
    here = a.login()
    kept = a.tokens
    calls = {
        "logout-all": lambda: here.post("/api/v1/auth/logout-all"),
        "password": lambda: here.post("/api/v1/auth/password/change", json={
            "current_password": a.password, "new_password": "another lamp 77"})}
    login, ended = held(a, a.try_login, calls[end])
    assert ended.status_code == 204
    thief = expect(login)
    refused(a.api.with_token(thief["access_token"]))
    expect_problem(refresh(a.api, thief["refresh_token"]), 401, "refresh_invalid")
    if end == "password":
        expect(here.get("/api/v1/me"))
        fresh = expect(refresh(a.api, kept["refresh_token"]))
        items = expect(a.api.with_token(fresh["access_token"]).get("/api/v1/auth/sessions"))["items"]
        assert [i["current"] for i in items] == [True]


def test_sessions_are_listed_and_ended(account):
    a = account()
    first = a.login()
    second = a.login()
    items = expect(second.get("/api/v1/auth/sessions"))["items"]
    assert len(items) == 2
    assert [i["current"] for i in items] == [True, False]
    assert items[0]["ip"] and items[0]["user_agent"].startswith("python-requests")
    assert second.delete(f"/api/v1/auth/sessions/{items[1]['id']}").status_code == 204
    refused(first)
    expect_problem(second.delete(f"/api/v1/auth/sessions/{items[1]['id']}"), 404, "not_found")
    assert len(expect(second.get("/api/v1/auth/sessions"))["items"]) == 1


def test_other_peoples_sessions_are_not_there(account, row):
    a, b = account(), account()
    a.login()
    api = b.login()
    theirs = row("sessions", user_id=a.id)["id"]
    expect_problem(api.delete(f"/api/v1/auth/sessions/{theirs}"), 404, "not_found")
    expect_problem(api.delete(f"/api/v1/auth/sessions/{uuid.uuid4()}"), 404, "not_found")
    expect_problem(api.delete("/api/v1/auth/sessions/nonsense"), 404, "not_found")
    assert all(i["current"] for i in expect(api.get("/api/v1/auth/sessions"))["items"])


def test_a_long_or_broken_user_agent_does_no_harm(account):
    a = account()
    a.api = a.api.with_headers(User_Agent="ä" * 300)
    api = a.login()
    agent = expect(api.get("/api/v1/auth/sessions"))["items"][0]["user_agent"]
    assert agent is None or len(agent) <= 200
