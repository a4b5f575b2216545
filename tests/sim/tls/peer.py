#!/usr/bin/env python3
"""A peer called localhost whose certificate is good, or bad in one way.

    peer.py --dir /tmp/tls

Makes keys and certificates in the folder; ca.pem there is who may be trusted. Once all listen, one line
is printed: `ready`, and for each kind `https_KIND=PORT smtp_KIND=PORT`.

    good         signed by the authority
    self_signed  signed by itself
    other_ca     signed by an authority of the same name
    expired      signed by the authority, until yesterday
    wrong_host   signed by the authority, for other.test; only its common name says localhost
    old_tls      a good one, but nothing newer than TLS 1.1

SMTP offers STARTTLS. The reply to an HTTPS request, and to QUIT, is how many bytes were heard under a bad
certificate so far.
"""

import argparse
import pathlib
import signal
import socketserver
import ssl
import subprocess
import threading

KINDS = ("good", "self_signed", "other_ca", "expired", "wrong_host", "old_tls")


class Certificates:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.authority("ca")
        self.authority("other_ca")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key")

    def authority(self, name):
        self.openssl("req", "-x509", *self.key(name), "-out", f"{name}.pem", "-days", "2", "-subj", "/CN=test CA")

    def issue(self, kind):
        """The file of a chain and the file of its key."""
        host = "other.test" if kind == "wrong_host" else "localhost"
        (self.folder / "extensions").write_text(f"subjectAltName=DNS:{host}\nbasicConstraints=CA:FALSE\n")
        self.openssl("req", *self.key(kind + "_leaf"), "-out", "request", "-subj", "/CN=localhost")
        signer = {"self_signed": ("-signkey", "self_signed_leaf.key"),
                  "other_ca": ("-CA", "other_ca.pem", "-CAkey", "other_ca.key", "-CAcreateserial")}.get(
                      kind, ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"))
        self.openssl("x509", "-req", "-in", "request", *signer, "-extfile", "extensions",
                     "-days", "-1" if kind == "expired" else "2", "-out", f"{kind}_leaf.pem")
        return self.folder / f"{kind}_leaf.pem", self.folder / f"{kind}_leaf.key"

    def context(self, kind):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(kind))
        if kind == "old_tls":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context


class Session(socketserver.BaseRequestHandler):
    heard = 0
    lock = threading.Lock()

    def handle(self):
        try:
            self.talk()
        except OSError:  # ssl.SSLError is one: the client does not like us
            pass

    def tls(self, sock):
        return self.server.context.wrap_socket(sock, server_side=True)

    def listen(self, sock):
        """The next line."""
        line = b""
        while not line.endswith(b"\n"):
            byte = sock.recv(1)
            if not byte:
                raise ConnectionError
            line += byte
            if self.server.kind != "good" and isinstance(sock, ssl.SSLSocket):
                with Session.lock:
                    Session.heard += 1
        return line


class Https(Session):
    def talk(self):
        sock = self.tls(self.request)
        while self.listen(sock) != b"\r\n":
            pass
        body = str(Session.heard)
        sock.sendall(f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        sock.close()


class Smtp(Session):
    def talk(self):
        sock = self.request
        sock.sendall(b"220 test ESMTP\r\n")
        while (line := self.listen(sock)[:4]) != b"QUIT":
            if line == b"STAR":
                sock.sendall(b"220 go on\r\n")
                sock = self.tls(sock)
            elif line == b"DATA":
                sock.sendall(b"354 go on\r\n")
                while self.listen(sock) != b".\r\n":
                    pass
                sock.sendall(b"250 kept\r\n")
            else:
                sock.sendall(b"250 STARTTLS\r\n")
        sock.sendall(f"221 {Session.heard}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, handler, kind, context):
        super().__init__(("127.0.0.1", 0), handler)
        self.kind, self.context = kind, context
        threading.Thread(target=self.serve_forever, daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    certificates = Certificates(parser.parse_args().dir)
    line = ["ready"]
    for kind in KINDS:
        context = certificates.context(kind)
        for name, handler in (("https", Https), ("smtp", Smtp)):
            line.append(f"{name}_{kind}={Server(handler, kind, context).server_address[1]}")
    print(*line, flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
