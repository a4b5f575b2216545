"""A PgBouncer in transaction mode between the services of the test stack and PostgreSQL."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from lib.stack import SERVICES, wait_for

POOL_SIZE = 3  # server connections of a role: fewer than what one process opens

CONFIG = """
[databases]
myhibachi = host=127.0.0.1 port={server_port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {dir}/users
pool_mode = transaction
default_pool_size = {pool_size}
query_wait_timeout = 5
server_login_retry = 1
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def program_of(part):
    return part.rstrip("-0123456789")


class Bouncer:
    def __init__(self, stack):
        self.stack, self.process, self.port = stack, None, free_port()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="mh-bouncer-"))
        self.urls = {s: stack.secret(f"{s}.database-url") for s in map(program_of, SERVICES)}
        self.users = "".join(f'"mh_{s}" "{stack.secret(f"pg-mh_{s}")}"\n' for s in self.urls)
        server_port = re.search(r"@127\.0\.0\.1:(\d+)/", self.urls["booking"])[1]
        self.write("ini", CONFIG.format(server_port=server_port, port=self.port, dir=self.dir, pool_size=POOL_SIZE))
        self.write("users", self.users)
        for service, url in self.urls.items():
            self.urls[service] = url.replace(f":{server_port}/", f":{self.port}/")
            self.write(service, self.urls[service])
        if os.geteuid() == 0:  # it refuses to run as root
            for path in (self.dir, self.dir / "ini", self.dir / "users"):
                shutil.chown(path, "postgres", "postgres")

    def write(self, name, text):
        (self.dir / name).touch(0o600)
        (self.dir / name).write_text(text)

    def start(self):
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", "-q", self.dir / "ini"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd="/", **user)

        def listens():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        wait_for(listens, "PgBouncer")

    def kill(self):
        """As a crash: what it was passing on is cut off."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def put_between(self):
        """All services ask it, and nobody asks PostgreSQL."""
        self.start()
        for part in SERVICES:
            self.stack.configure(part, DATABASE_URL_FILE=self.dir / program_of(part), PG_PREPARE="false")

    def take_away(self):
        for part in SERVICES:
            self.stack.configure(part)
        self.kill()
        shutil.rmtree(self.dir)
