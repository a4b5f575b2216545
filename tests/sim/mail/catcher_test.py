#!/usr/bin/env python3
"""The mail catcher, seen from its two sides. Run: python3 tests/sim/mail/catcher_test.py"""

import json
import pathlib
import re
import smtplib
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
MAIL = "From: A <a@x.test>\r\nTo: b@y.test\r\nSubject: =?utf-8?B?w6Q=?=\r\n\r\n..dots\r\n.\r\nend\r\n"


class Catcher(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.start()

    def start(self):
        command = [sys.executable, HERE / "catcher.py", "--dir", self.folder.name]
        command += ["--smtp-port", "0", "--http-port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = re.match(r"ready smtp=(\d+) http=(\d+)", self.process.stdout.readline())
        self.smtp_port, self.http_port = int(ready[1]), int(ready[2])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def tearDown(self):
        self.stop()
        self.folder.cleanup()

    def http(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.http_port}{path}"
        request = urllib.request.Request(url, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read().decode()

    def messages(self, query=""):
        return json.loads(self.http("GET", "/messages" + query)[1])

    def send(self, to="b@y.test", data=MAIL):
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as smtp:
            smtp.sendmail("a@x.test", to, data)

    def test_a_message_is_kept_as_it_came(self):
        self.send()
        (m,) = self.messages()
        self.assertEqual((m["id"], m["from"], m["to"]), (1, "a@x.test", ["b@y.test"]))
        self.assertEqual((m["subject"], m["html"]), ("ä", None))
        self.assertEqual(m["text"].splitlines(), ["..dots", ".", "end"])
        self.assertEqual(json.loads(self.http("GET", "/messages/1")[1])["raw"], MAIL)
        self.assertEqual((pathlib.Path(self.folder.name) / "1.eml").read_bytes(), MAIL.encode())

    def test_the_newest_comes_first_and_can_be_filtered(self):
        self.send("one@y.test")
        self.send(["two@y.test", "three@y.test"])
        self.assertEqual([m["id"] for m in self.messages()], [2, 1])
        self.assertEqual([m["id"] for m in self.messages("?to=ONE@y.test")], [1])
        self.assertEqual(self.messages("?to=nobody@y.test"), [])

    def test_the_list_for_people_escapes_what_is_in_mails(self):
        self.send(data="Subject: <script>x</script>\r\n\r\nhi\r\n")
        status, page = self.http("GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("&lt;script&gt;", page)
        self.assertNotIn("<script>", page)

    def test_everything_can_be_forgotten(self):
        self.send()
        self.assertEqual(self.http("DELETE", "/messages")[0], 204)
        self.assertEqual(self.messages(), [])
        self.assertEqual(self.http("GET", "/messages/1")[0], 404)
        self.assertEqual(list(pathlib.Path(self.folder.name).iterdir()), [])

    def test_messages_survive_a_restart(self):
        self.send()
        self.stop()
        self.start()
        self.send()
        self.assertEqual([m["id"] for m in self.messages()], [2, 1])
        self.assertEqual(self.messages()[1]["to"], ["b@y.test"])

    def test_a_message_that_is_no_mail_is_kept_too(self):
        bad = "Content-Type: multipart/mixed; boundary=\r\nTo: =?x?q?=zz?= <<>>\r\n\r\n\xff"
        self.send(data=bad.encode("latin-1"))
        self.assertEqual(len(self.messages()), 1)

    def test_it_misbehaves_on_request(self):
        for mode, failure in (
            ("421", smtplib.SMTPConnectError),
            ("550", smtplib.SMTPRecipientsRefused),
            ("drop", smtplib.SMTPServerDisconnected),
        ):
            self.assertEqual(self.http("POST", "/behave", {"smtp": mode})[0], 200)
            self.assertRaises(failure, self.send)
        self.assertEqual(self.http("POST", "/behave", {"smtp": "slow"})[0], 200)
        with socket.create_connection(("127.0.0.1", self.smtp_port)) as s:
            s.settimeout(0.2)
            self.assertRaises(TimeoutError, s.recv, 100)
            self.http("POST", "/behave", {"smtp": "ok"})
            s.settimeout(10)
            self.assertEqual(s.recv(4), b"220 ")
        self.send()
        self.assertEqual(len(self.messages()), 1)

    def test_bad_requests_are_refused(self):
        self.assertEqual(self.http("GET", "/nothing")[0], 404)
        self.assertEqual(self.http("GET", "/messages/../../etc/passwd")[0], 404)
        self.assertEqual(self.http("POST", "/behave", {"smtp": "dance"})[0], 422)
        self.assertEqual(self.http("POST", "/behave", ["smtp"])[0], 422)
        self.assertEqual(self.http("DELETE", "/")[0], 404)

    def test_smtp_out_of_order_and_out_of_bounds(self):
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as smtp:
            smtp.ehlo()
            self.assertEqual(smtp.esmtp_features["size"], str(10 * 1024 * 1024))
            for line, code in (
                ("DATA", 503),
                ("RCPT TO:<b@y.test>", 503),
                ("MAIL FROM:nobody", 501),
                ("MAIL FROM:<a@x.test> SIZE=99999999", 552),
                ("WHAT", 500),
                ("NOOP", 250),
                ("MAIL FROM:<>", 250),
                ("RCPT TO:<b@y.test>", 250),
                ("RSET", 250),
                ("DATA", 503),
            ):
                self.assertEqual(smtp.docmd(line)[0], code, line)
        big = "Subject: big\r\n\r\n" + ("x" * 1000 + "\r\n") * 11000
        self.assertRaises(smtplib.SMTPException, self.send, data=big)
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as smtp:
            smtp.helo()
            smtp.docmd("MAIL FROM:<a@x.test>")
            smtp.docmd("RCPT TO:<b@y.test>")
            self.assertEqual(smtp.data(big)[0], 552)  # without announcing its size
        self.assertEqual(self.messages(), [])


if __name__ == "__main__":
    unittest.main()
