"""A proxy before PostgreSQL in which nothing stays: each statement of a service runs inside of BEGIN and ROLLBACK, so
that a request can be sent again and again and finds all as it was.

A statement is what ends with a Sync. Replies to what is put around it are kept back."""
import collections
import socket
import struct
import threading

BEGIN, ROLLBACK = (b"Q" + struct.pack(">I", len(text) + 5) + text + b"\0" for text in (b"BEGIN", b"ROLLBACK"))
IDLE = b"Z\0\0\0\5I"


class Closed(Exception):
    pass


class Reader:
    """Messages of the protocol from a socket."""

    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def take(self, n):
        while len(self.buffer) < n:
            more = self.connection.recv(65536)
            if not more:
                raise Closed
            self.buffer += more
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def startup(self):
        head = self.take(4)
        return head + self.take(struct.unpack(">I", head)[0] - 4)

    def message(self):
        head = self.take(5)
        return head + self.take(struct.unpack(">I", head[1:])[0] - 4)


class Pair:
    """A connection of a service and the one behind it."""

    def __init__(self, undo, client):
        self.undo, self.client = undo, client
        self.server = socket.create_connection(undo.to)
        for s in (client, self.server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.shown = collections.deque()  # of each reply to come, up to its ReadyForQuery
        self.begun = False  # signing in is over
        threading.Thread(target=self.run, args=[self.forth], daemon=True).start()
        threading.Thread(target=self.run, args=[self.back], daemon=True).start()

    def run(self, way):
        try:
            way()
        except (OSError, Closed):
            pass
        for s in (self.client, self.server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forth(self):
        reader, statement = Reader(self.client), b""
        self.server.sendall(reader.startup())
        while True:
            message = reader.message()
            statement += message
            if self.begun and message[:1] != b"S":
                continue
            if self.begun and self.undo.on:
                self.shown.extend((False, True, False))
                statement = BEGIN + statement + ROLLBACK
            elif self.begun:
                self.shown.append(True)
            self.server.sendall(statement)
            statement = b""

    def back(self):
        reader, out = Reader(self.server), b""
        while True:
            message = reader.message()
            if not self.shown or self.shown[0]:
                out += message
            if message[:1] == b"Z":
                if self.begun:
                    if self.shown.popleft():
                        out = out[:-len(IDLE)] + IDLE
                self.begun = True
            if out and (message[:1] in b"ZR" or not reader.buffer):
                self.client.sendall(out)
                out = b""


class Undo:
    def __init__(self, port):
        self.to, self.on = ("127.0.0.1", port), True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            Pair(self, self.listener.accept()[0])
