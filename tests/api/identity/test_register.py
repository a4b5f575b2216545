"""Signing up, verifying the address, getting back in by mail; nothing tells who has an account."""
import uuid

import pytest

from lib.client import expect, expect_problem, together
from lib.stack import wait_for
from people import PASSWORD, new_email, until_status

AUTH = "/api/v1/auth"
ACCEPTED = {"status": "accepted"}


def sign_up(api, address, **more):
    body = {"email": address, "password": PASSWORD, "name": "Ana Lima"} | more
    return api.post(f"{AUTH}/register", json=body)


def test_sign_up_verify_sign_in(api, mailbox, row, audited, db):
    email = new_email("Signup")
    assert expect(sign_up(api, email, phone="(916) 555-0123"), 202) == ACCEPTED
    user = row("users", email=email.lower())
    assert user["kind"] == "customer" and user["phone"] == "+19165550123"
    assert not user["email_verified_at"]
    tokens = expect(api.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD}))
    me = api.with_token(tokens["access_token"])
    assert expect(me.get("/api/v1/me"))["email_verified"] is False
    assert [r["role"] for r in expect(me.get("/api/v1/me"))["roles"]] == ["CUSTOMER"]

    token = mailbox.wait(to=email.lower(), subject="confirm").token()
    assert api.post(f"{AUTH}/verify-email", json={"token": token}).status_code == 204
    assert expect(me.get("/api/v1/me"))["email_verified"] is True
    expect_problem(api.post(f"{AUTH}/verify-email", json={"token": token}), 422, "link_invalid")
    after = audited("user.register", user["id"])[0]["after"]
    assert after["email"] == email.lower() and "argon2" not in str(after)
    db.execute("SELECT data FROM bus.events WHERE type = 'identity.user.created' AND subject = %s",
               (user["id"],))
    assert db.fetchone()["data"] == {"user_id": user["id"], "kind": "customer"}


def test_an_address_that_is_taken_gets_the_same_answer_and_another_mail(api, account, mailbox, row):
    a = account()
    reply = sign_up(api, a.email.upper(), name="Somebody Else")
    assert expect(reply, 202) == ACCEPTED
    assert "already" in mailbox.wait(to=a.email).subject
    assert row("users", email=a.email)["name"] == "Test Person"
    expect(a.try_login())
    # at most one such mail a minute
    expect(sign_up(api, a.email), 202)
    expect(sign_up(api, new_email()), 202)
    assert len(mailbox.all(to=a.email)) == 1


def test_sign_ups_of_one_address_at_once_make_one_account(api, db):
    email = new_email("race")
    for reply in together([lambda: sign_up(api, email)] * 6):
        assert expect(reply, 202) == ACCEPTED
    db.execute("SELECT count(*) AS n FROM identity.users WHERE email = %s", (email,))
    assert db.fetchone()["n"] == 1


def test_the_same_key_is_the_same_sign_up(api, mailbox):
    email, key = new_email("key"), str(uuid.uuid4())
    body = {"email": email, "password": PASSWORD, "name": "Ana"}
    first = api.post(f"{AUTH}/register", json=body, key=key)
    again = api.post(f"{AUTH}/register", json=body, key=key)
    assert expect(first, 202) == expect(again, 202)
    assert again.headers["Idempotency-Replayed"] == "true"
    expect_problem(api.post(f"{AUTH}/register", json=body | {"name": "Eva"}, key=key), 422,
                   "idempotency_key_reused")
    mailbox.wait(to=email)


@pytest.mark.parametrize("change,pointer", [
    ({"email": "nonsense"}, "/email"), ({"name": "  "}, "/name"), ({"name": "x" * 121}, "/name"),
    ({"phone": "12"}, "/phone"), ({"password": "short"}, "/password"),
    ({"password": "x" * 129}, "/password"), ({"password": "Password1234!"}, "/password"),
    ({"password": "123456789012"}, "/password"), ({"password": "ana lima ana lima"}, "/password"),
    ({"role": "ADMIN"}, "/role"), ({"kind": "staff"}, "/kind")])
def test_what_is_no_sign_up(api, change, pointer):
    expect_problem(sign_up(api, new_email(), **change), 422, "invalid", pointer)


def test_a_name_is_text(api, row):
    email = new_email()
    expect(sign_up(api, email, name="  Ana <b>Lima</b> "), 202)
    assert row("users", email=email)["name"] == "Ana Lima"


@pytest.mark.parametrize("token", ["x", "a" * 43])
def test_what_is_no_link(api, token):
    expect_problem(api.post(f"{AUTH}/verify-email", json={"token": token}), 422, "link_invalid")
    expect_problem(api.post(f"{AUTH}/password/reset", json={"token": token, "password": PASSWORD}),
                   422, "link_invalid")


@pytest.mark.parametrize("path,body", [
    ("verify-email", {}), ("resend-verification", {}), ("resend-verification", {"email": "x"}),
    ("password/forgot", {}), ("password/forgot", {"email": "x"}),
    ("password/reset", {"token": "x"}), ("password/reset", {"token": "x", "password": "short"})])
def test_what_is_no_request(api, path, body):
    expect_problem(api.post(f"{AUTH}/{path}", json=body), 422, "invalid")


def test_a_link_runs_out(api, mailbox, clock):
    email = new_email()
    expect(sign_up(api, email), 202)
    token = mailbox.wait(to=email).token()
    clock.advance(days=2)
    expect_problem(api.post(f"{AUTH}/verify-email", json={"token": token}), 422, "link_invalid")


def test_a_link_for_a_new_password_lives_half_an_hour(api, account, mailbox, clock):
    early, late = account(), account()
    tokens = []
    for a in (early, late):
        expect(api.post(f"{AUTH}/password/forgot", json={"email": a.email}), 202)
        tokens.append(mailbox.wait(to=a.email).token())
    clock.advance(minutes=29)
    assert api.post(f"{AUTH}/password/reset", json={"token": tokens[0], "password": PASSWORD}).status_code == 204
    clock.advance(minutes=2)
    expect_problem(api.post(f"{AUTH}/password/reset", json={"token": tokens[1], "password": PASSWORD}), 422,
                   "link_invalid")


def test_an_invitation_lives_a_week(api, account, mailbox, clock):
    boss, email = account("SUPER_ADMIN").login(), new_email("late")
    expect(boss.post("/api/v1/users", json={"email": email, "name": "Late", "role": "CHEF"}), 201)
    token = mailbox.wait(to=email).token()
    clock.advance(days=7, minutes=1)
    expect_problem(api.post(f"{AUTH}/password/reset", json={"token": token, "password": PASSWORD}), 422,
                   "link_invalid")


def test_a_link_proves_the_address_it_went_to(api, mailbox, db):
    email = new_email()
    expect(sign_up(api, email), 202)
    token = mailbox.wait(to=email).token()
    db.execute("UPDATE identity.users SET email = %s WHERE email = %s", (new_email(), email))
    expect_problem(api.post(f"{AUTH}/verify-email", json={"token": token}), 422, "link_invalid")


def test_another_verification_mail(api, account, mailbox, row):
    a = account(email_verified_at=None)
    assert expect(api.post(f"{AUTH}/resend-verification", json={"email": a.email}), 202) == ACCEPTED
    token = mailbox.wait(to=a.email, subject="confirm").token()
    assert api.post(f"{AUTH}/verify-email", json={"token": token}).status_code == 204
    assert row("users", id=a.id)["email_verified_at"]


def test_a_forgotten_password(api, account, mailbox, row, audited):
    a = account(failed_logins=5)
    session = a.login()
    old = a.tokens
    forgot = api.post(f"{AUTH}/password/forgot", json={"email": a.email.upper()})
    assert expect(forgot, 202) == ACCEPTED
    token = mailbox.wait(to=a.email, subject="new password").token()
    expect_problem(api.post(f"{AUTH}/password/reset", json={"token": token, "password": a.email}),
                   422, "invalid", "/password")
    fresh = "quartz teapot 41"
    body = {"token": token, "password": fresh}
    assert api.post(f"{AUTH}/password/reset", json=body).status_code == 204
    expect_problem(api.post(f"{AUTH}/password/reset", json=body), 422, "link_invalid")

    expect_problem(a.try_login(), 401, "invalid_credentials")
    expect(a.try_login(fresh))
    until_status(lambda: session.get("/api/v1/me"), 401)
    expect_problem(api.post(f"{AUTH}/refresh", json={"refresh_token": old["refresh_token"]}), 401,
                   "refresh_invalid")
    user = row("users", id=a.id)
    assert user["email_verified_at"] and user["failed_logins"] == 0
    assert audited("user.password_reset", a.id)[0]["actor"] == a.id
    assert "changed" in mailbox.wait(to=a.email, subject="changed").subject


def test_a_reset_opens_the_lock(api, account, mailbox):
    a = account()
    for _ in range(5):
        a.try_login("not the password")
    expect_problem(a.try_login(), 401, "invalid_credentials")
    expect(api.post(f"{AUTH}/password/forgot", json={"email": a.email}), 202)
    token = mailbox.wait(to=a.email, subject="new password").token()
    fresh = "quartz teapot 42"
    assert api.post(f"{AUTH}/password/reset",
                    json={"token": token, "password": fresh}).status_code == 204
    expect(a.try_login(fresh))


def test_only_the_last_minute_s_first_request_sends_a_mail(api, account, mailbox, clock, db):
    a = account()
    for _ in range(3):
        expect(api.post(f"{AUTH}/password/forgot", json={"email": a.email}), 202)
    mailbox.wait(to=a.email)
    queue_is_empty(db)
    assert len(mailbox.all(to=a.email)) == 1
    clock.advance(seconds=61)
    expect(api.post(f"{AUTH}/password/forgot", json={"email": a.email}), 202)
    wait_for(lambda: len(mailbox.all(to=a.email)) == 2, "a second mail")


def test_nobody_gets_no_mail(api, account, mailbox, db):
    nobody = new_email("nobody")
    disabled = account(status="disabled")
    verified = account(email_verified_at="2026-01-01")
    for email in (nobody, disabled.email):
        assert expect(api.post(f"{AUTH}/password/forgot", json={"email": email}), 202) == ACCEPTED
    for email in (nobody, verified.email):
        assert expect(api.post(f"{AUTH}/resend-verification", json={"email": email}),
                      202) == ACCEPTED
    queue_is_empty(db)
    assert not mailbox.all(to=nobody) and not mailbox.all(to=disabled.email)
    assert not mailbox.all(to=verified.email)


def queue_is_empty(db):
    def empty():
        db.execute("SELECT count(*) AS n FROM bus.jobs WHERE kind LIKE 'identity.mail%'"
                   " AND state <> 'parked'")
        return db.fetchone()["n"] == 0
    wait_for(empty, "the mail jobs to end", 20)


def test_the_queue_holds_neither_address_nor_usable_token(api, account, mailbox, db):
    a = account()
    mailbox.behave("421")  # jobs stay in the queue
    expect(api.post(f"{AUTH}/password/forgot", json={"email": a.email}), 202)

    def queued():
        db.execute("SELECT payload::text FROM bus.jobs WHERE kind = 'identity.mail'"
                   " AND payload->>'user' = %s", (a.id,))
        found = db.fetchone()
        return found and found["payload"]
    payload = wait_for(queued, "the mail's job")
    assert a.email not in payload and '"token": "e1.' in payload
    mailbox.behave("ok")
    db.execute("UPDATE bus.jobs SET due_at = now() WHERE payload->>'user' = %s"
               " AND state = 'queued'", (a.id,))
    token = mailbox.wait(to=a.email).token()
    assert token not in payload
