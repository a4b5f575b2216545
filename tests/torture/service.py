"""A service of the build `torture`, and the page by which it is told which allocation fails (libcommon/base/mem.c)."""
import collections
import json
import mmap
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

from lib.stack import wait_for

PATIENCE_S = 4  # for a reply

Reply = collections.namedtuple("Reply", "status headers body")  # None instead: closed without one


class Page:
    """struct torture of libcommon/base/mem.c: count, at, sticky."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), mmap.PAGESIZE)

    def fail(self, n, and_later):
        """The n-th allocation from here on; 0: none."""
        self.map[8:16] = bytes(8)
        self.map[0:8] = bytes(8)
        self.map[16:24] = struct.pack("=Q", and_later)
        self.map[8:16] = struct.pack("=Q", n)

    def count(self):
        return struct.unpack("=Q", self.map[0:8])[0]


class Connection:
    """To the service's own port, kept between requests."""

    def __init__(self, port):
        self.port, self.socket, self.buffer = port, None, b""

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.buffer = None, b""

    def open(self):
        """Until the service has it: its allocations are those of another request."""
        while not self.socket:
            self.socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.send("GET", "/api/v1/health/liveness", {}, b"")

    def line(self, end):
        while end not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError
            self.buffer += more
        taken, _, self.buffer = self.buffer.partition(end)
        return taken

    def take(self, n):
        while len(self.buffer) < n:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError
            self.buffer += more
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def send(self, method, target, headers, body):
        """The reply, or None when the connection was closed without one. TimeoutError: neither."""
        head = {"Host": "localhost", "Content-Length": str(len(body))} | headers
        text = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()) + "\r\n"
        try:
            self.socket.sendall(text.encode() + body)
            lines = self.line(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(lines[0].split()[1])
            got = {k.lower(): v.strip() for k, _, v in (row.partition(":") for row in lines[1:])}
            reply = Reply(status, got, self.take(int(got.get("content-length", 0))))
        except ConnectionError:
            self.close()
            return None
        if got.get("connection") == "close":
            self.close()
        return reply


def preloaded(program):
    """A library has to come after the sanitizer's."""
    asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout
    return f"{asan.strip()}:{program.parents[1] / 'quick_argon2.so'}"


class Service:
    def __init__(self, stack, program, name, env):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mh-torture-"))
        self.page = Page(self.dir / "page")
        self.log = self.dir / "log"
        self.name = name
        usual = stack.environment("identity" if name == "identity" else "booking-1")
        usual.pop("DATABASE_URL_FILE")
        self.env = {"PATH": "/usr/bin:/bin", "TZ": "UTC"} | usual | {"LOG_FILE": str(self.log), "LISTEN_PORT": "0", "METRICS_PORT": "0", "APP_ENV": "torture",
                            "BUS_POLL_MS": "2000", "CLOCK_OFFSET_FILE": "",
                            "ASAN_OPTIONS": "exitcode=99",
                            "LD_PRELOAD": preloaded(program)} | env
        self.err = open(self.dir / "err", "ab")
        self.program = program
        self.process = subprocess.Popen(["sh", "-c", 'exec "$0" 3<>"$1"', program, self.page.path], env=self.env,
                                        stderr=self.err, stdout=self.err)
        port = wait_for(lambda: self.events("service.listening"), f"{name} to listen", 30)[0]["port"]
        self.connection = Connection(port)
        self.ready()

    def events(self, name):
        if not self.log.exists():
            return []
        return [row for row in map(json.loads, self.log.read_text().splitlines()) if row["event"] == name]

    def ready(self):
        def answers():
            self.connection.open()
            reply = self.connection.send("GET", "/api/v1/health/readiness", {}, b"")
            return reply and reply.status == 200
        wait_for(answers, f"{self.name} to be ready", 30)

    def report(self):
        """What a sanitizer said."""
        return (self.dir / "err").read_text(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.err.close()
        shutil.rmtree(self.dir)
