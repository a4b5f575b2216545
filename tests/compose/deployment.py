"""scripts/deploy with docker-compose.yml: versions to be rolled out, the command, and what Docker saw of it."""
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time

from lib.messages import KEY

from suite import CLIENT, PORT, ROOT, containers, inspect, run, wait_for

PROGRAMS = ("identity", "booking")
# Says what it is asked for, runs, and serves nobody.
HANGS = """#!/bin/sh
case ${1:-} in --version) echo 'booking hangs' ;; --check-config) ;; --health) exit 1 ;; *) exec sleep 600 ;; esac
"""


def image(service, version):
    return f"{os.environ['IMAGE_PREFIX']}/{service}:{version}"


def make_version(folder, version, booking=None):
    """Images of another version, whose programs say so; with the script as program of booking, which may not work."""
    first = os.environ["VERSION"]
    assert len(version) == len(first)
    for service in ("migrate", "nginx"):
        run("docker", "tag", image(service, first), image(service, version))
    for service in PROGRAMS:
        box = run("docker", "create", image(service, first)).stdout.strip()
        run("docker", "cp", f"{box}:/usr/local/bin/{service}", folder / "program")
        run("docker", "rm", box)
        program = (folder / "program").read_bytes()
        assert first.encode() in program
        (folder / "program").write_bytes(program.replace(first.encode(), version.encode()))
        if booking and service == "booking":
            (folder / "program").write_text(booking)
        (folder / "Dockerfile").write_text(f"FROM {image(service, first)}\nCOPY program /usr/local/bin/{service}\n")
        run("docker", "build", "-q", "-t", image(service, version), folder)
    return version


def runs(service):
    """The versions that serve."""
    return sorted(inspect(c)["Config"]["Image"].rpartition(":")[2] for c in containers(service))


class Deploy:
    """deploy(ARGUMENT...): its exit status and what it said. close() leaves .env as it was."""

    def __init__(self, folder, listener):
        self.listener, self.dotenv = listener, ROOT / ".env"
        self.before = self.dotenv.read_text() if self.dotenv.exists() else None
        self.dotenv.write_text(f"VERSION={runs('booking')[0]}\n")
        (folder / "key").write_text(KEY + "\n")
        self.env = os.environ | {"DEPLOY": "compose", "DEPLOY_DIR": str(folder / "deploy"), "HEALTHY_S": "5",
                                 "NOTIFY_URL": listener.url, "NOTIFY_SECRET_FILE": str(folder / "key")}
        if CLIENT != ["docker-compose"]:  # as `docker compose`
            plugins = folder / "docker/cli-plugins"
            plugins.mkdir(parents=True)
            (plugins / "docker-compose").symlink_to(CLIENT[0])
            self.env["DOCKER_CONFIG"] = str(folder / "docker")
        del self.env["VERSION"]  # .env has it

    def close(self):
        self.listener.server.shutdown()
        if self.before is None:
            self.dotenv.unlink()
        else:
            self.dotenv.write_text(self.before)

    def start(self, *arguments, **more):
        return subprocess.Popen(["scripts/deploy", *arguments], cwd=ROOT, env=self.env | more, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def __call__(self, *arguments, **more):
        process = self.start(*arguments, **more)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said

    def kill(self, process, when):
        wait_for(when, "the middle", 120)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


class Replicas:
    """How many replicas of a service ran at once while the block did. Docker keeps few events, so they are read as they
    come."""

    def __init__(self, service):
        self.service = service

    def __enter__(self):
        self.running = set(containers(self.service))
        self.least = self.most = len(self.running)
        wanted = (f"label=com.docker.compose.service={self.service}", "label=com.docker.compose.oneoff=False",
                  "event=start", "event=die")
        self.events = subprocess.Popen(["docker", "events", "--since", f"{time.time():.3f}", "--format", "{{json .}}",
                                        *(word for w in wanted for word in ("--filter", w))],
                                       stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()
        return self

    def follow(self):
        for event in map(json.loads, self.events.stdout):
            (self.running.add if event["status"] == "start" else self.running.discard)(event["id"])
            self.least, self.most = min(self.least, len(self.running)), max(self.most, len(self.running))

    def __exit__(self, *args):
        try:
            wait_for(lambda: self.running == set(containers(self.service)), "the last event")
        finally:
            self.events.terminate()
            self.thread.join()
            self.events.wait()


def certificate():
    """What nginx shows."""
    return ssl.get_server_certificate(("localhost", PORT)).strip()


def write(secret, text):
    """As an operator has to: into the file, which the container has, not another one in its place."""
    file = pathlib.Path(os.environ["SECRETS_DIR"]) / secret
    before = file.read_text()
    file.write_text(text)
    return before
