"""The same file with Docker Compose v2: what depends on the one who reads it. The images are those of
test_compose.py."""
import pytest

import test_compose
from test_compose import FOLDER, ROOT, URL, Traffic, balanced_over, compose, containers, engine, environment
from test_compose import get, healthy, logs, run, up, wait_for

__all__ = ["engine", "environment"]  # fixtures


@pytest.fixture(scope="module")
def newer(environment):
    client = FOLDER / "compose-v2"
    done = run(ROOT / "tests/compose/fetch-v2", client, check=False)
    if done.returncode != 0:
        pytest.skip(f"NOT RUN: {done.stderr.strip()}")
    compose("build", "-q")
    older, test_compose.CLIENT = test_compose.CLIENT, [client]
    assert "version 2." in compose("version").stdout.replace("version v", "version ")
    compose("down", "-v", "--remove-orphans")
    up()
    wait_for(healthy, "the suite to serve", 90)
    yield
    compose("down", "-v", "--remove-orphans")
    test_compose.CLIENT = older


def test_the_suite_serves(newer):
    assert get().status_code == 200
    assert get(URL + "/").status_code == 200


def test_scaling_while_it_serves(newer):
    with Traffic() as traffic:
        for n in (4, 1, 2):
            up("--scale", f"booking={n}")
            wait_for(lambda: balanced_over(n), f"nginx to use {n} replicas", 15)
            traffic.more()
    assert not traffic.failures, traffic.failures[:3]


def test_up_again_changes_nothing(newer):
    before = {s: sorted(containers(s)) for s in ("identity", "booking", "postgres", "nginx")}
    up("--scale", "booking=2")
    assert {s: sorted(containers(s)) for s in before} == before
    assert "is up to date" in logs("migrate")
