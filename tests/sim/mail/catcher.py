#!/usr/bin/env python3
"""A mail server that delivers nothing: it keeps what it gets, and shows it.

    catcher.py --smtp-port 2525 --http-port 8025 --dir /tmp/mail

Port 0 takes a free one. Once both listen, one line is printed: `ready smtp=PORT http=PORT`.

    GET    /                    a list for people
    GET    /messages[?to=ADDR]  JSON, newest first: id, from, to[], subject, date, text, html
    GET    /messages/ID         one of them, with `raw`
    DELETE /messages            forgets all
    POST   /behave              {"smtp": MODE}, until the next one:
                                ok     accepts everything
                                421    greets with 421 and hangs up
                                550    refuses every recipient
                                drop   hangs up instead of answering to the end of the data
                                slow   answers nothing until told otherwise (at most a minute)

From and to are those of the envelope. The last 1000 messages are kept (or fewer, of 256 MB in all), as
DIR/ID.eml; those found at the start are shown again, with the addresses of their headers.
"""

import argparse
import email
import email.policy
import email.utils
import html
import http.server
import json
import pathlib
import re
import socketserver
import sys
import threading
import urllib.parse

MAX_MESSAGES = 1000
MAX_BYTES = 10 * 1024 * 1024
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_LINE = 65536
MAX_RECIPIENTS = 100
MAX_SESSIONS = 64
IDLE_S = 60
MODES = ("ok", "421", "550", "drop", "slow")


class Store:
    """The messages, oldest first, and how the SMTP side behaves. Shared by all threads."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.changed = threading.Condition()
        self.mode = "ok"
        self.messages = {}
        self.bytes = 0
        ids = sorted(int(p.stem) for p in self.folder.glob("*.eml") if p.stem.isdecimal())
        self.next_id = ids[-1] + 1 if ids else 1
        for i in ids[-MAX_MESSAGES:]:
            self.keep(read_message(i, self.raw(i)))

    def raw(self, i):
        return (self.folder / f"{i}.eml").read_bytes()

    def keep(self, message):
        self.messages[message["id"]] = message
        self.bytes += message["bytes"]
        while len(self.messages) > MAX_MESSAGES or self.bytes > MAX_TOTAL_BYTES:
            self.forget(next(iter(self.messages)))

    def forget(self, i):
        self.bytes -= self.messages.pop(i)["bytes"]
        (self.folder / f"{i}.eml").unlink(missing_ok=True)

    def add(self, sender, recipients, data):
        with self.changed:
            i, self.next_id = self.next_id, self.next_id + 1
            draft = self.folder / f"{i}.tmp"
            draft.write_bytes(data)
            draft.rename(self.folder / f"{i}.eml")
            self.keep(read_message(i, data, sender, recipients))
        return i

    def clear(self):
        with self.changed:
            for i in list(self.messages):
                self.forget(i)

    def list(self, to=None):
        with self.changed:
            found = reversed(self.messages.values())
            return [m for m in found if to is None or to.lower() in map(str.lower, m["to"])]

    def get(self, i):
        with self.changed:
            if i not in self.messages:
                return None
            return self.messages[i] | {"raw": self.raw(i).decode("utf-8", "replace")}

    def behave(self, mode):
        with self.changed:
            self.mode = mode
            self.changed.notify_all()

    def wait_while_slow(self):
        with self.changed:
            self.changed.wait_for(lambda: self.mode != "slow", timeout=IDLE_S)


def part_text(message, kind):
    """The text of a part, its lines ended as in files."""
    part = message.get_body(preferencelist=(kind,))
    return part.get_content().replace("\r\n", "\n") if part else None


def read_message(i, data, sender=None, recipients=None):
    """What is shown of a message. One that cannot be read is shown all the same."""
    shown = {"id": i, "from": sender, "to": recipients or [], "subject": None, "date": None}
    shown |= {"text": None, "html": None, "bytes": len(data)}
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        shown["subject"] = str(message["Subject"] or "")
        shown["date"] = str(message["Date"] or "")
        if recipients is None:
            shown["from"] = email.utils.parseaddr(str(message["From"] or ""))[1]
            to = email.utils.getaddresses([str(h) for h in message.get_all("To", [])])
            shown["to"] = [address for _, address in to]
        shown["text"] = part_text(message, "plain")
        shown["html"] = part_text(message, "html")
    except Exception as e:  # the parser of the standard library raises many kinds on bad mail
        shown["error"] = f"{type(e).__name__}: {e}"
    return shown


class Hangup(Exception):
    """Ends an SMTP session."""


class Smtp(socketserver.StreamRequestHandler):
    timeout = IDLE_S
    PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\s]*)>((?:\s+\S+)*)\s*$", re.IGNORECASE)

    def reply(self, text):
        self.store.wait_while_slow()
        self.wfile.write(text.encode() + b"\r\n")

    def line(self):
        line = self.rfile.readline(MAX_LINE)
        if not line.endswith(b"\n"):  # gone, or longer than any line may be
            raise Hangup
        return line

    def handle(self):
        self.store = self.server.store
        self.sender, self.recipients = None, []
        if not self.server.sessions.acquire(blocking=False):
            return
        try:
            if self.store.mode == "421":
                self.reply("421 catcher does not feel well")
                return
            self.reply("220 catcher ESMTP")
            while True:
                self.command(self.line().decode("ascii", "replace").strip())
        except (Hangup, OSError):
            pass
        finally:
            self.server.sessions.release()

    def command(self, line):
        verb, _, rest = line.partition(" ")
        run = getattr(self, f"do_{verb.upper()}", None) if verb.isalpha() else None
        if run:
            run(rest.strip())
        else:
            self.reply("500 what?")

    def do_EHLO(self, rest):
        self.do_RSET(rest, f"250-catcher\r\n250-SIZE {MAX_BYTES}\r\n250 8BITMIME")

    def do_HELO(self, rest):
        self.do_RSET(rest, "250 catcher")

    def do_RSET(self, _rest, text="250 forgotten"):
        self.sender, self.recipients = None, []
        self.reply(text)

    def do_NOOP(self, _rest):
        self.reply("250 nothing done")

    def do_QUIT(self, _rest):
        self.reply("221 bye")
        raise Hangup

    def do_MAIL(self, rest):
        path = self.PATH.match(rest)
        size = re.search(r"\bSIZE=(\d{1,12})\b", rest, re.IGNORECASE)
        if self.sender is not None or not path:
            self.reply("501 not now, or not so")
        elif size and int(size[1]) > MAX_BYTES:
            self.reply("552 5.3.4 too large")
        else:
            self.sender = path[1]
            self.reply("250 2.1.0 sender ok")

    def do_RCPT(self, rest):
        path = self.PATH.match(rest)
        if self.sender is None or not path or not path[1]:
            self.reply("503 not now, or not so")
        elif self.store.mode == "550":
            self.reply("550 5.1.1 no such user here")
        elif len(self.recipients) >= MAX_RECIPIENTS:
            self.reply("452 4.5.3 too many recipients")
        else:
            self.recipients.append(path[1])
            self.reply("250 2.1.5 recipient ok")

    def do_DATA(self, _rest):
        if not self.recipients:
            self.reply("503 no recipients")
            return
        self.reply("354 end with a dot")
        data, size = [], 0
        while (line := self.line()) != b".\r\n":
            size += len(line)
            if size <= MAX_BYTES:
                data.append(line[1:] if line.startswith(b".") else line)
        if self.store.mode == "drop":
            raise Hangup
        if size > MAX_BYTES:
            self.do_RSET("", "552 5.3.4 too large")
            return
        i = self.store.add(self.sender, self.recipients, b"".join(data))
        self.do_RSET("", f"250 2.0.0 kept as {i}")


class SmtpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, store):
        self.store = store
        self.sessions = threading.BoundedSemaphore(MAX_SESSIONS)
        super().__init__(address, Smtp)


PAGE = """<!doctype html><meta charset="utf-8"><title>Caught mail</title>
<style>body{font:16px sans-serif;margin:2em}td,th{text-align:left;padding:.2em 1em .2em 0}</style>
<h1>Caught mail</h1><table><tr><th>Date<th>From<th>To<th>Subject</tr>%s</table>
"""


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S

    def log_message(self, *_args):
        pass

    def answer(self, status, body, kind="application/json"):
        data = body.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def fail(self, status, why):
        self.close_connection = True
        self.answer(status, json.dumps({"error": why}))

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        store = self.server.store
        if url.path == "/":
            self.answer(200, PAGE % "".join(map(self.row, store.list())), "text/html")
        elif url.path == "/messages":
            to = urllib.parse.parse_qs(url.query).get("to", [None])[0]
            self.answer(200, json.dumps(store.list(to)))
        elif (one := re.fullmatch(r"/messages/(\d{1,15})", url.path)) and (
            message := store.get(int(one[1]))
        ):
            self.answer(200, json.dumps(message))
        else:
            self.fail(404, "not found")

    do_HEAD = do_GET

    @staticmethod
    def row(m):
        cells = (m["date"], m["from"], ", ".join(m["to"]), m["subject"] or "(none)")
        date, sender, to, subject = (html.escape(str(c or "")) for c in cells)
        link = f'<a href="/messages/{m["id"]}">{subject}</a>'
        return f"<tr><td>{date}<td>{sender}<td>{to}<td>{link}</tr>"

    def do_DELETE(self):
        if self.path != "/messages":
            self.fail(404, "not found")
            return
        self.server.store.clear()
        self.send_response(204)
        self.end_headers()

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if self.path != "/behave" or not length.isdecimal() or int(length) > 1024:
            self.fail(404, "not found, or too long")
            return
        try:
            mode = json.loads(self.rfile.read(int(length)))["smtp"]
        except (ValueError, TypeError, KeyError):
            mode = None
        if mode not in MODES:
            self.fail(422, "smtp is one of " + ", ".join(MODES))
            return
        self.server.store.behave(mode)
        self.answer(200, json.dumps({"smtp": mode}))


def main():
    about = __doc__.split("\n", 1)
    args = argparse.ArgumentParser(
        description=about[0], epilog=about[1], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    args.add_argument("--host", default="127.0.0.1", help="address of both (default: %(default)s)")
    args.add_argument("--smtp-port", type=int, required=True)
    args.add_argument("--http-port", type=int, required=True)
    args.add_argument("--dir", required=True)
    options = args.parse_args()
    store = Store(options.dir)
    smtp = SmtpServer((options.host, options.smtp_port), store)
    web = http.server.ThreadingHTTPServer((options.host, options.http_port), Http)
    web.store = store
    threading.Thread(target=smtp.serve_forever, daemon=True).start()
    print(f"ready smtp={smtp.server_address[1]} http={web.server_address[1]}", flush=True)
    try:
        web.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
