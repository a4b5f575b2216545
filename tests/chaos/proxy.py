#!/usr/bin/python3
"""A TCP proxy that can be a bad network: proxy.py LISTEN TARGET, ports of this machine.

Reads orders from standard input, one a line, and answers `done` to each when it holds for every connection:
  pass            hands everything on; what was held back meanwhile follows
  blackhole       hands nothing on, in both directions; connections can be made and nobody answers on them. This is
                  how a host looks that has vanished behind a kernel's queue; a lost SYN is not shown
  slow MS BYTES   each piece waits so long, and no more than so many bytes a second go in one direction
  reset           now, and for connections to come until the next order: an RST to both sides
Once it listens it says `done` too."""
import asyncio
import socket
import struct
import sys

RST = struct.pack("ii", 1, 0)
PIECE = 65536


class Proxy:
    def __init__(self, port, target):
        self.port, self.target = port, target
        self.writers = set()
        self.open = asyncio.Event()
        self.open.set()
        self.refusing = False
        self.delay_s, self.rate = 0, 0

    async def carry(self, reader, writer):
        try:
            while data := await reader.read(PIECE):
                if self.delay_s or self.rate:
                    await asyncio.sleep(self.delay_s + (len(data) / self.rate if self.rate else 0))
                await self.open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        # An end is news, too, and news do not pass a black hole.
        await self.open.wait()
        writer.close()

    async def accepted(self, reader, writer):
        if self.refusing:
            self.cut(writer)
            return
        await self.open.wait()
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            self.cut(writer)
            return
        ends = {writer, there[1]}
        self.writers |= ends
        try:
            await asyncio.gather(self.carry(reader, there[1]), self.carry(there[0], writer))
        finally:
            self.writers -= ends

    @staticmethod
    def cut(writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        writer.transport.abort()

    def order(self, words):
        self.refusing = words[0] == "reset"
        self.delay_s, self.rate = 0, 0
        if words[0] == "slow":
            self.delay_s, self.rate = float(words[1]) / 1000, float(words[2])
        elif words[0] == "reset":
            for writer in list(self.writers):
                self.cut(writer)
        if words[0] == "blackhole":
            self.open.clear()
        else:
            self.open.set()


async def main(port, target):
    proxy = Proxy(port, target)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async with await asyncio.start_server(proxy.accepted, "127.0.0.1", port):
        print("done", flush=True)
        while line := await orders.readline():
            proxy.order(line.decode().split())
            print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
