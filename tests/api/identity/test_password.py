"""Changing the password: with the old one, and what ends by it."""
import pytest

from lib.client import expect, expect_problem
from people import PASSWORD, until_status

CHANGE = "/api/v1/auth/password/change"
FRESH = "quartz teapot 43"


def change(api, current=PASSWORD, new=FRESH):
    return api.post(CHANGE, json={"current_password": current, "new_password": new})


def test_a_change_ends_the_other_sessions(account, mailbox, audited):
    a = account()
    other = a.login()
    here = a.login()
    assert change(here).status_code == 204
    until_status(lambda: other.get("/api/v1/me"), 401)
    expect(here.get("/api/v1/me"))
    expect(a.api.post("/api/v1/auth/refresh", json={"refresh_token": a.tokens["refresh_token"]}))
    expect_problem(a.try_login(), 401, "invalid_credentials")
    expect(a.try_login(FRESH))
    assert "changed" in mailbox.wait(to=a.email).subject
    assert audited("user.password_change", a.id)[0]["actor"] == a.id


def test_the_current_password_is_asked_for_and_guessing_it_locks(account, row):
    a = account()
    api = a.login()
    for _ in range(5):
        expect_problem(change(api, current="not the password"), 403, "password_wrong")
    assert row("users", id=a.id)["locked_until"]
    expect_problem(change(api), 403, "password_wrong")


@pytest.mark.parametrize("new", ["short", "Password1234!", PASSWORD, "test person test person"])
def test_the_new_one_has_to_be_good(account, new):
    expect_problem(change(account().login(), new=new), 422, "invalid", "/new_password")


@pytest.mark.parametrize("body", [{}, {"current_password": PASSWORD}, {"new_password": FRESH}])
def test_what_is_no_change(account, body):
    expect_problem(account().login().post(CHANGE, json=body), 422, "invalid")


def test_nobody_is_asked_to_sign_in(api):
    expect_problem(change(api), 401, "unauthorized")
