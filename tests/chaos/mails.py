"""What the mail catcher has caught. It keeps the last thousand mails only, so they are looked at as they come."""
import email
import email.policy
import email.utils
import threading


class Mails(threading.Thread):
    """found: (to, subject, message id, number) of each mail that came since."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.found, self.over = folder, [], threading.Event()
        self.known = {p.name for p in folder.glob("*.eml")}

    def look(self):
        for path in self.folder.glob("*.eml"):
            if path.name in self.known:
                continue
            try:
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
            except FileNotFoundError:
                continue
            self.known.add(path.name)
            self.found.append((email.utils.parseaddr(message["To"])[1], message["Subject"], message["Message-ID"], int(path.stem)))

    def run(self):
        while not self.over.wait(0.2):
            self.look()

    def stop(self):
        self.over.set()
        self.join()
        self.look()
