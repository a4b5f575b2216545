"""schemathesis against the services, by their OpenAPI documents: all of its checks, with fixed seeds, on
a stack of its own, because it locks accounts and switches features off. Where schemathesis cannot be
installed, these tests are skipped."""
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))

from lib.stack import Stack  # noqa: E402
from lib.tokens import claims_of  # noqa: E402

VENV = ROOT / "build/schemathesis"
RUN_DIR = ROOT / ".run/schemathesis"
BIN_DIR = os.environ.get("BIN_DIR", str(ROOT / "build/asan/bin"))
STACK = {"RUN_DIR": str(RUN_DIR), "PORT_OFFSET": "2000", "BIN_DIR": BIN_DIR, "APP_ENV": "schemathesis",
         "SERVICE_ENV": "tests/api/service.env", "CONNECTIONS_PER_IP": "1000", "DRILL": "1"}
STATION = "0198a000-0000-7000-8000-0000000000a1"
# Phases and cases of an operation, for whom; all of it takes less than four minutes.
CALLERS = {"SUPER_ADMIN": ("examples,coverage,fuzzing,stateful", 15), "CUSTOMER": ("examples,fuzzing", 8),
           None: ("examples,fuzzing", 8)}


@pytest.fixture(scope="session")
def tool():
    """The command."""
    done = subprocess.run([ROOT / "scripts/fetch-schemathesis", VENV], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"NOT RUN: schemathesis is not installed here. {done.stderr.strip()}")
    return VENV / "bin/st"


def stack(*command):
    done = subprocess.run([ROOT / "scripts/stack", *command], env=os.environ | STACK, cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def running(tool):
    stack("reset")
    stack("up")
    os.environ["RUN_DIR"] = str(RUN_DIR)
    yield Stack()
    stack("reset")


@pytest.fixture(scope="session")
def caller(running):
    """caller("ADMIN"): two new accounts of that role and the key that signs tokens; None: nobody."""
    key = json.loads(running.secret("jwks-private.json"))["keys"][0]

    def account(role):
        email, password = f"{uuid.uuid4()}@example.com", uuid.uuid4().hex
        station = ["--station", STATION] if role in ("STATION_MANAGER", "CHEF") else []
        subprocess.run([f"{BIN_DIR}/identity", "create-user", "--email", email, "--role", role, *station],
                       env=running.environment("identity"), input=password + "\n", text=True, capture_output=True,
                       check=True)
        reply = requests.post(running.env["BASE_URL"] + "/api/v1/auth/login", verify=running.env["CA_FILE"],
                              json={"email": email, "password": password}, timeout=20)
        return {"email": email, "password": password, "claims": claims_of(reply.json()["access_token"])}
    return lambda role: {"jwk": key, "tester": account(role), "other": account(role)} if role else None


@pytest.mark.parametrize("role", CALLERS, ids=lambda role: role or "nobody")
@pytest.mark.parametrize("service", ["booking", "identity"])
def test_nothing_is_found(tool, running, caller, service, role):
    phases, cases = CALLERS[role]
    environment = os.environ | {"ST_BASE_URL": running.env["BASE_URL"], "ST_CALLER": json.dumps(caller(role))}
    done = subprocess.run(
        [tool, "--no-color", "--config-file", ROOT / "tests/contract/schemathesis.toml", "run",
         RUN_DIR / f"openapi/{service}.json", "--url", running.env["BASE_URL"],
         "--tls-verify", running.env["CA_FILE"],
         "--checks", "all", "--phases", phases, "--max-examples", str(cases)],
        cwd=ROOT, env=environment | {"SSL_CERT_FILE": running.env["CA_FILE"]}, text=True, capture_output=True,
        check=False, timeout=300)
    assert done.returncode == 0, re.sub(r"(?s)^.*?=+ FAILURES", "", done.stdout)[:20000] + done.stderr
    operations, cases = (int(re.search(p, done.stdout)[1]) for p in (r"Tested: +(\d+)", r"(\d+) generated"))
    assert operations > 30 and cases > 3 * operations, done.stdout


def test_no_sanitizer_has_anything_to_say(running):
    """Leaks are reported when a process ends."""
    stack("stop", "identity", "booking-1", "booking-2")
    for log in (RUN_DIR / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        report = re.search(r"ERROR: (Address|Leak)Sanitizer|runtime error:", text)
        assert not report, text[report.start():report.start() + 4000]
