"""What the mail catcher of the test stack has caught."""
import email
import email.policy
import pathlib
import re

from lib.stack import wait_for


class Mail:
    def __init__(self, path):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        self.to = str(message["To"])
        self.subject = str(message["Subject"])
        self.text = message.get_body(("plain",)).get_content()

    def token(self):
        """The secret in the mail's link."""
        return re.search(r"token=([A-Za-z0-9._~-]+)", self.text)[1]


class Mailbox:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.seen = set(self.folder.glob("*.eml"))

    def since(self):
        """The mails that came since the fixture was set up, oldest first."""
        new = set(self.folder.glob("*.eml")) - self.seen
        return [Mail(p) for p in sorted(new)]

    def wait(self, to, subject=None):
        """The newest of them to an address, with the words in its subject."""
        def found():
            for mail in reversed(self.since()):
                if to in mail.to and (subject is None or subject in mail.subject):
                    return mail
            return None
        return wait_for(found, f"a mail to {to}")
