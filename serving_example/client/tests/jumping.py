"""A program whose wall clock jumps: what a client does in it, as JSON.

``python -m serving_example.client.tests.jumping SECONDS`` asks a server of its own; between the
calls and within them `time.time` moves by so many seconds, there and back.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import Any

from featurelib_client import CallError, Client
from serving_example.client.tests.fakes import RECOMMENDED
from serving_example.client.tests.faulty import message


class Wall:
    """The wall clock of this process, which can be set."""

    def __init__(self, jump_s: float) -> None:
        self._real, self._real_ns = time.time, time.time_ns
        self._jump_s, self._ahead_s = jump_s, 0.0
        time.time = lambda: self._real() + self._ahead_s
        time.time_ns = lambda: self._real_ns() + int(self._ahead_s * 1e9)

    def jump(self) -> None:
        """There, or back."""
        self._ahead_s = 0.0 if self._ahead_s else self._jump_s


class Server:
    """Answers recommendations that may be kept for a minute, until it is told to fail or to wait.

    Attributes:
        mode: ``answer``, ``fail`` or ``wait``.
        connections: How many it has had.
        asked: Requests that came.
    """

    def __init__(self, wall: Wall) -> None:
        self.mode, self.connections, self.asked, self._wall = "answer", 0, 0, wall
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            made, _ = self._listening.accept()
            self.connections += 1
            threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made: socket.socket) -> None:
        body = json.dumps(RECOMMENDED).encode()
        while message(made):
            self.asked += 1
            self._wall.jump()  # while the client waits
            if self.mode == "wait":
                threading.Event().wait(60)
            status = b"200 OK" if self.mode == "answer" else b"500 Failed"
            made.sendall(
                b"HTTP/1.1 %s\r\nCache-Control: max-age=60\r\nX-Contract-Version: 2\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (status, len(body), body)
            )


def main(jump_s: float) -> None:
    """Plays it, and prints what happened."""
    wall = Wall(jump_s)
    server = Server(wall)
    told: list[Any] = []

    def ask(client: Client, user: int, **options: Any) -> None:
        try:
            about = client.recommend(user, **options).about
            told.append(["answer", about.attempts, about.age_s < 30.0, about.elapsed_s < 30.0])
        except CallError as error:
            after = None if error.retry_after_s is None else error.retry_after_s <= 60.0
            told.append([error.reason, error.attempts, after, error.elapsed_s < 30.0])

    with Client(
        f"http://127.0.0.1:{server.port}", timeout_s=30.0, cache_bytes=1 << 20, breaker_calls=4,
        breaker_open_s=60.0, backoff_s=0.0, breaker_window_s=600.0,
    ) as client:  # fmt: skip
        for user in (1, 1, 2, 1, 2):  # kept answers stay what they are
            ask(client, user)
            wall.jump()
        told.append([server.connections, server.asked])
        server.mode = "fail"
        for user in (3, 4, 5):  # it opens, and stays open
            ask(client, user)
            wall.jump()
        told.append(server.asked)
    with Client(f"http://127.0.0.1:{server.port}", timeout_s=30.0) as other:
        server.mode = "wait"
        ask(other, 6, timeout_s=0.2)  # the deadline comes when it comes
    print(json.dumps(told))


if __name__ == "__main__":
    main(float(sys.argv[1]))
