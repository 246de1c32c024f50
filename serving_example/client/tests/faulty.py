"""A proxy that hurts: it passes requests on to a server, or does to them what networks do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections import deque

__all__ = ["FaultyProxy", "message"]

_CANNED = {
    "429": b"HTTP/1.1 429 Too Many Requests\r\n",
    "429 later": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n",
    "503": b"HTTP/1.1 503 Service Unavailable\r\n",
    "503 now": b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\n",
    "malformed": b"HTTP/1.1 200 OK\r\nX-Contract-Version: 2\r\n",
    "wrong contract": b"HTTP/1.1 200 OK\r\nX-Contract-Version: 7\r\n",
}
_BODIES = {"malformed": b'{"user_id": 42, "items": [', "wrong contract": b'{"films": []}'}


class FaultyProxy:
    """Listens on a port of 127.0.0.1, one thread a connection.

    Args:
        upstream: The server's port.
        tls: Clients speak TLS with it; None: they do not.

    Attributes:
        faults: What happens to the next requests, one after another; then they are passed on.
        always: What happens to all while `faults` is empty.
        seen: Requests that came.
        port: Where it listens.
    """

    def __init__(self, upstream: int, tls: ssl.SSLContext | None = None) -> None:
        self._upstream, self._tls = upstream, tls
        self.faults: deque[str] = deque()
        self.always, self.seen, self.port = "pass", 0, 0
        self._lock, self._open = threading.Lock(), set[socket.socket]()
        self._threads: list[threading.Thread] = []
        self._end = threading.Event()
        self.start()

    def start(self) -> None:
        """Takes connections; the port is that of before."""
        self._end = threading.Event()
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(256)
        self.port, self._listening = listening.getsockname()[1], listening
        self._start(self._accept, listening, self._end)

    def stop(self) -> None:
        """Refuses connections, and resets those that are open."""
        self._end.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            some, threads = list(self._open), self._threads
            self._threads = []
        for one in some:
            _reset(one)
        for thread in threads:
            thread.join(10)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket, end: threading.Event) -> None:
        while not end.is_set():
            try:
                made, _ = listening.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(made)
            self._start(self._serve, made, end)

    def _serve(self, client: socket.socket, end: threading.Event) -> None:
        server: socket.socket | None = None
        try:
            if self._tls is not None:
                with self._lock:
                    self._open.discard(client)
                client = self._tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._open.add(client)
            while not end.is_set():
                request = message(client)
                if not request:
                    return
                with self._lock:
                    self.seen += 1
                    fault = self.faults.popleft() if self.faults else self.always
                if server is None and fault not in _CANNED:
                    server = socket.create_connection(("127.0.0.1", self._upstream))
                if not self._answer(client, server, request, fault, end):
                    return
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(client)
            client.close()
            if server is not None:
                server.close()

    def _answer(
        self, client: socket.socket, server: socket.socket | None, request: bytes, fault: str,
        end: threading.Event,
    ) -> bool:  # fmt: skip
        """Whether the connection goes on."""
        if fault in _CANNED:
            body = _BODIES.get(fault, b"no")
            client.sendall(_CANNED[fault] + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            return True
        if fault == "close":
            return False
        assert server is not None
        server.sendall(request)
        answer = message(server)
        if fault == "reset":
            client.sendall(answer[: len(answer) - 20])
            _reset(client)
            return False
        if fault == "slow first byte":
            end.wait(30)
            return False
        if fault == "slow body":
            for i in range(len(answer)):
                client.sendall(answer[i : i + 1])
                if end.wait(0.01):
                    return False
        if fault == "no HTTP":
            client.sendall(b"\x15\x03\x01 this is no HTTP\r\n\r\n")
            return False
        client.sendall(answer)
        return True


def message(source: socket.socket) -> bytes:
    """One request or answer, whole; empty at the end."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = source.recv(65_536)
        if not more:
            return b""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = source.recv(65_536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        one.close()
