"""Fixtures over the test stack (make test-stack). It stays up between runs: tests make the data that
they need and do not count on an empty database."""
import json
import pathlib

import psycopg2
import psycopg2.extras
import pytest

from lib.client import Api, Recorder, expect
from lib.mail import Mailbox
from lib.stack import Clock, Stack
from lib.tokens import claims_of


@pytest.fixture(scope="session")
def running():
    """The stack as it is; for tests that do not trouble it."""
    return Stack()


@pytest.fixture
def stack(running):
    """The stack, to stop and kill parts of; what is down afterwards is started again."""
    yield running
    running.heal()


@pytest.fixture(scope="session")
def recorder(running):
    return Recorder(running.run_dir / "contract.jsonl")


@pytest.fixture(scope="session")
def api(running, recorder):
    """The API through nginx, as a caller without a token."""
    return Api(running.env["BASE_URL"], running.env["CA_FILE"], recorder)


@pytest.fixture(scope="session")
def demo(running):
    """The demo accounts: {role: {email, password}}"""
    return json.loads(pathlib.Path(running.env["DEMO_FILE"]).read_text())["users"]


@pytest.fixture(scope="session")
def tokens():
    """Access tokens by role. Whoever moves the clock or revokes clears it."""
    return {}


@pytest.fixture
def login(running, api, demo, tokens):
    """login("ADMIN"): the API as that demo account, with a token that lives for some minutes."""
    now = Clock(running.env["CLOCK_OFFSET_FILE"]).now

    def as_role(role):
        if role not in tokens or claims_of(tokens[role])["exp"] < now() + 300:
            reply = expect(api.post("/api/v1/auth/login", json=demo[role]))
            tokens[role] = reply["access_token"]
        return api.with_token(tokens[role])
    return as_role


@pytest.fixture
def clock(running, tokens):
    """The services' wall clock; it is right again after the test."""
    c = Clock(running.env["CLOCK_OFFSET_FILE"])
    tokens.clear()
    yield c
    c.reset()
    tokens.clear()


@pytest.fixture
def mailbox(running):
    """mailbox.wait(to="a@example.com"): the mails that the services sent."""
    box = Mailbox(running.env["MAIL_URL"])
    yield box
    box.behave("ok")


@pytest.fixture
def db(running):
    """The database, as its owner; rows are dicts."""
    c = psycopg2.connect(running.env["DATABASE_URL"],
                         cursor_factory=psycopg2.extras.RealDictCursor)
    c.autocommit = True
    with c.cursor() as cursor:
        yield cursor
    c.close()


@pytest.fixture
def limits(running, recorder):
    """limits("booking-2", RATE_PUBLIC="5/5"): that process alone, past nginx, with other settings
    until the end of the test. It believes with_headers(X_Real_IP=...)."""
    changed = set()

    def configured(part, **variables):
        changed.add(part)
        running.configure(part, **variables)
        return Api(running.url(part), None, recorder)

    yield configured
    for part in changed:
        running.configure(part)
