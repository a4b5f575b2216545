"""Bytes on a socket, for what no well-behaved client sends."""
import email.parser
import json
import re
import socket
import ssl
import urllib.parse


class RawReply:
    """Enough of a response to judge it: like requests' in the parts that tests use."""

    def __init__(self, data):
        head, _, self.content = data.partition(b"\r\n\r\n")
        first, _, fields = head.decode("latin1").partition("\r\n")
        self.status_code = int(first.split(" ")[1]) if first.startswith("HTTP/") else None
        self.headers = email.parser.Parser().parsestr(fields)
        self.text = self.content.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.content)


def complete(data):
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return end and length and len(body) >= int(length[1])


def exchange(url, data, ca_file=None, timeout_s=10):
    """Sends bytes to the host of a URL; reads one reply, or until the other side closes."""
    where = urllib.parse.urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=timeout_s) as s:
        if where.scheme == "https":
            s = ssl.create_default_context(cafile=ca_file).wrap_socket(
                s, server_hostname=where.hostname)
        received = b""
        try:
            s.sendall(data)
            while not complete(received) and (chunk := s.recv(65536)):
                received += chunk
        except ConnectionResetError:
            pass
        finally:
            s.close()
    return RawReply(received)
