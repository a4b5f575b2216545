"""docker-compose.yml run for real, as its tests see it: the suite in containers, its engine, its customers."""
import json
import os
import subprocess
import threading

import requests

from lib.stack import ROOT, wait_for

FOLDER = ROOT / ".run/compose"
PORT = int(os.environ.get("COMPOSE_TEST_PORT", 19443))
URL = f"https://localhost:{PORT}"
MENU = URL + "/api/v1/menu"
CLIENT = ["docker-compose"]  # the fixture `newer` puts Compose v2 there


def run(*command, check=True, stdin=None, **env):
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, input=stdin,
                          check=False, timeout=900)
    assert not check or done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def compose(*command, **more):
    return run(*CLIENT, "--profile", "sandbox", *command, **more)


def up(*more):
    return compose("up", "-d", *more)


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
    """Four clients that read, until the end of the block, and wait that long after each reply."""

    def __init__(self, pause_s=0):
        self.pause_s = pause_s

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
            self.stop.wait(self.pause_s)

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
