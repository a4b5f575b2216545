"""The API as a caller sees it. Every exchange is written to a log, which the contract test holds
against the printed OpenAPI documents."""
import concurrent.futures
import json
import threading
import time
import uuid

import requests
import requests.adapters


class Recorder:
    """One JSON object a line: request and reply as they were, without credentials."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, reply, duration_s):
        sent = reply.request
        body = sent.body.decode("utf-8", "replace") if isinstance(sent.body, bytes) else sent.body
        row = {
            "method": sent.method,
            "path": sent.path_url,
            "request_headers": {k.lower(): "***" if k.lower() == "authorization" else str(v)
                                for k, v in sent.headers.items()},
            "request_body": body,
            "status": reply.status_code,
            "headers": {k.lower(): v for k, v in reply.headers.items()},
            "body": reply.text,
            "duration_s": round(duration_s, 4),
        }
        with self.lock:
            self.file.write(json.dumps(row) + "\n")
            self.file.flush()


class Api:
    """api.get("/api/v1/menu"), api.post("/api/v1/bookings", json={...}, key=True)"""

    def __init__(self, base_url, ca_file, recorder, connections=256):
        self.base_url = base_url
        self.recorder = recorder
        self.token = None
        self.headers = {}
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca_file
        self.session.mount("http", requests.adapters.HTTPAdapter(pool_maxsize=connections))

    def with_token(self, token):
        """The same connections, for another caller; None: nobody."""
        other = object.__new__(Api)
        other.__dict__ = self.__dict__ | {"token": token}
        return other

    def with_headers(self, **headers):
        """with_headers(X_Real_IP="192.0.2.1")"""
        other = object.__new__(Api)
        added = {name.replace("_", "-"): value for name, value in headers.items()}
        other.__dict__ = self.__dict__ | {"headers": self.headers | added}
        return other

    def request(self, method, path, *, key=None, if_match=None, headers=None, record=True, **rest):
        """key: an Idempotency-Key, True for a new one. rest: json, data, params ... of requests."""
        sent = dict(self.headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if key:
            sent["Idempotency-Key"] = str(uuid.uuid4()) if key is True else key
        if if_match:
            sent["If-Match"] = if_match
        sent |= headers or {}
        start = time.monotonic()
        reply = self.session.request(method, self.base_url + path, headers=sent,
                                     timeout=rest.pop("timeout", 35), allow_redirects=False, **rest)
        if record and self.recorder:
            self.recorder.write(reply, time.monotonic() - start)
        return reply

    def get(self, path, **rest):
        return self.request("GET", path, **rest)

    def post(self, path, json=None, **rest):
        return self.request("POST", path, json=json, **rest)

    def put(self, path, json=None, **rest):
        return self.request("PUT", path, json=json, **rest)

    def patch(self, path, json=None, **rest):
        return self.request("PATCH", path, json=json, **rest)

    def delete(self, path, **rest):
        return self.request("DELETE", path, **rest)


def expect(reply, status=200):
    """The JSON of a reply that has to be a success."""
    assert reply.status_code == status, f"{reply.status_code}: {reply.text}"
    if status == 204:
        return None
    assert reply.headers["Content-Type"].startswith("application/json"), reply.headers
    return reply.json()


def expect_problem(reply, status, code, pointer=None):
    """The problem document (RFC 9457) that a reply has to be; pointer: of one of its errors."""
    assert reply.status_code == status, f"{reply.status_code}: {reply.text}"
    assert reply.headers["Content-Type"].startswith("application/problem+json"), reply.headers
    problem = reply.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem["type"] == f"urn:myhibachi:problem:{code}"
    assert problem["title"]
    assert problem["request_id"] == reply.headers["X-Request-Id"]
    if pointer is not None:
        pointers = [e["pointer"] for e in problem.get("errors", [])]
        assert pointer in pointers, problem
    return problem


def together(calls):
    """Runs the functions at the same moment, each in a thread; their results, in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(run, c) for c in calls]]
