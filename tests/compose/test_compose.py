"""docker-compose.yml run for real: the whole suite up in containers, used, scaled, killed, restarted, down."""
import json
import os
import time

import pytest
import requests

from deployment import HANGS, Replicas, certificate, make_version, runs, write
from suite import (CLIENT, FOLDER, PORT, ROOT, URL, Traffic, balanced_over, compose, containers, get, healthy, inspect, logs,
                   run, up, wait_for)

SERVICES = ("identity", "booking")
MOST_MB = 25  # of a service's image above its base


# --- what is there

def test_the_suite_serves(suite):
    assert get().status_code == 200
    assert json.loads(get(URL + "/api/v1/health").text)["service"] == "booking"
    assert "My Hibachi" in get(URL + "/").text
    assert get(URL + "/api/openapi.json").json()["openapi"].startswith("3.1")


def test_a_customer_books(suite):
    """From nothing: the first account by the command, the demo's catalogue, a login, a booking, and its
    mail in the catcher."""
    booker = {"name": "Compose Test", "email": "compose@example.com", "phone": "+14085550100"}
    run("docker", "exec", "-i", containers("identity")[0], "/usr/local/bin/identity", "create-user", "--email",
        "root@example.com", "--role", "SUPER_ADMIN", stdin="a long enough pass phrase\n")
    demo = (ROOT / "scripts/demo.sql").read_text()
    owner = (FOLDER / "secrets/pg-mh_owner").read_text().strip()
    run("docker", "exec", "-i", "-e", f"PGPASSWORD={owner}", containers("postgres")[0], "psql", "-q", "-h",
        "127.0.0.1", "-U", "mh_owner", "-v", "ON_ERROR_STOP=1", "-d", "myhibachi", stdin=demo)

    def post(path, body, **headers):
        return requests.post(URL + path, json=body, verify=FOLDER / "secrets/ca.pem", headers=headers, timeout=40)
    login = post("/api/v1/auth/login", {"email": "root@example.com", "password": "a long enough pass phrase"})
    assert login.status_code == 200, login.text
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    wish = {"event_date": day, "event_time": "18:00", "adults": 10, "venue_zip": "95112", "event_type": "birthday",
            "venue_address": "1 Market Street, San Jose", "contact": booker}
    # The replicas notice the new catalogue within seconds.
    wait_for(lambda: post("/api/v1/bookings/quote", {"guest_count": 10, "venue_zip": "95112"}).status_code == 200,
             "a quote", 30)
    booked = post("/api/v1/bookings", wish, **{"Idempotency-Key": "compose-1"})
    assert booked.status_code == 201, booked.text
    again = post("/api/v1/bookings", wish, **{"Idempotency-Key": "compose-1"})
    assert again.json()["id"] == booked.json()["id"]
    read = get(URL + f"/api/v1/bookings/{booked.json()['id']}",
               headers={"Authorization": "Bearer " + login.json()["access_token"]})
    assert read.status_code == 200 and read.json()["event_date"] == day
    mails = wait_for(lambda: [m for m in requests.get(f"http://127.0.0.1:{PORT + 2}/messages", timeout=10).json()
                              if "compose@example.com" in json.dumps(m)], "its mail", 30)
    assert URL in json.dumps(mails[-1])


# --- how it is locked up

@pytest.mark.parametrize("service", [*SERVICES, "nginx"])
def test_containers_have_no_rights(suite, service):
    box = inspect(containers(service)[0])
    assert box["Config"]["User"] == "10001:10001"
    host = box["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["Memory"] > 0 and host["PidsLimit"] > 0
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["LogConfig"]["Config"]["max-size"] == "10m" and host["RestartPolicy"]["Name"] == "unless-stopped"
    assert not [e for e in box["Config"]["Env"] if "password" in e.lower() or "://mh_" in e]
    write = run("docker", "exec", containers(service)[0], "/bin/sh", "-c", "touch /usr/local/x", check=False)
    assert write.returncode != 0 and "Read-only" in write.stderr


def test_only_nginx_can_be_reached(suite):
    published = {}
    for service in (*SERVICES, "nginx", "postgres", "redis", "mail"):
        ports = inspect(containers(service)[0])["NetworkSettings"]["Ports"]
        published[service] = sorted({(p["HostIp"], p["HostPort"]) for ps in ports.values() for p in ps or []})
    loopback = [("127.0.0.1", str(PORT + 2))]
    assert {port for _, port in published.pop("nginx")} == {str(PORT), str(PORT + 1)}
    assert published == {"identity": [], "booking": [], "postgres": [], "redis": [], "mail": loopback}
    # The one that faces the world cannot reach what the services keep.
    for host in ("postgres", "redis", "mail"):
        found = run("docker", "exec", containers("nginx")[0], "getent", "hosts", host, check=False)
        assert found.returncode != 0, host


@pytest.mark.parametrize("service", SERVICES)
def test_images_are_small(suite, environment, service):
    def size(image):
        return int(run("docker", "image", "inspect", "-f", "{{.Size}}", image).stdout)
    above = (size(f"{environment['IMAGE_PREFIX']}/{service}:{environment['VERSION']}") - size(environment["BASE_IMAGE"])) / 1e6
    print(f"{service}: {above:.1f} MB above its base")
    assert above < MOST_MB


# --- coming and going

def scale_while_it_serves():
    with Traffic() as traffic:
        for n in (4, 1, 2):
            up("--scale", f"booking={n}")
            wait_for(lambda: balanced_over(n), f"nginx to use {n} replicas", 15)
            traffic.more()
    assert not traffic.failures, traffic.failures[:3]


def test_scaling_while_it_serves(suite):
    scale_while_it_serves()


def test_a_killed_replica_is_passed_over_and_comes_back(suite):
    up("--scale", "booking=2")
    wait_for(lambda: balanced_over(2), "two replicas", 15)
    with Traffic() as traffic:
        victim = containers("booking")[0]
        pid = inspect(victim)["State"]["Pid"]
        os.kill(pid, 9)  # the container's first process, from outside: a crash
        traffic.more()
        wait_for(lambda: inspect(victim)["State"]["Running"] and inspect(victim)["RestartCount"] == 1, "its restart", 30)
        wait_for(lambda: balanced_over(2), "two replicas", 30)
        traffic.more()
    assert not traffic.failures, traffic.failures[:3]


def test_postgres_restarts(suite):
    """503 that says to come back, and serving again within seconds."""
    run("docker", "stop", "-t", "30", containers("postgres")[0])
    wait_for(lambda: not healthy(), "health to say that it is away", 20)
    away = get(URL + "/api/v1/availability", params={"venue_zip": "95112", "from": "2030-01-01", "to": "2030-01-01"})
    assert away.status_code == 503 and int(away.headers["Retry-After"]) >= 1
    compose("start", "postgres")
    wait_for(healthy, "health", 30)


def test_redis_is_gone(suite):
    run("docker", "stop", "-t", "1", containers("redis")[0])
    try:
        assert [get().status_code for _ in range(20)] == [200] * 20
    finally:
        compose("start", "redis")


def test_migrations_run_twice_at_once(start):
    for box in [start("migrate") for _ in range(2)]:
        wait_for(lambda: "is up to date" in run("docker", "logs", box).stdout, "its end", 60)


# --- mistakes

@pytest.fixture
def start(suite):
    """start(ARGUMENT...): a container of its own, beside the suite; its id."""
    boxes = []

    def started(*arguments):
        boxes.append(run(*CLIENT, "run", "-d", "--no-deps", *arguments).stdout.split()[-1])
        return boxes[-1]
    yield started
    for box in boxes:
        run("docker", "rm", "-f", box)


def ended(box):
    """How it ended, and what it said."""
    wait_for(lambda: inspect(box)["State"]["ExitCode"], "its end", 30)
    done = run("docker", "logs", box)
    return inspect(box)["State"]["ExitCode"], done.stdout + done.stderr


@pytest.fixture
def wrong(tmp_path):
    """wrong("KEYRING", "text"): arguments that give a service this secret."""
    def arguments(variable, text):
        file = tmp_path / "wrong"
        file.write_text(text)
        file.chmod(0o644)
        return "-v", f"{file}:/wrong:ro", "-e", f"{variable}_FILE=/wrong"
    return arguments


@pytest.mark.parametrize("variable,text", [
    ("DATABASE_URL", "not a url\n"), ("KEYRING", "k1:short\n"), ("JWKS", "{}\n")])
def test_a_wrong_secret_is_named(start, wrong, variable, text):
    code, said = ended(start(*wrong(variable, text), "booking"))
    assert code == 78 and variable in said and text.strip() not in said, said


def test_a_missing_certificate_is_named(start):
    code, said = ended(start("-e", "TLS_CERT=/run/secrets/nothing", "nginx"))
    assert code == 78 and "TLS_CERT" in said, said


def test_a_wrong_password_shows_as_unhealthy(start, wrong):
    """It runs, is not used, and its log says why."""
    box = start(*wrong("DATABASE_URL", "postgresql://mh_booking:wrong@postgres:5432/myhibachi?sslmode=disable\n"),
                "booking")
    wait_for(lambda: inspect(box)["State"]["Health"]["Status"] == "unhealthy", "unhealthy", 90)
    done = run("docker", "logs", box)
    assert "password authentication failed" in done.stdout + done.stderr


# --- deployment (scripts/deploy); the rest of it is with Compose v2, and in tests/api/test_deploy.py

PAUSE_S = 0.05  # its clients leave most of the machine to what is deployed


def two_replicas():
    up("--scale", "booking=2")
    wait_for(lambda: balanced_over(2), "two replicas", 15)


def told(deploy):
    return [(e["type"].removeprefix("deployment."), e["to"]) for e in deploy.listener.events()]


def test_a_version_comes_and_nobody_notices(suite, deploy, environment, tmp_path):
    new = make_version(tmp_path, "compose-2")
    two_replicas()
    with Traffic(PAUSE_S) as traffic, Replicas("booking") as replicas:
        code, said = deploy(new)
        traffic.more()
    assert code == 0 and said.splitlines()[-1] == f"deployed {new}; {environment['VERSION']} is kept", said
    assert runs("booking") == [new, new] and runs("identity") == [new]
    assert get(URL + "/api/v1/health").json()["version"] == new
    assert not traffic.failures, traffic.failures[:3]
    assert (replicas.least, replicas.most) == (2, 3)
    assert told(deploy) == [("started", new), ("succeeded", new)]
    assert deploy.dotenv.read_text() == f"VERSION={new}\n"


def test_another_certificate_comes_and_nobody_notices(suite, deploy, tmp_path):
    run(ROOT / "scripts/certificate", tmp_path / "tls", "localhost", "127.0.0.1")
    new, first = ((tmp_path / "tls" / name).read_text() for name in ("server.pem", "ca.pem"))
    box, before = containers("nginx"), {"ca.pem": write("ca.pem", (FOLDER / "secrets/ca.pem").read_text() + first)}
    try:
        with Traffic(PAUSE_S) as traffic:
            before["tls-cert"] = write("tls-cert", new)
            code, said = deploy("--nginx")
            assert code == 1 and "nothing was changed" in said.splitlines()[-1] and "key" in said, said
            assert certificate() == before["tls-cert"].strip()
            before["tls-key"] = write("tls-key", (tmp_path / "tls/server.key").read_text())
            code, said = deploy("--nginx")
            assert code == 0 and certificate() == new.strip(), said
            traffic.more()
        assert not traffic.failures, traffic.failures[:3]
        assert containers("nginx") == box
    finally:
        for secret, text in before.items():
            write(secret, text)
    code, said = deploy("--nginx")
    assert code == 0 and certificate() == before["tls-cert"].strip(), said


# --- the same file with Docker Compose v2: what depends on the one who reads it -------------------

def test_v2_starts_the_suite(newer):
    assert get().status_code == 200
    assert get(URL + "/").status_code == 200


def test_v2_scales_while_it_serves(newer):
    scale_while_it_serves()


def test_v2_up_again_changes_nothing(newer):
    up("--scale", "booking=2")
    before = {s: sorted(containers(s)) for s in ("identity", "booking", "postgres", "nginx")}
    up("--scale", "booking=2")
    assert {s: sorted(containers(s)) for s in before} == before
    assert "is up to date" in logs("migrate")


def test_v2_a_deployment_is_killed_and_goes_on(newer, deploy, environment, tmp_path):
    """Nobody notices; and meanwhile another one is refused."""
    new = make_version(tmp_path, "compose-2")
    two_replicas()
    with Traffic(PAUSE_S) as traffic, Replicas("booking") as replicas:
        first = deploy.start(new)
        wait_for(lambda: deploy.listener.messages, "its start", 60)
        code, said = deploy(environment["VERSION"])
        assert code == 75 and "another deployment runs" in said, said
        deploy.kill(first, lambda: new in runs("booking"))
        assert f"broken off: from {environment['VERSION']} to {new}" in deploy("--status")[1]
        code, said = deploy(new)
        assert code == 0 and said.splitlines()[-1].startswith(f"deployed {new}"), said
        traffic.more()
    assert runs("booking") == [new, new] and runs("identity") == [new]
    assert not traffic.failures, traffic.failures[:3]
    assert (replicas.least, replicas.most) == (2, 3)
    assert "broken off" not in deploy("--status")[1]


def is_taken_back(deploy, version, why, **more):
    up("--scale", "booking=1")
    before = {s: runs(s) for s in SERVICES}
    with Traffic(PAUSE_S) as traffic:
        code, said = deploy(version, **more)
        traffic.more()
    assert code == 1 and said.splitlines()[-1].startswith(f"deploy: {version} is taken back") and why in said, said
    assert {s: runs(s) for s in SERVICES} == before
    assert not traffic.failures, traffic.failures[:3]
    assert told(deploy) == [("started", version), ("rolled_back", version)]
    assert why in deploy.listener.events()[-1]["reason"]
    assert "broken off" not in deploy("--status")[1]


def test_v2_what_does_not_get_healthy_is_taken_back(newer, deploy, tmp_path):
    is_taken_back(deploy, make_version(tmp_path, "compose-3", HANGS), "does not get ready")


def test_v2_what_fails_its_smoke_test_is_taken_back(newer, deploy, tmp_path):
    login = tmp_path / "login"
    login.write_text(json.dumps({"email": "nobody@example.com", "password": "not this one, no"}))
    is_taken_back(deploy, make_version(tmp_path, "compose-4"), "smoke test: a login", SMOKE_LOGIN_FILE=str(login))


def test_v2_other_settings_of_nginx(newer, deploy):
    """Refused before its container is touched, or taken by another container; and only when they are others."""
    box = containers("nginx")
    code, said = deploy("--nginx", CORS_ORIGINS="nonsense")
    assert code == 1 and "'nonsense' is not an origin" in said and containers("nginx") == box, said
    code, said = deploy("--nginx", CORS_ORIGINS="https://app.example.com")
    assert code == 0 and containers("nginx") != box, said
    box = containers("nginx")
    assert get(headers={"Origin": "https://app.example.com"}).headers["Access-Control-Allow-Origin"]
    code, said = deploy("--nginx", CORS_ORIGINS="https://app.example.com")
    assert code == 0 and containers("nginx") == box, said
