"""What identity does by itself, and its commands."""
import json
import uuid

import pytest

from lib.client import expect, expect_problem
from lib.stack import wait_for
from people import PASSWORD, STATION, new_email


def test_what_ran_out_is_forgotten(account, db, run_job):
    a = account()
    a.login()
    db.execute("INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at,"
               " expires_at) VALUES (sha256(%s), %s, 'verify', %s, now() - interval '3 days',"
               " now() - interval '2 days')", (a.id.encode(), a.id, a.email))
    db.execute("UPDATE identity.refresh_tokens t SET expires_at = now() - interval '1 minute'"
               " FROM identity.sessions s WHERE s.id = t.session_id AND s.user_id = %s", (a.id,))
    run_job("identity.cleanup")

    def cleaned():
        db.execute("SELECT (SELECT count(*) FROM identity.one_time_tokens WHERE user_id = %(id)s)"
                   " + (SELECT count(*) FROM identity.refresh_tokens t JOIN identity.sessions s"
                   "      ON s.id = t.session_id WHERE s.user_id = %(id)s) AS n", {"id": a.id})
        return db.fetchone()["n"] == 0
    wait_for(cleaned, "the clean-up", 20)


def test_the_regular_jobs_queue_their_successors(db, run_job):
    for kind, every in (("identity.cleanup", "hour"), ("identity.purge", "day")):
        db.execute("DELETE FROM bus.jobs WHERE kind = %s", (kind,))
        run_job(kind)

        def successor():
            db.execute("SELECT due_at = date_trunc(%s, now(), 'UTC') + ('1 ' || %s)::interval"
                       " AS good FROM bus.jobs WHERE kind = %s AND unique_key IS NOT NULL",
                       (every, every, kind))
            return db.fetchone()
        assert wait_for(successor, f"the next {kind}")["good"]


def test_a_mail_that_is_not_taken_is_sent_later_and_once(api, account, mailbox, db):
    a = account()
    mailbox.behave("421")
    expect(api.post("/api/v1/auth/password/forgot", json={"email": a.email}), 202)

    def failed():
        db.execute("SELECT attempts FROM bus.jobs WHERE kind = 'identity.mail'"
                   " AND payload->>'user' = %s AND state = 'queued' AND attempts > 0", (a.id,))
        return db.fetchone()
    wait_for(failed, "a failed try")
    mailbox.behave("ok")
    db.execute("UPDATE bus.jobs SET due_at = now() WHERE kind = 'identity.mail'"
               " AND payload->>'user' = %s AND state = 'queued'", (a.id,))
    mailbox.wait(to=a.email)
    assert len(mailbox.all(to=a.email)) == 1


def test_create_user_makes_an_account_once(running, api, row):
    email, account_id = new_email("first"), str(uuid.uuid4())
    arguments = ("create-user", "--email", email.upper(), "--role", "STATION_MANAGER", "--station",
                 STATION, "--id", account_id, "--name", "First One")
    done = running.command("identity", *arguments, stdin=PASSWORD + "\n")
    assert done.returncode == 0 and done.stdout.split() == [account_id, "created"], done.stderr
    again = running.command("identity", *arguments, stdin="another password 77\n")
    assert again.returncode == 0 and again.stdout.split() == [account_id, "kept"], again.stderr
    assert row("users", id=account_id)["name"] == "First One"
    tokens = expect(api.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD}))
    me = expect(api.with_token(tokens["access_token"]).get("/api/v1/me"))
    assert me["email_verified"] and me["roles"] == [{"role": "STATION_MANAGER",
                                                     "station_id": STATION}]


@pytest.mark.parametrize("arguments,stdin,says", [
    ((), PASSWORD, "--email"), (("--email", "x", "--role", "ADMIN"), PASSWORD, "--email"),
    (("--email", "a@example.com"), PASSWORD, "--role"),
    (("--email", "a@example.com", "--role", "ADMIN", "--id", "7"), PASSWORD, "UUID"),
    (("--email", "a@example.com", "--role", "ADMIN", "--colour", "red"), PASSWORD, "--email"),
    (("--email", "a@example.com", "--role", "ADMIN"), "short", "12 to 128"),
    (("--email", "a@example.com", "--role", "ADMIN"), "Password1234!", "common"),
    (("--email", "a@example.com", "--role", "ADMIN"), "", "standard input"),
    (("--email", "a@example.com", "--role", "KING"), PASSWORD, "not a role"),
    (("--email", "a@example.com", "--role", "STATION_MANAGER"), PASSWORD, "station")])
def test_create_user_says_what_is_wrong(running, arguments, stdin, says):
    done = running.command("identity", "create-user", *arguments, stdin=stdin)
    assert done.returncode != 0 and says in done.stderr and not done.stdout
    assert PASSWORD not in done.stderr


def test_keys_are_made_and_their_public_part_is_printed(running):
    private = running.command("identity", "keygen").stdout
    key = json.loads(private)["keys"][0]
    assert key["d"] and key["crv"] == "Ed25519"
    public = json.loads(running.command("identity", "public-jwks", stdin=private).stdout)["keys"][0]
    assert "d" not in public and public["x"] == key["x"] and public["kid"] == key["kid"]
    refused = running.command("identity", "public-jwks", stdin="{}")
    assert refused.returncode == 1 and "keys" in refused.stderr


def test_a_forged_signature_is_refused(api, account):
    a = account()
    token = expect(a.try_login())["access_token"]
    head, body, signature = token.split(".")
    for forged in (f"{head}.{body}.", f"{head}.{body}.{signature[:-4]}AAAA",
                   f"{head}..{signature}"):
        expect_problem(api.with_token(forged).get("/api/v1/me"), 401, "unauthorized")
