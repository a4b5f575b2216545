"""Health, as load balancers and operators ask for it, and the metrics port."""
import json
import os
import pathlib
import re
import subprocess
import uuid

import pytest
import requests

from lib.client import Api, expect, expect_problem
from lib.stack import SERVICES, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY = ("/health", "/api/v1/health", "/api/v1/health/", "/api/v1/health/readiness")
LIVENESS = "/api/v1/health/liveness"


@pytest.fixture(params=SERVICES)
def part(request):
    return request.param


@pytest.fixture
def own(running, recorder, part):
    """One process, past nginx."""
    return Api(running.url(part), None, recorder)


def name_of(part):
    return part.rstrip("-12")


def version_of(running, service):
    """As the binary prints it."""
    binary = f"{running.env['BIN_DIR']}/{service}"
    name, version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()
    assert name == service and version
    return version


def test_ready(running, api, own, part):
    for path in READY:
        for caller, service in ((own, name_of(part)), (api, "booking")):
            reply = caller.get(path)
            version = version_of(running, service)
            assert expect(reply) == {"status": "ready", "service": service, "version": version, "checks": {
                "database": {"status": "healthy"}, "redis": {"status": "healthy"}}}
            assert reply.headers["Cache-Control"] == "no-store"
            assert "X-RateLimit-Limit" not in reply.headers  # who watches is never refused
            assert caller.request("HEAD", path).status_code == 200


def test_alive(own):
    assert expect(own.get(LIVENESS)) == {"status": "alive"}


def test_details_are_for_operators(api, login):
    expect_problem(api.get("/api/v1/health/detailed"), 401, "unauthorized")
    expect_problem(login("CUSTOMER").get("/api/v1/health/detailed"), 403, "forbidden")
    expect_problem(login("CHEF").get("/api/v1/health/detailed"), 403, "forbidden")
    expect(login("ADMIN").get("/api/v1/health/detailed"))


def test_details_name_the_configuration_and_tell_no_value(own, part, running, login):
    reply = own.with_token(login("SUPER_ADMIN").token).get("/api/v1/health/detailed")
    details = expect(reply)
    assert details["status"] == "ready" and details["service"] == name_of(part)
    assert {"DATABASE_URL", "KEYRING", "JWKS"} <= set(details["config"])
    assert details["database_round_trip_us"] > 0 and details["requests_in_flight"] >= 1
    assert details["connections"] >= 1 and details["system"]["max_rss_kb"] > 0
    for secret in (running.run_dir / "secrets").iterdir():
        for word in re.findall(r"[A-Za-z0-9_-]{20,}", secret.read_text()):
            assert word not in reply.text, secret.name


def test_without_redis_it_is_ready_but_says_so(stack, own):
    stack.stop("redis")
    wait_for(lambda: expect(own.get(READY[1]))["checks"]["redis"]["status"] == "degraded", "redis to be missed")
    assert expect(own.get(READY[1]))["status"] == "ready"
    stack.start("redis")
    wait_for(lambda: expect(own.get(READY[1]))["checks"]["redis"]["status"] == "healthy", "redis to be back")


def unready(own):
    """The problem that says so."""
    reply = wait_for(lambda: [r for r in [own.get(READY[1])] if r.status_code == 503], "503")[0]
    assert int(reply.headers["Retry-After"]) >= 1
    return expect_problem(reply, 503, "not_ready")


def test_without_the_database_it_is_alive_and_not_ready(stack, running, recorder):
    every = [Api(running.url(p), None, recorder) for p in SERVICES]
    stack.stop("postgres")
    for own in every:
        assert unready(own)["checks"]["database"]["status"] == "unhealthy"
        expect(own.get(LIVENESS))
    stack.start("postgres")
    for own in every:
        wait_for(lambda: own.get(READY[1]).status_code == 200, "ready again")


def test_where_the_database_is_is_not_told_to_everybody(stack, running, api):
    port = running.env["DATABASE_URL"].rsplit(":", 1)[1].split("/")[0]
    stack.stop("postgres")
    text = json.dumps(unready(api))
    assert port not in text and "127.0.0.1" not in text and "connection" not in text


def test_a_replica_that_is_told_to_stop_says_so_first(limits, stack, api):
    """It goes on serving until nginx had the time to notice, and nobody who asks nginx notices anything."""
    own = limits("booking-2", DRAIN_MS="2000")
    pid = stack.pid("booking-2")
    stack.signal("booking-2", "TERM")
    assert "draining" in unready(own)["detail"]
    expect(own.get(LIVENESS))
    reply = own.post("/api/v1/bookings/quote", {"guest_count": 2, "venue_zip": "95112"})
    assert expect(reply)["guest_count"] == 2
    assert reply.headers["Connection"] == "close"

    def gone():
        assert api.get("/api/v1/bookings").status_code == 401
        return not os.path.exists(f"/proc/{pid}")
    wait_for(gone, "the process to end")
    with pytest.raises(requests.exceptions.ConnectionError):
        own.get(LIVENESS)
    stack.start("booking-2")
    expect(own.get(READY[1]))


def test_the_binary_asks_for_a_container(running, part):
    environment = running.environment(part)
    binary = f"{running.env['BIN_DIR']}/{name_of(part)}"
    for port, code in ((environment["LISTEN_PORT"], 0), ("1", 1)):
        done = subprocess.run([binary, "--health"], env=environment | {"LISTEN_PORT": port},
                              capture_output=True, check=False, timeout=10)
        assert (done.returncode == 0) == (code == 0), done.stderr


# --- metrics

@pytest.fixture
def metrics(running, part):
    return lambda path="/metrics", **more: requests.get(
        running.metrics_url(part).removesuffix("/metrics") + path, timeout=10, **more)


def value_of(text, name, **labels):
    """The sum of the series that have these labels."""
    total = 0
    for line in text.splitlines():
        if re.match(name + r"[{ ]", line) and all(f'{k}="{v}"' in line for k, v in labels.items()):
            total += float(line.rsplit(" ", 1)[1])
    return total


def test_metrics_are_in_the_form_that_prometheus_wants(metrics):
    reply = metrics()
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    done = subprocess.run(["promtool", "check", "metrics"], input=reply.text, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def documented(running, service):
    """{name: (kind, labels)}, as `BINARY --metrics` prints it."""
    printed = subprocess.run([f"{running.env['BIN_DIR']}/{service}", "--metrics"], capture_output=True, text=True,
                             check=True).stdout
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| .+ \|$", printed, re.MULTILINE)
    assert len(rows) == len(printed.splitlines()) > 15
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_metrics_are_those_of_the_documentation(metrics, running, part, own):
    """Each that is documented is there, with these labels, and nothing else is. What operations.md looks at is
    among them."""
    known = documented(running, name_of(part))
    own.get(LIVENESS)
    text = metrics().text
    assert dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)) == {n: kind for n, (kind, _) in known.items()}
    parts = {name + suffix: (name, {"le"} if suffix == "_bucket" else set())
             for name, (kind, _) in known.items() if kind == "histogram" for suffix in ("_bucket", "_sum", "_count")}
    seen = set()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        series, labels = re.match(r"(\w+)(?:\{(.*)\})? [0-9.e+-]+$", line).groups()
        name, more = parts.get(series, (series, set()))
        assert set(re.findall(r'(\w+)="', labels or "")) == known[name][1] | more, line
        seen.add(name)
    assert {n for n, (_, labels) in known.items() if not labels} | {"http_requests_total"} <= seen
    page = (ROOT / "docs/operations.md").read_text()
    named = set(re.findall(r"`(\w+_(?:total|seconds|bytes|busy|dropped|ahead|status))`", page))
    assert len(named) > 8 and named <= set(known), named - set(known)


def test_requests_are_counted_by_route_and_status(metrics, own, part):
    before = metrics().text
    for _ in range(3):
        own.get(LIVENESS)
        own.get(f"/{uuid.uuid4()}")
        own.get("/api/v1/users" if part == "identity" else "/api/v1/bookings")
    after = metrics().text
    for labels in ({"route": "health_liveness", "status": "200"}, {"route": "-", "status": "404"}):
        grown = value_of(after, "http_requests_total", **labels) - value_of(before, "http_requests_total", **labels)
        assert grown == 3, labels
    count = "http_request_duration_seconds_count"
    assert value_of(after, count, route="health_liveness") - value_of(before, count, route="health_liveness") == 3


def test_labels_are_no_data(metrics, own, login):
    """Whoever could make labels could make them without end, and read others' there."""
    secret = uuid.uuid4().hex
    caller = own.with_token(login("CUSTOMER").token)
    for path in (f"/{secret}", f"/api/v1/bookings/{secret}", f"/api/v1/me?{secret}=1", f"/api/v1/roles/{secret}"):
        caller.get(path, headers={"User-Agent": secret, "X-Request-Id": secret})
    own.request(secret[:8].upper(), "/api/v1/me")
    text = metrics().text
    assert secret not in text and secret[:8].upper() not in text
    assert "@" not in text and not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)


def test_the_metrics_port_has_nothing_else(metrics, part, own):
    for path in ("/", "/api/v1/health", "/metrics/", "/metrics?a=b", "/api/v1/users"):
        reply = metrics(path)
        assert reply.status_code == 404 and reply.json()["code"] == "not_found"
    assert own.get("/metrics").status_code == 404


def test_nginx_does_not_serve_metrics(api, running, part):
    port = running.metrics_url(part).split(":")[2].split("/")[0]
    for path in ("/metrics", "/metrics/", "/api/metrics", "/api/v1/metrics", "/api/v1/monitoring/metrics",
                 "/api/v1/health/metrics", f"/{port}/metrics", "//metrics"):
        for headers in ({}, {"Host": f"localhost:{port}"}, {"X-Forwarded-Port": port}):
            reply = api.get(path, headers=headers)
            assert reply.status_code == 404, path
            assert json.loads(reply.text)["code"] == "not_found"
