"""The queue of a shadow: what waits there holds nobody up, not even when it ends."""

from __future__ import annotations

import queue
import threading
from typing import Any

from featurelib_online.live.shadow import ShadowQueue


class Seen:
    """A trial that notes what it compares."""

    def __init__(self) -> None:
        self.dropped = 0
        self.requests: list[Any] = []
        self.heard = threading.Event()

    def candidate_answer(self, request: Any, answer: Any, by: Any) -> None:
        """Compares nothing."""
        self.requests.append(request)
        self.heard.set()


class SaidFull(queue.Queue[Any]):
    """A queue that is full when it is asked, and empty a moment later."""

    def __init__(self) -> None:
        super().__init__(10)
        self.tries = 0

    def put_nowait(self, item: Any) -> None:
        """Refuses the first item that ends the thread."""
        self.tries += item is None
        if item is None and self.tries == 1:
            raise queue.Full
        super().put_nowait(item)


def test_it_ends_though_its_thread_emptied_it_meanwhile() -> None:
    """Closing waits for the thread, and never for a request that does not come."""
    trial: Any = Seen()
    shadow = ShadowQueue(trial)
    nobody: Any = None
    shadow.offer({"x": 1}, nobody, nobody)
    assert trial.heard.wait(30)
    before, shadow._queue = shadow._queue, SaidFull()
    before.put(({"x": 2}, nobody, nobody))  # the thread goes on with the other queue
    closing = threading.Thread(target=shadow.close, daemon=True)
    closing.start()
    closing.join(30)
    assert not closing.is_alive() and trial.requests == [{"x": 1}, {"x": 2}]
