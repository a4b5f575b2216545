"""What the mail catcher of the test stack (tests/sim/mail) has caught."""
import re

import requests

from lib.stack import wait_for


class Mail:
    def __init__(self, caught):
        self.id = caught["id"]
        self.to = caught["to"]
        self.subject = caught["subject"]
        self.text = caught["text"] or ""
        self.html = caught["html"] or ""

    def token(self):
        """The secret in the mail's link."""
        return re.search(r"token=([A-Za-z0-9._~-]+)", self.text)[1]


class Mailbox:
    """The mails that came since the fixture was set up."""

    def __init__(self, url):
        self.url = url
        self.last = max((m["id"] for m in self._caught()), default=0)

    def _caught(self, **query):
        reply = requests.get(self.url + "/messages", params=query, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def all(self, to):
        """Those to an address, newest first."""
        return [Mail(m) for m in self._caught(to=to) if m["id"] > self.last]

    def wait(self, to, subject=""):
        """The newest one to an address with these words in its subject."""
        def newest():
            return next((m for m in self.all(to) if subject.lower() in m.subject.lower()), None)
        return wait_for(newest, f"a mail to {to}")

    def behave(self, mode):
        """How the server treats what comes: ok, 421, 550, drop, slow."""
        reply = requests.post(self.url + "/behave", json={"smtp": mode}, timeout=10)
        assert reply.status_code == 200, reply.text
