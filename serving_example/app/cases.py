"""What passes between the stages of a recommendation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from serving_example.app.contracts import Recommended
from serving_example.app.film_index import FeatureSource, FilmIndex
from serving_example.app.http import Response, Timings
from serving_example.app.metrics import Metrics
from serving_example.app.served import Served
from serving_example.devices.protocol import Array
from serving_example.features import User
from serving_example.store import Freshness

__all__ = ["Answer", "Answered", "Case", "Services", "Stages", "Wanted"]

Answer = Callable[[Recommended], Response]


class Wanted(msgspec.Struct, frozen=True, eq=False):
    """What a request asks of the program.

    Attributes:
        user_id: For whom.
        k: How many films.
        rows: Rows of the film table that are ranked; None: the towers find them.
        answer: Makes the response.
    """

    user_id: int
    k: int
    rows: Array | None
    answer: Answer


class Answered(msgspec.Struct, frozen=True, eq=False):
    """What the program made for a request.

    Attributes:
        response: The response.
        stages: Names and seconds of what was done for the whole batch.
    """

    response: Response
    stages: Timings


@dataclass(frozen=True, slots=True)
class Services:
    """What programs use beside models.

    Attributes:
        features: Makes tensors.
        index: Finds candidates.
        metrics: Told of flags and stages.
        clock: Monotonic seconds.
        freshness: Told of what is served.
        fingerprint: Of the bundle.
        candidates: How many films the towers find.
        most_rows: The most that a request may name.
    """

    features: FeatureSource
    index: FilmIndex
    metrics: Metrics
    clock: Callable[[], float]
    freshness: Freshness
    fingerprint: str
    candidates: int
    most_rows: int


@dataclass(slots=True, eq=False)
class Case:
    """A request on its way through the stages.

    Attributes:
        at: Its place in the batch.
        wanted: What it asks.
        user: Who asks, as the tensors show him.
        rows: Rows of the film table that are ranked.
        towers: What found them; None if the request named them.
    """

    at: int
    wanted: Wanted
    user: User
    rows: Array
    towers: Served | None = None


class Stages:
    """The stages of a batch.

    Attributes:
        told: Their names, and the seconds that each took.
    """

    def __init__(self, services: Services) -> None:
        self._clock, self._metrics = services.clock, services.metrics
        self._since = self._clock()
        self.told: list[tuple[str, float]] = []

    def done(self, name: str) -> None:
        """A stage has ended."""
        now = self._clock()
        self.told.append((name, now - self._since))
        self._since = now

    def all_done(self, name: str) -> Timings:
        """The last one has ended; gives what each took, which is counted."""
        self.done(name)
        self._metrics.stages(self.told)
        return tuple(self.told)
