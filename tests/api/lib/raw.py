"""Bytes on a socket, for what no well-behaved client sends."""
import email.parser
import json
import re
import socket
import ssl
import struct
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


def reply_size(data):
    """Bytes of the first reply in data, None while it is not complete."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    if re.match(rb"HTTP/1\.. (1..|204|304) ", head):
        return len(head) + 4
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if not length or len(body) < int(length[1]):
        return None
    return len(head) + 4 + int(length[1])


class Connection:
    """One connection to the host of a URL. What the other side does to it is no exception."""

    def __init__(self, url, ca_file=None, timeout_s=10):
        where = urllib.parse.urlsplit(url)
        self.received = b""
        self.socket = socket.create_connection((where.hostname, where.port), timeout=timeout_s)
        if where.scheme == "https":
            self.socket = ssl.create_default_context(cafile=ca_file).wrap_socket(
                self.socket, server_hostname=where.hostname)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False when the other side does not take it all."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLEOFError):
            return False
        return True

    def _more(self):
        try:
            chunk = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLEOFError):
            chunk = b""
        self.received += chunk
        return chunk

    def reply(self):
        """The next reply; what there is of one, or None, when the other side closes."""
        while not (size := reply_size(self.received)) and self._more():
            pass
        data, self.received = self.received[:size], self.received[size or len(self.received):]
        return RawReply(data) if data else None

    def reset(self):
        """Ends it without a farewell: the other side is told by RST, at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def exchange(url, data, ca_file=None, timeout_s=10):
    """Sends bytes to the host of a URL; reads one reply, or until the other side closes."""
    with Connection(url, ca_file, timeout_s) as c:
        c.send(data)
        return c.reply() or RawReply(b"")
