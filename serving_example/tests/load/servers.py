"""A server of a few lines that a test can make slow, rude or silent. No code of ours is in it."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request by what `answer` gives for its bytes; None ends the connection."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self.requests: list[bytes] = []
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                made, _ = self._listening.accept()
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        with connection, contextlib.suppress(OSError):
            while got := connection.recv(65536):
                data += got
                while (end := _end(data)) is not None:
                    request, data = data[:end], data[end:]
                    with self._lock:
                        self.requests.append(request)
                    answer = self._answer(request)
                    if answer is None:
                        return
                    connection.sendall(answer)

    def close(self) -> None:
        self._listening.close()


def _end(data: bytes) -> int | None:
    """Where the first request ends, if it is whole."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    lengths = [line[16:] for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
    length = int(lengths[0]) if lengths else 0
    return len(head) + 4 + length if len(rest) >= length else None


@contextlib.contextmanager
def serving(answer: Callable[[bytes], bytes | None] = lambda request: OK) -> Iterator[Any]:
    """A server for as long as the test runs."""
    made = Server(answer)
    try:
        yield made
    finally:
        made.close()
