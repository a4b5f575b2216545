"""The second factor: setting it up, signing in with it, recovery codes, switching it off."""
import urllib.parse

import pytest

from lib.client import expect, expect_problem, together
from lib.rivals import meanwhile
from people import PASSWORD, totp

MFA = "/api/v1/auth/mfa"


def set_up(api):
    return expect(api.post(f"{MFA}/setup", json={"password": PASSWORD}))


@pytest.fixture
def clock(clock):
    """Early in a step of 30 seconds: a code is of the same step when it arrives."""
    clock.advance(seconds=(32 - clock.now() % 30) % 30)
    return clock


def switch_on(api, clock):
    """The secret and the recovery codes."""
    secret = set_up(api)["secret"]
    # The code of the step before: the running one is for the login that follows.
    code = totp(secret, clock.now(), -1)
    return secret, expect(api.post(f"{MFA}/enable", json={"code": code}))["recovery_codes"]


def test_from_set_up_to_sign_in(account, mailbox, row, audited, clock):
    a = account()
    api = a.login()
    made = set_up(api)
    uri = urllib.parse.urlsplit(made["otpauth_uri"])
    assert uri.scheme == "otpauth" and urllib.parse.unquote(uri.path) == f"/My Hibachi:{a.email}"
    query = urllib.parse.parse_qs(uri.query)
    assert query == {"secret": [made["secret"]], "issuer": ["My Hibachi"]}
    assert made["secret"] not in row("users", id=a.id)["mfa_secret"]  # sealed
    expect(a.try_login())  # not on yet
    expect_problem(api.post(f"{MFA}/enable", json={"code": "000000"}), 422, "invalid", "/code")

    codes = expect(api.post(f"{MFA}/enable", json={"code": totp(made["secret"], clock.now(), -1)}))
    assert len(set(codes["recovery_codes"])) == 10
    me = expect(api.get("/api/v1/me"))
    assert me["mfa_enabled"] is True and me["recovery_codes_left"] == 10
    expect_problem(a.try_login(), 401, "mfa_required")
    expect_problem(a.try_login(mfa_code="000000"), 401, "mfa_invalid")
    expect(a.try_login(mfa_code=totp(made["secret"], clock.now())))
    assert row("sessions", user_id=a.id, mfa=True)
    assert "is on" in mailbox.wait(to=a.email).subject
    assert audited("user.mfa_enable", a.id)[0]["after"] is None


def test_a_code_works_once(account, clock):
    a = account()
    secret, _ = switch_on(a.login(), clock)
    code = totp(secret, clock.now())
    replies = together([lambda: a.try_login(mfa_code=code)] * 4)
    assert sorted(r.status_code for r in replies) == [200, 401, 401, 401]
    expect_problem(a.try_login(mfa_code=code), 401, "mfa_invalid")


def test_codes_of_other_times_do_not_work(account, clock):
    a = account()
    secret, _ = switch_on(a.login(), clock)
    for step in (-3, 3):
        expect_problem(a.try_login(mfa_code=totp(secret, clock.now(), step)), 401, "mfa_invalid")
    clock.advance(minutes=2)
    expect(a.try_login(mfa_code=totp(secret, clock.now(), -1)))  # a clock that is slow
    expect(a.try_login(mfa_code=totp(secret, clock.now(), 1)))  # and one that is fast


def test_the_code_tells_nothing_without_the_password(account, clock):
    a = account()
    secret, codes = switch_on(a.login(), clock)
    expect_problem(a.try_login("not the password", mfa_code=totp(secret, clock.now())), 401,
                   "invalid_credentials")
    expect_problem(a.try_login("not the password"), 401, "invalid_credentials")
    expect_problem(a.try_login("not the password", recovery_code=codes[0]), 401,
                   "invalid_credentials")
    expect(a.try_login(recovery_code=codes[0]))  # it was not used up


def test_guessing_codes_locks_the_account(account, row, clock):
    a = account()
    secret, _ = switch_on(a.login(), clock)
    for _ in range(5):
        expect_problem(a.try_login(mfa_code="000000"), 401, "mfa_invalid")
    assert row("users", id=a.id)["locked_until"]
    expect_problem(a.try_login(mfa_code=totp(secret, clock.now())), 401, "invalid_credentials")


def test_asking_for_the_code_is_no_failure(account, row, clock):
    a = account()
    switch_on(a.login(), clock)
    for _ in range(6):
        expect_problem(a.try_login(), 401, "mfa_required")
    assert row("users", id=a.id)["failed_logins"] == 0


def test_recovery_codes_work_once(account, mailbox, clock):
    a = account()
    api = a.login()
    _, codes = switch_on(api, clock)
    typed = codes[3].lower().replace("-", " ")
    expect(a.try_login(recovery_code=typed))
    assert "recovery code" in mailbox.wait(to=a.email, subject="recovery").subject
    expect_problem(a.try_login(recovery_code=codes[3]), 401, "mfa_invalid")
    expect_problem(a.try_login(recovery_code="AAAA-BBBB-CCCC-DDDD"), 401, "mfa_invalid")
    expect_problem(a.try_login(recovery_code="nonsense nonsense"), 401, "mfa_invalid")
    assert expect(api.get("/api/v1/me"))["recovery_codes_left"] == 9


def test_a_recovery_code_that_signs_in_does_not_switch_off_as_well(account, running, db, row, clock):
    a = account()
    api = a.login()
    _, codes = switch_on(api, clock)
    off = {"password": PASSWORD, "recovery_code": codes[0]}
    with meanwhile(running, db, lambda: api.post(f"{MFA}/disable", json=off)) as (tx, results):
        tx.execute("SELECT FROM identity.users WHERE id = %s FOR UPDATE", (a.id,))
        tx.execute("UPDATE identity.recovery_codes SET used_at = now() WHERE user_id = %s", (a.id,))
    expect_problem(results[0], 422, "invalid", "/code")
    assert row("users", id=a.id)["mfa_enabled_at"]


def test_new_recovery_codes_void_the_old(account, clock):
    a = account()
    api = a.login()
    _, codes = switch_on(api, clock)
    body = {"password": PASSWORD}
    fresh = expect(api.post(f"{MFA}/recovery-codes", json=body))["recovery_codes"]
    assert len(fresh) == 10 and not set(fresh) & set(codes)
    expect_problem(a.try_login(recovery_code=codes[0]), 401, "mfa_invalid")
    expect(a.try_login(recovery_code=fresh[0]))


@pytest.mark.parametrize("how", ["code", "recovery_code"])
def test_switching_it_off(account, mailbox, how, audited, clock):
    a = account()
    api = a.login()
    secret, codes = switch_on(api, clock)
    proof = {"code": totp(secret, clock.now())} if how == "code" else {"recovery_code": codes[0]}
    off = f"{MFA}/disable"
    expect_problem(api.post(off, json={"password": PASSWORD}), 422, "invalid", "/code")
    expect_problem(api.post(off, json={"password": "no"} | proof), 403, "password_wrong")
    wrong = {"code": "000000"} if how == "code" else {"recovery_code": "AAAA-BBBB-CCCC-DDDD"}
    expect_problem(api.post(off, json={"password": PASSWORD} | wrong), 422, "invalid", "/code")
    assert api.post(off, json={"password": PASSWORD} | proof).status_code == 204
    expect(a.try_login())
    me = expect(api.get("/api/v1/me"))
    assert me["mfa_enabled"] is False and me["recovery_codes_left"] == 0
    assert "is off" in mailbox.wait(to=a.email, subject="is off").subject
    assert audited("user.mfa_disable", a.id)


def test_each_thing_in_its_state(account, clock):
    a = account()
    api = a.login()
    password = {"password": PASSWORD}
    expect_problem(api.post(f"{MFA}/enable", json={"code": "123456"}), 409, "mfa_not_set_up")
    expect_problem(api.post(f"{MFA}/disable", json=password | {"code": "123456"}), 409,
                   "mfa_not_set_up")
    expect_problem(api.post(f"{MFA}/recovery-codes", json=password), 409, "mfa_not_set_up")
    secret, _ = switch_on(api, clock)
    expect_problem(api.post(f"{MFA}/setup", json=password), 409, "mfa_enabled")
    expect_problem(api.post(f"{MFA}/enable", json={"code": totp(secret, clock.now())}), 409,
                   "mfa_enabled")


@pytest.mark.parametrize("path", ["setup", "recovery-codes"])
def test_the_password_is_asked_for(account, path):
    api = account().login()
    expect_problem(api.post(f"{MFA}/{path}", json={"password": "no"}), 403, "password_wrong")
    expect_problem(api.post(f"{MFA}/{path}", json={}), 422, "invalid", "/password")


@pytest.mark.parametrize("path", ["setup", "enable", "disable", "recovery-codes"])
def test_nobody_is_asked_to_sign_in(api, path):
    expect_problem(api.post(f"{MFA}/{path}", json={}), 401, "unauthorized")
