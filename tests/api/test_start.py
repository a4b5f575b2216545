"""A service that cannot work says why, in one line that names the variable, and ends: it does not run
half."""
import json
import subprocess

import pytest
import requests

from lib.stack import wait_for

CONFIG = 78  # sysexits.h, EX_CONFIG


@pytest.mark.parametrize("variable,text", [
    ("DATABASE_URL", "not a url"), ("DATABASE_URL", "postgresql://[::1"), ("DATABASE_URL", "host=localhost"),
    ("DATABASE_URL_READ", "replica:5432"), ("REDIS_URL", "localhost"), ("KEYRING", "k1:short"), ("JWKS", "{}")])
def test_a_wrong_setting_is_named(running, variable, text):
    env = running.environment("booking-1") | {"LOG_FILE": "-", "LISTEN_PORT": "0", "METRICS_PORT": "0"}
    env.pop(f"{variable}_FILE", None)
    binary = running.env["BIN_DIR"] + "/booking"
    done = subprocess.run([binary], env=env | {variable: text}, capture_output=True, text=True, timeout=30, check=False)
    errors = [row for row in map(json.loads, filter(None, (done.stdout + done.stderr).splitlines()))
              if row.get("variable") == variable]
    assert done.returncode == CONFIG and len(errors) == 1 and errors[0]["why"], done.stdout + done.stderr
    assert text not in done.stdout + done.stderr


def test_a_wrong_password_is_in_the_log(running, tmp_path):
    """It runs, is not ready, and tells its log what the database said; it tells nobody else."""
    secret = tmp_path / "url"
    secret.write_text(running.secret("booking.database-url").replace(running.secret("pg-mh_booking"), "wrong"))
    log = tmp_path / "log"
    env = running.environment("booking-1") | {"LOG_FILE": str(log), "LISTEN_PORT": "0", "METRICS_PORT": "0",
                                              "DATABASE_URL_FILE": str(secret)}
    process = subprocess.Popen([running.env["BIN_DIR"] + "/booking"], env=env)
    try:
        listening = wait_for(lambda: log.exists() and [r for r in map(json.loads, log.read_text().splitlines())
                                                       if r["event"] == "service.listening"], "its port")
        url = f"http://127.0.0.1:{listening[0]['port']}/api/v1/health"
        wait_for(lambda: requests.get(url, timeout=5).status_code == 503 and
                 "password authentication failed" in log.read_text(), "the reason in its log", 20)
        assert "password" not in requests.get(url, timeout=5).text
    finally:
        process.terminate()
        assert process.wait(30) == 0
