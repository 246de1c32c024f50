"""A service by its answers, in time that stands still, for commands that make their client."""

import functools
from collections.abc import Callable

from featurelib_client import AsyncClient, Client
from featurelib_client.testing import ManualClock
from featurelib_client.wire import Failure, Reply, Sent

Answerer = Callable[[Sent], Reply | Failure]


class Served:
    """A service by its answers; what was sent is kept."""

    def __init__(self) -> None:
        self.answers: dict[str, Answerer] = {}
        self.sent: list[Sent] = []

    def at(self, target: str, answer: Answerer | Reply | Failure) -> "Served":
        """Answers there with a reply, or with what a function makes of what was sent."""
        given = answer
        self.answers[target] = given if callable(given) else lambda sent: given
        return self

    def send(self, sent: Sent) -> Reply | Failure:
        self.sent.append(sent)
        target = sent.target.decode()
        if target not in self.answers:
            return Reply(404, {}, b'{"error": {"code": "not_found", "message": "no such path"}}')
        return self.answers[target](sent)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def sync(self) -> Callable[..., Client]:
        """What makes clients that ask this."""
        clock = ManualClock()
        return functools.partial(Client, transport=self, sleep=lambda seconds: None, clock=clock)

    @property
    def beside(self) -> Callable[..., AsyncClient]:
        """What makes clients of tasks that ask this."""
        clock = ManualClock()
        return functools.partial(AsyncClient, transport=_Async(self), sleep=_no_time, clock=clock)


async def _no_time(seconds: float) -> None:
    """The wait before another attempt."""


class _Async:
    def __init__(self, served: Served) -> None:
        self.served = served

    async def send(self, sent: Sent) -> Reply | Failure:
        return self.served.send(sent)

    async def aclose(self) -> None:
        """Nothing is open."""
