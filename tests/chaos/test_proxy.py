"""The proxy does what it says: faults that are none would prove nothing."""
import contextlib
import socket
import threading
import time

import pytest

from world import Proxy, free_port


@pytest.fixture
def echo():
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                c = server.accept()[0]
                threading.Thread(target=answer, args=[c], daemon=True).start()

    def answer(c):
        with c, contextlib.suppress(OSError):
            while data := c.recv(65536):
                c.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


@pytest.fixture
def proxy(echo):
    p = Proxy(free_port(), echo)
    yield p
    p.close()


@pytest.fixture
def peer(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as s:
        assert said(s, b"first") == b"first"
        yield s


def said(s, data):
    s.sendall(data)
    return s.recv(len(data), socket.MSG_WAITALL)


def test_reset_is_an_rst_and_refuses_newcomers(proxy, peer):
    proxy.order("reset")
    with pytest.raises(ConnectionResetError):
        peer.recv(1)
    with pytest.raises(ConnectionResetError):  # which may come while it still connects
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as other:
            said(other, b"x")
    proxy.order("pass")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as other:
        assert said(other, b"again") == b"again"


def test_a_black_hole_keeps_what_it_swallowed(proxy, peer):
    proxy.order("blackhole")
    peer.sendall(b"lost?")
    peer.settimeout(0.5)
    with pytest.raises(TimeoutError):
        peer.recv(1)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as other:
        with pytest.raises(TimeoutError):
            said(other, b"x")
    proxy.order("pass")
    peer.settimeout(5)
    assert peer.recv(5, socket.MSG_WAITALL) == b"lost?"


def test_slow_is_slow_in_both_directions(proxy, peer):
    proxy.order("slow 200 100000")
    start = time.monotonic()
    assert said(peer, b"x" * 20000) == b"x" * 20000
    assert time.monotonic() - start > 2 * 0.2 + 2 * 20000 / 100000 - 0.1
    proxy.order("pass")
    start = time.monotonic()
    said(peer, b"x")
    assert time.monotonic() - start < 0.4  # twice the delay
