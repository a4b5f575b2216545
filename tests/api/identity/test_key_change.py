"""The key that seals MFA secrets is changed as docs/operations.md says, while people sign in."""
import base64
import os
import uuid

import pytest
import requests

from lib.client import expect, expect_problem
from lib.stack import wait_for
from people import PASSWORD, command, totp

MFA = "/api/v1/auth/mfa"
UNREADABLE = 450  # two batches and a half


@pytest.fixture
def clock(clock):
    """Early in a step of 30 seconds: a code is of the same step when it arrives."""
    clock.advance(seconds=(32 - clock.now() % 30) % 30)
    return clock


class Ring:
    """identity's key ring, in the file that it reads on SIGHUP. The last one that was set stays."""

    def __init__(self, running):
        self.running = running
        self.path = running.run_dir / "secrets/identity.keyring"

    def get(self):
        return self.path.read_text().strip().split(",")

    def set(self, *keys):
        def reloads():
            return self.running.log("identity").count('"keys.reloaded"')
        before = reloads()
        self.path.write_text(",".join(keys) + "\n")
        self.running.signal("identity", "HUP")
        wait_for(lambda: reloads() > before, "the new keys")

    @staticmethod
    def made():
        return f"k{uuid.uuid4().hex[:8]}:" + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


@pytest.fixture
def ring(running):
    return Ring(running)


@pytest.fixture
def unreadable(account, db):
    """Accounts whose secrets were sealed with a key that nobody has any more."""
    a = account()
    db.execute("INSERT INTO identity.users (id, email, kind, name, mfa_secret, created_at, updated_at)"
               " SELECT gen_random_uuid(), 'sealed.' || n || %s, 'customer', 'X', 'e1.gone.AAAA.AAAA', now(), now()"
               " FROM generate_series(1, %s) n", (a.email, UNREADABLE))
    yield
    db.execute("DELETE FROM identity.users WHERE mfa_secret = 'e1.gone.AAAA.AAAA'")


def counted(running, outcome):
    text = requests.get(running.metrics_url("identity"), timeout=10).text
    name = f'identity_resealed_total{{outcome="{outcome}"}} '
    return sum(int(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))


def with_second_factor(account, clock):
    a = account()
    api = a.login()
    secret = expect(api.post(f"{MFA}/setup", json={"password": PASSWORD}))["secret"]
    expect(api.post(f"{MFA}/enable", json={"code": totp(secret, clock.now(), -1)}))
    return a, secret


def test_an_old_key_can_go_when_everything_is_sealed_anew(running, ring, account, unreadable, clock, row):
    a, secret = with_second_factor(account, clock)
    old, new = ring.get()[0], ring.made()
    new_id = new.split(":")[0]
    before = {outcome: counted(running, outcome) for outcome in ("sealed", "unreadable")}
    ring.set(old, new)  # everybody can open before anybody seals
    ring.set(new, old)
    done = command(running, "reseal")
    assert done.returncode == 0 and int(done.stdout.split()[0]) > UNREADABLE, done.stderr

    wait_for(lambda: counted(running, "unreadable") >= before["unreadable"] + UNREADABLE, "every batch", 20)
    assert row("users", id=a.id)["mfa_secret"].startswith(f"e1.{new_id}.")
    assert counted(running, "sealed") > before["sealed"]
    assert '"mfa.unreadable"' in running.log("identity")

    ring.set(new)
    expect_problem(a.try_login(), 401, "mfa_required")
    expect(a.try_login(mfa_code=totp(secret, clock.now())))


def test_nothing_is_left_to_do(running, ring, account, clock, run_job, row, db):
    a, secret = with_second_factor(account, clock)
    sealed = row("users", id=a.id)["mfa_secret"]
    db.execute("DELETE FROM bus.jobs WHERE kind = 'identity.reseal'")
    assert command(running, "reseal").stdout.split()[0] == "0"

    def over():
        db.execute("SELECT count(*) AS n, min(unique_key) AS day FROM bus.jobs WHERE kind = 'identity.reseal'")
        left = db.fetchone()
        return left["n"] == 1 and left["day"].endswith("T00")  # of tomorrow
    wait_for(over, "the job")
    assert row("users", id=a.id)["mfa_secret"] == sealed
    expect(a.try_login(mfa_code=totp(secret, clock.now())))
