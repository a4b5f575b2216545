#!/usr/bin/python3
"""Holds idle connections to a port of this machine: idle.py PORT NUMBER. Prints how many there are and
waits until its input ends."""
import resource
import socket
import sys

port, number = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (number + 100,) * 2)
held = []
while len(held) < number:
    held.append(socket.create_connection(("127.0.0.1", port), timeout=10))
    # Each has had a request, as a connection that is kept alive has.
    held[-1].sendall(b"GET /api/v1/health/liveness HTTP/1.1\r\nHost: localhost\r\n\r\n")
    if not held[-1].recv(4096).startswith(b"HTTP/1.1 200"):
        break
print(len(held), flush=True)
sys.stdin.read()
