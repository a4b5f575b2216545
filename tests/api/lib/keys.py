"""The key ring of a service, to change while it runs."""
import base64
import os
import uuid

import requests

from lib.stack import wait_for


class Ring:
    """In the file that its processes read on SIGHUP. The last ring that was set stays."""

    def __init__(self, running, service, *parts):
        self.running, self.parts = running, parts
        self.path = running.run_dir / f"secrets/{service}.keyring"

    def get(self):
        return self.path.read_text().strip().split(",")

    def set(self, *keys):
        def reloads():
            return [self.running.log(part).count('"keys.reloaded"') for part in self.parts]
        before = reloads()
        self.path.write_text(",".join(keys) + "\n")
        for part in self.parts:
            self.running.signal(part, "HUP")
        wait_for(lambda: all(now > then for now, then in zip(reloads(), before)), "the new keys")

    @staticmethod
    def made():
        return f"k{uuid.uuid4().hex[:8]}:" + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def counted(running, outcome, *parts):
    """resealed_total{outcome} of these processes together."""
    name, sum_of_all = f'resealed_total{{outcome="{outcome}"}} ', 0
    for part in parts:
        lines = requests.get(running.metrics_url(part), timeout=10).text.splitlines()
        sum_of_all += sum(int(line.removeprefix(name)) for line in lines if line.startswith(name))
    return sum_of_all
