"""What nginx itself promises: security headers, CORS, redirects, its own errors, its log."""
import json
import socket
import ssl
import uuid

import pytest
import requests

from lib.client import expect, expect_problem
from lib.raw import exchange
from lib.stack import wait_for

HEALTH = "/api/v1/health"


@pytest.fixture(scope="module")
def raw(running):
    """raw(bytes): to nginx's TLS port."""
    return lambda data: exchange(running.env["BASE_URL"], data, running.env["CA_FILE"])


@pytest.fixture(scope="module")
def plain_url(running):
    for line in (running.run_dir / "settings").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "HTTP_PORT":
            return f"http://localhost:{value}"
    raise AssertionError("no HTTP_PORT")


@pytest.mark.parametrize("method,path,status", [
    ("GET", "/", 200), ("GET", "/api/docs/", 200), ("GET", "/api/openapi.json", 200),
    ("GET", HEALTH, 200), ("GET", "/api/v1/bookings", 401), ("GET", "/none", 404),
    ("POST", "/api/docs/", 405), ("TRACE", HEALTH, 405)])
def test_security_headers_are_everywhere(api, method, path, status):
    reply = api.request(method, path)
    assert reply.status_code == status
    h = reply.headers
    assert h["X-Content-Type-Options"] == "nosniff"
    assert h["X-Frame-Options"] == "DENY"
    assert h["Referrer-Policy"] == "no-referrer"
    assert h["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "frame-ancestors 'none'" in h["Content-Security-Policy"]
    assert "unsafe" not in h["Content-Security-Policy"]
    assert h["Cache-Control"] == ("no-cache" if status == 200 and path != HEALTH else "no-store")
    assert h["Server"] == "nginx"
    assert len(h["X-Request-Id"]) == 32


def test_the_request_id_is_ours(api):
    reply = api.get("/none", headers={"X-Request-Id": "mine"})
    problem = expect_problem(reply, 404, "not_found")
    assert problem["request_id"] == reply.headers["X-Request-Id"] != "mine"
    ids = {api.get(HEALTH).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


# --- CORS

def origins(running):
    for line in (running.run_dir / "nginx/cors.conf").read_text().splitlines():
        yield line.split('"')[1].removeprefix("~^").removesuffix("$").replace("\\", "")


def test_listed_origins_may_call_with_credentials(api, running):
    for origin in origins(running):
        for path in (HEALTH, "/none"):
            h = api.get(path, headers={"Origin": origin}).headers
            assert h["Access-Control-Allow-Origin"] == origin
            assert h["Access-Control-Allow-Credentials"] == "true"
            assert "X-RateLimit-Remaining" in h["Access-Control-Expose-Headers"]
            assert "Origin" in h["Vary"]


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost:3000.evil.test",
                                    "HTTP://LOCALHOST:3000", "http://localhost"])
def test_other_origins_may_not(api, origin):
    for method in ("GET", "OPTIONS"):
        reply = api.request(method, HEALTH, headers={
            "Origin": origin, "Access-Control-Request-Method": "POST"})
        assert not [h for h in reply.headers if h.lower().startswith("access-control-")]
        assert "Origin" in reply.headers["Vary"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_preflight_is_answered_here(api, running, method):
    reply = api.request("OPTIONS", "/api/v1/bookings", headers={
        "Origin": next(origins(running)), "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, idempotency-key"})
    assert reply.status_code == 204 and not reply.content
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, PATCH, DELETE"
    for name in ("Authorization", "Content-Type", "Idempotency-Key", "If-Match"):
        assert name in reply.headers["Access-Control-Allow-Headers"]
    assert reply.headers["Access-Control-Max-Age"] == "7200"


# --- TLS and plain HTTP

def test_pages_move_to_https(plain_url, running):
    for path in ("/", "/api/docs/"):
        reply = requests.get(plain_url + path, allow_redirects=False, timeout=10)
        assert reply.status_code == 308
        assert reply.headers["Location"] == running.env["BASE_URL"] + path
        assert "Strict-Transport-Security" not in reply.headers


def test_api_calls_without_tls_are_refused_not_redirected(plain_url, running):
    for url in (plain_url, running.env["BASE_URL"].replace("https", "http")):
        for method in ("GET", "POST"):
            reply = requests.request(method, url + HEALTH, allow_redirects=False, timeout=10)
            expect_problem(reply, 403, "https_required")


def handshake(running, lowest, highest):
    context = ssl.create_default_context(cafile=running.env["CA_FILE"])
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = lowest, highest
    context.set_alpn_protocols(["h2", "http/1.1"])
    port = int(running.env["BASE_URL"].rsplit(":", 1)[1])
    with socket.create_connection(("localhost", port), timeout=10) as s:
        with context.wrap_socket(s, server_hostname="localhost") as tls:
            return tls.version(), tls.selected_alpn_protocol()


def test_tls_is_1_2_or_1_3_and_offers_http_2(running):
    v = ssl.TLSVersion
    assert handshake(running, v.TLSv1_2, v.TLSv1_2) == ("TLSv1.2", "h2")
    assert handshake(running, v.TLSv1_3, v.TLSv1_3) == ("TLSv1.3", "h2")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_tls_is_refused(running):
    with pytest.raises(ssl.SSLError) as refused:
        handshake(running, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    assert refused.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"  # nginx's word, not this client's own


# --- nginx's own errors are problem documents, even for what is no HTTP

CLOSE = b"Host: localhost\r\nConnection: close\r\n"
GET = b"GET " + HEALTH.encode() + b" HTTP/1.1\r\n"
POST = b"POST /api/v1/bookings/quote HTTP/1.1\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("data,status,code", [
    pytest.param(b"GARBAGE\r\n\r\n", 400, "malformed", id="no request line"),
    pytest.param(b"GET " + HEALTH.encode() + b" HTTP/3.0\r\n" + CLOSE + b"\r\n", 400, "malformed",
                 id="version"),
    pytest.param(GET + b"Connection: close\r\n\r\n", 400, "malformed", id="no host"),
    pytest.param(GET + CLOSE + b"Host: other\r\n\r\n", 400, "malformed", id="two hosts"),
    pytest.param(GET + b"Host: evil.test\r\nConnection: close\r\n\r\n", 421, "misdirected",
                 id="another host"),
    pytest.param(b"GET https://evil.test/ HTTP/1.1\r\n" + CLOSE + b"\r\n", 421, "misdirected",
                 id="another host in the target"),
    pytest.param(b"TRACE / HTTP/1.1\r\n" + CLOSE + b"\r\n", 405, "method_not_allowed", id="TRACE"),
    pytest.param(b"CONNECT a.test:443 HTTP/1.1\r\n" + CLOSE + b"\r\n", 400, "malformed",
                 id="CONNECT"),
    pytest.param(b"BREW " + HEALTH.encode() + b" HTTP/1.1\r\n" + CLOSE + b"\r\n", 405,
                 "method_not_allowed", id="unknown method"),
    pytest.param(POST + CLOSE + b"Transfer-Encoding: xchunked\r\n\r\n", 400, "malformed",
                 id="unknown transfer encoding"),
    pytest.param(POST + CLOSE + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
                 400, "malformed", id="two framings"),
    pytest.param(POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400,
                 "malformed", id="chunk size"),
    pytest.param(POST + CLOSE + b"Idempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n",
                 400, "malformed", id="chunk size, with a key"),
    pytest.param(POST + CLOSE + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400,
                 "malformed", id="two lengths"),
    pytest.param(POST + CLOSE + b"Content-Length: +3\r\n\r\nabc", 400, "malformed", id="length"),
    pytest.param(POST + CLOSE + b"Content-Length: 10485761\r\n\r\n", 413, "too_large",
                 id="body too large"),
    pytest.param(b"GET /?" + b"x" * 9000 + b" HTTP/1.1\r\n" + CLOSE + b"\r\n", 414, "uri_too_long",
                 id="long target"),
    pytest.param(GET + CLOSE + b"X: " + b"x" * 9000 + b"\r\n\r\n", 431, "headers_too_large",
                 id="long header"),
    pytest.param(b"GET /api/v1/../../../etc/passwd HTTP/1.1\r\n" + CLOSE + b"\r\n", 400,
                 "malformed", id="above the root"),
    pytest.param(b"GET /api/v1/health%00 HTTP/1.1\r\n" + CLOSE + b"\r\n", 400, "malformed",
                 id="NUL in the path"),
])
def test_refusals_are_problem_documents(raw, data, status, code):
    reply = raw(data)
    expect_problem(reply, status, code)
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"
    if status == 405:
        assert "GET" in reply.headers["Allow"] and "TRACE" not in reply.headers["Allow"]


# Whatever nginx makes of a path, what it serves is decided by the bytes that were sent.
@pytest.mark.parametrize("path", [
    "//api/v1/health", "/api//v1/health", "/api/v1/%68ealth", "/api/v1/bookings/../health",
    "/api/v1/./health", "/api/v1/health%2f..%2fhealth", "/api/docs/..%2f..%2fhealth",
    "/api/v1/healthy", "/api/v1/health;/", "/metrics", "/api/v1/metrics", "/repeatable", "/closing", "/closing/repeatable",
    "/-/error/MALFORMED", "/api/docs/%2e%2e/%2e%2e/health", "/API/V1/HEALTH"])
def test_other_spellings_of_a_path_are_not_found(raw, path):
    reply = raw(f"GET {path} HTTP/1.1\r\n".encode() + CLOSE + b"\r\n")
    assert reply.status_code in (400, 404), reply.text
    expect_problem(reply, reply.status_code, {400: "malformed", 404: "not_found"}[reply.status_code])


# --- pages, compression, log

def test_the_reference_page_and_document(api):
    assert "<title>" in api.get("/api/docs/").text
    assert api.get("/api/docs").headers["Location"] == "/api/docs/"
    document = expect(api.get("/api/openapi.json"))
    assert "/api/v1/auth/login" in document["paths"]
    assert "/api/v1/bookings/quote" in document["paths"]


def test_json_is_compressed_when_asked(api):
    asked = api.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert asked.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in asked.headers["Vary"]
    plain = api.get("/api/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == asked.json()


def test_the_log_has_the_request_and_no_secrets(api, running):
    secret = "s" + uuid.uuid4().hex * 2
    reply = api.get(f"/api/v1/bookings/{secret}?token={secret}")

    def line():
        return next((r for r in running.log("nginx-access").splitlines()
                     if reply.headers["X-Request-Id"] in r), None)
    row = json.loads(wait_for(line, "the access log's line"))
    assert secret not in json.dumps(row)
    assert row["path"] == "/api/v1/bookings/***"
    assert row["ip"] in ("127.0.0.0", "-")
    assert row["status"] == reply.status_code and row["service"] == "booking"


@pytest.mark.parametrize("target,agent", [(b"/none", b"J\xe4ger \xff"), (b"/none/\xe4\xff", b"x"),
                                          (b"/none/\"\\", b'"\\","status":200,"x":"\x09')])
def test_whatever_is_sent_a_line_of_the_log_is_json(raw, running, target, agent):
    """Else nobody who reads the log by machine would see who sent it."""
    reply = raw(b"GET " + target + b" HTTP/1.1\r\nUser-Agent: " + agent + b"\r\n" + CLOSE + b"\r\n")
    request_id = expect_problem(reply, 404, "not_found")["request_id"].encode()
    path = running.run_dir / "logs/nginx-access.log"

    def line():
        return next((r for r in path.read_bytes().splitlines() if request_id in r), None)
    row = json.loads(wait_for(line, "the access log's line").decode("ascii"))
    assert row["status"] == 404 and row["path"].startswith(("/none", "(not ASCII)"))


def test_what_goes_wrong_is_logged_without_its_secrets(api, stack):
    """nginx's error log has whole URLs, and no setting to leave them out."""
    secret = "s" + uuid.uuid4().hex * 2
    stack.stop("booking-1", "booking-2")
    reply = api.get(f"/api/v1/calendar/feed/{secret}.ics?q={secret}")
    assert reply.status_code in (502, 503, 504), reply.text
    wait_for(lambda: reply.headers["X-Request-Id"] in stack.log("nginx-access"), "the access log's line")
    for log in (stack.run_dir / "logs").glob("*.log"):
        assert secret not in log.read_text(errors="replace"), log
