"""scripts/deploy, as an operator runs it and as customers see it: a version comes and goes, and no request fails."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
import requests

from lib.messages import KEY, Listener
from lib.stack import ROOT, wait_for
from test_replicas import Traffic


@pytest.fixture
def listener():
    it = Listener()
    yield it
    it.server.shutdown()


@pytest.fixture
def deploy(stack, listener, tmp_path):
    """deploy(ARGUMENT...): its exit status and what it said. What ran before runs afterwards."""
    secret = tmp_path / "key"
    secret.write_text(KEY + "\n")
    env = os.environ | {"RUN_DIR": str(stack.run_dir), "NOTIFY_URL": listener.url, "NOTIFY_SECRET_FILE": str(secret)}

    def run(*arguments, popen=False, **more):
        command, both = [ROOT / "scripts/deploy", *map(str, arguments)], subprocess.STDOUT
        if popen:
            return subprocess.Popen(command, env=env | more, stdout=subprocess.PIPE, stderr=both, text=True,
                                    start_new_session=True)
        done = subprocess.run(command, env=env | more, stdout=subprocess.PIPE, stderr=both, text=True, timeout=300,
                              check=False)
        return done.returncode, done.stdout
    programs = stack.env["BIN_DIR"]
    yield run
    code, said = run(programs)
    assert code == 0, said


@pytest.fixture
def release(running, tmp_path):
    """release("b"): programs of that name, which work; with the script as program of booking, which may not."""
    def make(name, booking=None):
        folder = tmp_path / name
        folder.mkdir()
        for s in ("identity", "booking"):
            shutil.copy(pathlib.Path(running.env["BIN_DIR"]) / s, folder / s)
            with open(folder / s, "ab") as f:
                f.write(name.encode())  # another release, by its digest
        if booking:
            (folder / "booking").write_text(booking)
        return folder
    return make


def runs(stack):
    """Digests of what the services run."""
    pids = [stack.pid(p) for p in ("identity", "booking-1", "booking-2")]
    return {hashlib.sha256(pathlib.Path(f"/proc/{pid}/exe").read_bytes()).hexdigest() for pid in pids}


def digests(folder):
    return {hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_a_version_comes_and_goes_and_nobody_notices(api, stack, deploy, release, listener, tmp_path, demo):
    new, before = release("new"), runs(stack)
    login = tmp_path / "login"
    login.write_text(json.dumps(demo["CUSTOMER"]))
    with Traffic(api) as traffic:
        code, said = deploy(new, SMOKE_LOGIN_FILE=str(login))
        assert code == 0 and said.splitlines()[-1].startswith("deployed "), said
        assert runs(stack) == digests(new)
        code, said = deploy(new)
        assert code == 0 and "runs already" in said
        code, said = deploy("--back")
        assert code == 0 and runs(stack) == before, said
    assert not traffic.failures, traffic.failures[:5]
    assert [e["type"] for e in listener.events()] == ["deployment.started", "deployment.succeeded"] * 2
    assert not KEY.encode() in b"".join(body for _, body in listener.messages)


# Says what it is asked for, and does not start: as a program that crashes does.
CRASHES = """#!/bin/sh
case $1 in --version) echo 'booking broken' ;; --check-config) exit 0 ;; *) exit 1 ;; esac
"""
REFUSES = CRASHES.replace("exit 0", "echo 'WORKERS: must be'; exit 78")


def test_what_does_not_start_is_taken_back(api, stack, deploy, release, listener):
    before = runs(stack)
    with Traffic(api) as traffic:
        code, said = deploy(release("crashes", CRASHES))
        assert code == 1 and said.splitlines()[-1].startswith("deploy: broken-") and "is taken back" in said, said
    assert not traffic.failures, traffic.failures[:5]
    assert runs(stack) == before
    last = listener.events()[-1]
    assert last["type"] == "deployment.rolled_back" and last["reason"] and last["to"].startswith("broken-")


def test_what_fails_its_smoke_test_is_taken_back(api, stack, deploy, release, tmp_path):
    before, login = runs(stack), tmp_path / "login"
    login.write_text(json.dumps({"email": "nobody@example.com", "password": "not this one, no"}))
    with Traffic(api) as traffic:
        code, said = deploy(release("smoke"), SMOKE_LOGIN_FILE=str(login))
    assert code == 1 and "smoke test: a login" in said.splitlines()[-1], said
    assert runs(stack) == before and not traffic.failures, traffic.failures[:5]


def test_what_cannot_work_is_refused_before_anything_changes(stack, deploy, release, db, listener):
    before = [stack.pid(p) for p in ("identity", "booking-1", "booking-2")]
    code, said = deploy(release("refuses", REFUSES))
    assert code == 1 and "WORKERS: must be" in said and "nothing was changed" in said.splitlines()[-1], said
    db.execute("UPDATE sqitch.changes SET change = 'from_the_future' WHERE change = 'bus_months'")
    try:
        code, said = deploy(release("older"))
    finally:
        db.execute("UPDATE sqitch.changes SET change = 'bus_months' WHERE change = 'from_the_future'")
    assert code == 1 and "does not know: from_the_future" in said.splitlines()[-1], said
    assert before == [stack.pid(p) for p in ("identity", "booking-1", "booking-2")] and not listener.messages


def killed(process, stack):
    """In the middle: one service has the new version."""
    log = stack.run_dir / "releases/log"
    lines = len(log.read_text().splitlines()) if log.exists() else 0
    wait_for(lambda: log.exists() and "restarting booking-1" in log.read_text().splitlines()[lines:], "the middle", 120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_in_the_middle_it_goes_on(api, stack, deploy, release):
    new = release("goes-on")
    with Traffic(api) as traffic:
        killed(deploy(new, popen=True), stack)
        assert "broken off" in deploy("--status")[1]
        code, said = deploy(new)
        assert code == 0 and runs(stack) == digests(new), said
    # Only what the stack's own command was in the middle of.
    assert not traffic.failures, traffic.failures[:5]


def test_killed_in_the_middle_another_version_takes_it_back_first(stack, deploy, release):
    killed(deploy(release("left"), popen=True), stack)
    other = release("other")
    code, said = deploy(other)
    assert code == 0 and "was broken off" in said and runs(stack) == digests(other), said


def test_one_at_a_time(stack, deploy, release, listener):
    first = deploy(release("first"), popen=True)
    wait_for(lambda: listener.messages, "the first one's start", 60)
    code, said = deploy(release("second"))
    assert code == 75 and "another deployment runs" in said, said
    assert first.wait(300) == 0


def test_nobody_to_tell_is_no_failure(deploy, release, listener):
    listener.status = 500
    code, said = deploy(release("untold"), NOTIFY_SECRET_FILE="/nonexistent")
    assert code == 0 and "not told" in said, said


def test_the_balancer_tells_it_to_nobody_else(api, running):
    for path in ("/replicas", "/-/replicas", "/status"):
        assert api.get(path).status_code == 404
        assert requests.get(running.env["BASE_URL"] + path, headers={"Host": "unix"}, timeout=10,
                            verify=running.env["CA_FILE"]).status_code == 421
