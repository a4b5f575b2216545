"""What nginx is ready for before any service speaks it: WebSockets below /ws/ and server-sent events. A stand-in
speaks both behind an nginx of its own, which has the suite's configuration."""
import json
import os
import pathlib
import queue
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading

import pytest

from lib.raw import Connection
from lib.stack import ROOT, wait_for

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class StandIn(socketserver.StreamRequestHandler):
    """Healthy; below /ws/ an echo after the upgrade; else the events that the test puts in a queue."""

    def handle(self):
        head = b"".join(iter(self.rfile.readline, b"\r\n")).decode()
        if head.startswith("GET /health "):
            body = b'{"service":"booking"}'
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        self.server.heads.append(head)
        if head.startswith("GET /ws/"):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             b"Connection: Upgrade\r\n\r\nhello")
            while data := self.connection.recv(65536):
                self.connection.sendall(data)
            self.server.ended.set()
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
        while event := self.server.events.get(timeout=30):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def standin():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), StandIn) as server:
        server.daemon_threads = True
        server.heads, server.events, server.ended = [], queue.Queue(), threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def edge(running, standin):
    """An nginx with the stand-in for booking; its URL, and its process."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hibachi-edge-"))
    folder.chmod(0o755)  # its workers may be of another user
    for name in ("logs", "temp", "www"):
        (folder / name).mkdir()
    (folder / "replicas").write_text(f"booking 127.0.0.1:{standin.server_address[1]}\n")
    port = free_port()
    subprocess.run([ROOT / "scripts/render-nginx", folder / "conf"], check=True, env=os.environ | {
        "TLS_CERT": str(running.run_dir / "tls/server.pem"), "TLS_KEY": str(running.run_dir / "tls/server.key"),
        "WWW_DIR": str(folder / "www"), "TEMP_DIR": str(folder / "temp"), "LOG_DIR": str(folder / "logs"),
        "REPLICAS_FILE": str(folder / "replicas"), "HTTPS_PORT": str(port), "HTTP_PORT": str(free_port()),
        "LISTEN": "127.0.0.1", "WORKER_PROCESSES": "1"})
    with open(folder / "conf/routes.conf", "a", encoding="utf-8") as routes:
        routes.write('"~^/ws(?:[/?]|$)" booking;\n')
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", folder / "conf", "-e", folder / "logs/error.log",
                              "-c", "nginx.conf", "-g", "daemon off;"])

    def healthy():
        log = folder / "logs/nginx-error.log"
        return log.exists() and "booking: healthy" in log.read_text()
    wait_for(healthy, "nginx and the stand-in")
    yield f"https://localhost:{port}", nginx
    nginx.terminate()
    nginx.wait(timeout=40)
    shutil.rmtree(folder)


@pytest.fixture
def connect(edge, running):
    return lambda: Connection(edge[0], running.env["CA_FILE"])


def read(connection, size):
    """So many bytes of what comes."""
    while len(connection.received) < size:
        assert connection._more(), f"ended after {connection.received!r}"
    data, connection.received = connection.received[:size], connection.received[size:]
    return data


def ask(connection, path, *fields):
    connection.send("\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode())
    while b"\r\n\r\n" not in connection.received:
        assert connection._more(), f"ended after {connection.received!r}"
    head, _, connection.received = connection.received.partition(b"\r\n\r\n")
    return head.decode()


UPGRADE = ("Upgrade: WebSocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
           f"Sec-WebSocket-Key: {KEY}", "Origin: https://app.example")


def test_a_websocket_passes_both_ways_and_outlives_a_reload(connect, edge, standin):
    with connect() as c:
        head = ask(c, "/ws/inbox?after=7", *UPGRADE)
        assert head.startswith("HTTP/1.1 101 ") and "upgrade: websocket" in head.lower()
        assert read(c, 5) == b"hello"  # the server speaks first
        seen = standin.heads[-1]
        assert seen.startswith("GET /ws/inbox?after=7 HTTP/1.1\r\n") and "Upgrade: websocket" in seen
        assert f"Sec-WebSocket-Key: {KEY}" in seen and "Origin: https://app.example" in seen
        for i in range(100):
            message = os.urandom(1 + i * 331)
            assert c.send(message)
            assert read(c, len(message)) == message
            if i == 50:
                edge[1].send_signal(1)  # SIGHUP
    wait_for(standin.ended.is_set, "the stand-in to see the end")


@pytest.mark.parametrize("path", ["/api/v1/bookings", "/api/v1/menu?x=/ws/inbox", "/api/v1/menu/ws/inbox"])
def test_nothing_else_is_upgraded(connect, standin, path):
    standin.events.put(None)
    with connect() as c:
        assert ask(c, path, *UPGRADE).startswith("HTTP/1.1 200 ")
    assert standin.heads[-1].startswith(f"GET {path} ")
    assert "\nUpgrade:" not in standin.heads[-1] and "\nConnection:" not in standin.heads[-1]


def test_each_event_of_a_stream_comes_when_it_is_sent(connect, standin):
    with connect() as c:
        standin.events.put(b"data: 0\n\n")
        head = ask(c, "/api/v1/bookings", "Accept: text/event-stream", "Accept-Encoding: gzip")
        assert "text/event-stream" in head and "content-encoding" not in head.lower()
        for i in range(300):  # the next one is sent when this one has arrived
            event = f"data: {json.dumps(i)}\n\n".encode()
            framed = b"%x\r\n%s\r\n" % (len(event), event)
            assert read(c, len(framed)) == framed
            standin.events.put(f"data: {i + 1}\n\n".encode() if i < 299 else None)
        assert read(c, 5) == b"0\r\n\r\n"
