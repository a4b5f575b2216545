"""docker-compose.yml run for real: the whole suite up in containers, used, scaled, killed, restarted,
down. Needs a Docker engine, or Debian's dockerd and root to start one; where neither can run, these tests
are skipped and say so."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest
import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))

from lib.stack import wait_for  # noqa: E402

FOLDER = ROOT / ".run/compose"
PORT = 19443
URL = f"https://localhost:{PORT}"
SERVICES = ("identity", "booking")
MOST_MB = 25  # of a service's image above its base
MENU = URL + "/api/v1/menu"
CLIENT = ["docker-compose"]  # the fixture `newer` puts Compose v2 there


def run(*command, check=True, stdin=None, **env):
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, input=stdin,
                          check=False, timeout=900)
    assert not check or done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


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
    env |= {"SECRETS_DIR": str(FOLDER / "secrets"), "COMPOSE_PROJECT_NAME": "myhibachi-test", "VERSION": "test",
            "HTTPS_PORT": str(PORT), "HTTP_PORT": str(PORT + 1), "MAIL_PORT": str(PORT + 2), "WEB_URL": URL,
            "SERVICE_ENV_FILE": str(ROOT / "tests/compose/service.env"), "CONNECTIONS_PER_IP": "1000",
            "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0", "APP_ENV": "compose",
            "SMTP_TLS": "off"}
    os.environ.update(env)
    run(ROOT / "tests/compose/images")
    run(ROOT / "scripts/secrets")
    return env


def compose(*command, **more):
    return run(*CLIENT, "--profile", "sandbox", *command, **more)


def up(*more):
    return compose("up", "-d", *more)


@pytest.fixture(scope="session")
def suite(environment):
    compose("build", "-q")
    compose("down", "-v", "--remove-orphans")
    up()
    wait_for(healthy, "the suite to serve", 90)
    yield
    compose("down", "-v", "--remove-orphans")


def get(url=MENU, **more):
    return requests.get(url, verify=FOLDER / "secrets/ca.pem", timeout=40, **more)


def healthy():
    try:
        return get(URL + "/api/v1/health").status_code == 200
    except OSError:
        return False


def containers(service):
    return compose("ps", "-q", service).stdout.split()


def inspect(container):
    return json.loads(run("docker", "inspect", container).stdout)[0]


def logs(service):
    done = compose("logs", "--no-color", service)
    return done.stdout + done.stderr


class Traffic:
    """Four clients that read, until the end of the block."""

    def __enter__(self):
        self.stop, self.answers, self.failures = threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.repeat) for _ in range(4)]
        for t in self.threads:
            t.start()
        return self

    def repeat(self):
        session = requests.Session()
        while not self.stop.is_set():
            try:
                reply = session.get(MENU, verify=FOLDER / "secrets/ca.pem", timeout=40)
                self.answers += 1
                if reply.status_code != 200:
                    self.failures.append((reply.status_code, reply.text[:200]))
            except OSError as e:
                self.failures.append(repr(e))

    def more(self, n=100):
        target = self.answers + n
        wait_for(lambda: self.answers >= target, f"{n} more replies", 60)

    def __exit__(self, *args):
        self.stop.set()
        for t in self.threads:
            t.join()


def balanced_over(n):
    """nginx uses that many booking replicas."""
    lines = [i for i in logs("nginx").splitlines() if "balancer: booking: healthy:" in i]
    return bool(lines) and len(lines[-1].split("healthy: ")[1].split(",")[0].split()) == n


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
    above = (size(f"{environment['IMAGE_PREFIX']}/{service}:test") - size(environment["BASE_IMAGE"])) / 1e6
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


# --- the same file with Docker Compose v2: what depends on the one who reads it -------------------

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
