"""The key that seals MFA secrets is changed as docs/operations.md says, while people sign in."""
import pytest

from lib.client import expect, expect_problem
from lib.keys import Ring, counted
from lib.stack import wait_for
from people import PASSWORD, totp

MFA = "/api/v1/auth/mfa"
UNREADABLE = 125  # two batches and a half


@pytest.fixture
def clock(clock):
    """Early in a step of 30 seconds: a code is of the same step when it arrives."""
    clock.advance(seconds=(32 - clock.now() % 30) % 30)
    return clock


@pytest.fixture
def ring(running):
    return Ring(running, "identity", "identity")


@pytest.fixture
def unreadable(account, db):
    """Accounts whose secrets were sealed with a key that nobody has any more."""
    a = account()
    db.execute("INSERT INTO identity.users (id, email, kind, name, mfa_secret, created_at, updated_at)"
               " SELECT gen_random_uuid(), 'sealed.' || n || %s, 'customer', 'X', 'e1.gone.AAAA.AAAA', now(), now()"
               " FROM generate_series(1, %s) n", (a.email, UNREADABLE))
    yield
    db.execute("DELETE FROM identity.users WHERE mfa_secret = 'e1.gone.AAAA.AAAA'")


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
    before = {outcome: counted(running, outcome, "identity") for outcome in ("sealed", "unreadable")}
    ring.set(old, new)  # everybody can open before anybody seals
    ring.set(new, old)
    done = running.command("identity", "reseal")
    assert done.returncode == 0 and int(done.stdout.split()[0]) > UNREADABLE, done.stderr

    wait_for(lambda: counted(running, "unreadable", "identity") >= before["unreadable"] + UNREADABLE, "every batch", 20)
    assert row("users", id=a.id)["mfa_secret"].startswith(f"e1.{new_id}.")
    assert counted(running, "sealed", "identity") > before["sealed"]
    assert '"sealed.unreadable"' in running.log("identity")

    ring.set(new)
    expect_problem(a.try_login(), 401, "mfa_required")
    expect(a.try_login(mfa_code=totp(secret, clock.now())))


def test_nothing_is_left_to_do(running, ring, account, clock, run_job, row, db):
    a, secret = with_second_factor(account, clock)
    sealed = row("users", id=a.id)["mfa_secret"]
    db.execute("DELETE FROM bus.jobs WHERE kind = 'identity.reseal'")
    assert running.command("identity", "reseal").stdout.split()[0] == "0"

    def over():
        db.execute("SELECT count(*) AS n, min(unique_key) AS day FROM bus.jobs WHERE kind = 'identity.reseal'")
        left = db.fetchone()
        return left["n"] == 1 and left["day"].endswith("T00")  # of tomorrow
    wait_for(over, "the job")
    assert row("users", id=a.id)["mfa_secret"] == sealed
    expect(a.try_login(mfa_code=totp(secret, clock.now())))
