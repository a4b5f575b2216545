"""A small HTTP client on asyncio that many clients share: kept connections, and an error for whatever is not a whole
reply. It repeats nothing by itself."""
import asyncio
import json
import ssl
import urllib.parse

LIMIT = 4 << 20


class Broken(Exception):
    """There is no whole reply: nobody knows what happened."""


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body) if self.body else {}
        except ValueError:
            return {}

    @property
    def code(self):
        found = self.json() if self.status >= 400 else {}
        return found.get("code") if isinstance(found, dict) else None


class Http:
    def __init__(self, base_url, ca_file=None):
        where = urllib.parse.urlsplit(base_url)
        self.host, self.port = where.hostname, where.port
        self.tls = ssl.create_default_context(cafile=ca_file) if where.scheme == "https" else None
        self.idle = []

    async def request(self, method, path, body=None, headers=None, timeout=40):
        sent = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        if body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
        head += [f"{name}: {value}" for name, value in (headers or {}).items()]
        wire = "\r\n".join(head).encode() + b"\r\n\r\n" + sent
        streams = None
        try:
            async with asyncio.timeout(timeout):
                streams = await self.connection()
                streams[1].write(wire)
                reply = await self.reply(streams[0], method)
        except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError,
                ValueError) as e:
            if streams:
                streams[1].transport.abort()
            raise Broken(f"{type(e).__name__} {e}") from e
        except BaseException:
            if streams:
                streams[1].transport.abort()
            raise
        if reply.headers.get("connection", "").lower() == "close":
            streams[1].close()
        else:
            self.idle.append(streams)
        return reply

    async def connection(self):
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port, ssl=self.tls, limit=LIMIT)

    @staticmethod
    async def reply(reader, method):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if method == "HEAD" or status in (204, 304):
            return Reply(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
        else:
            body = await reader.readexactly(int(headers["content-length"]))
        return Reply(status, headers, body)

    def close(self):
        for _, writer in self.idle:
            writer.transport.abort()
        self.idle = []
