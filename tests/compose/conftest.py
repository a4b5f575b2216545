"""The suite in containers. Needs a Docker engine, or Debian's dockerd and root to start one; where neither can run,
these tests are skipped and say so."""
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

from deployment import Deploy  # noqa: E402
from lib.messages import Listener  # noqa: E402
from suite import CLIENT, FOLDER, PORT, ROOT, URL, compose, healthy, run, up, wait_for  # noqa: E402


@pytest.fixture(scope="session")
def engine():
    """DOCKER_HOST of an engine."""
    done = run(ROOT / "tests/compose/engine", "start", FOLDER / "engine", check=False)
    if done.returncode != 0 or not shutil.which("docker-compose"):
        pytest.skip(f"NOT RUN: no Docker engine can run here. {done.stderr.strip()}")
    os.environ["DOCKER_HOST"] = done.stdout.strip()
    yield done.stdout.strip()
    run(ROOT / "tests/compose/engine", "stop", FOLDER / "engine")


@pytest.fixture(scope="session")
def environment(engine):
    """What docker-compose reads; the images are made."""
    names = run("sh", "-c", ". tests/compose/names; env -0 | grep -z -E '^(BASE|POSTGRES|REDIS)_IMAGE=|^IMAGE_PREFIX='")
    env = dict(line.split("=", 1) for line in names.stdout.split("\0") if line)
    env |= {"SECRETS_DIR": str(FOLDER / "secrets"), "COMPOSE_PROJECT_NAME": "myhibachi-test", "VERSION": "compose-1",
            "HTTPS_PORT": str(PORT), "HTTP_PORT": str(PORT + 1), "MAIL_PORT": str(PORT + 2), "WEB_URL": URL,
            "SERVICE_ENV_FILE": str(ROOT / "tests/compose/service.env"), "CONNECTIONS_PER_IP": "1000",
            "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0", "APP_ENV": "compose",
            "SMTP_TLS": "off"}
    os.environ.update(env)
    run(ROOT / "tests/compose/images")
    run(ROOT / "scripts/secrets")
    return env


@pytest.fixture(scope="session")
def suite(environment):
    compose("build", "-q")
    compose("down", "-v", "--remove-orphans")
    up()
    wait_for(healthy, "the suite to serve", 90)
    yield
    compose("down", "-v", "--remove-orphans")


@pytest.fixture
def deploy(suite, tmp_path):
    """deploy(ARGUMENT...), with deploy.listener who is told."""
    it = Deploy(tmp_path, Listener())
    yield it
    it.close()


@pytest.fixture(scope="module")
def newer(suite):
    client = FOLDER / "compose-v2"
    done = run(ROOT / "tests/compose/fetch-v2", client, check=False)
    if done.returncode != 0:
        pytest.skip(f"NOT RUN: {done.stderr.strip()}")
    older, CLIENT[:] = CLIENT[:], [client]
    assert "version v2." in compose("version").stdout
    compose("down", "-v", "--remove-orphans")
    up()
    wait_for(healthy, "the suite to serve", 90)
    yield
    compose("down", "-v", "--remove-orphans")
    CLIENT[:] = older
