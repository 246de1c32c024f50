"""An answer that no client should keep says so, whether or not the service keeps answers."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from serving_example.app.cached import CachedRecommender
from serving_example.app.cases import Answered
from serving_example.app.contracts import CURRENT, Contract, ModelName, Recommended
from serving_example.app.http import Request, Response
from serving_example.app.recommender import Ask
from serving_example.caches import ResultCache
from serving_example.pool import Job

MODEL = ModelName("ranker", "0" * 64)
NOW = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


class Maker:
    """A recommender whose answers are made when a test says so."""

    ranker, towers, model = MODEL, None, "m"

    def __init__(self, flags: list[str]) -> None:
        self.flags = flags
        self.begun: list[Any] = []

    def program(self, name: Any) -> Any:
        return self

    def refused(self, program: Any, ask: Any, request: Any) -> Any:
        return None

    def begin(self, ask: Any, request: Any, answer: Any, done: Any, program: Any) -> Any:
        job = Job(self, None, 1, math.inf, done)  # type: ignore[arg-type]
        self.begun.append((job, answer))
        return job

    def end(self) -> None:
        """The answers of all that was begun."""
        for job, answer in self.begun:
            made = Recommended(
                user_id=1, items=[], model=MODEL, retrieval=None, fingerprint="f", as_of=NOW,
                feature_age_s={}, flags=list(self.flags),
            )  # fmt: skip
            job.answer = Answered(answer(made), ())
            job.on_done(job)
        self.begun.clear()


@pytest.mark.parametrize(
    ("flags", "told", "kept"),
    [([], b"private, max-age=2", 1), (["no_ratings"], b"private, max-age=2", 1),
     (["stale"], b"no-store", 0)],
)  # fmt: skip
def test_who_waited_is_told_whether_to_keep_it(flags: Any, told: bytes, kept: int) -> None:
    """The first of two equal requests and the one that joined it: of one answer, the same."""
    maker, cache = Maker(flags), ResultCache[bytes](clock=lambda: 0.0)
    cached = CachedRecommender(maker, cache, "f" * 64, {}, lambda: 0.0)  # type: ignore[arg-type]
    contract = Contract(CURRENT, Recommended, Recommended)
    got: list[Any] = []
    for _ in range(2):
        waiting = cached.recommend(Ask(1, 10), Request("GET", "/"), contract)
        assert not isinstance(waiting, Response)
        waiting.then(got.append)
    maker.end()
    assert len(got) == 2 and got[0].body == got[1].body and len(cache) == kept
    for one in got:
        assert dict(one.headers)[b"cache-control"].startswith(told)
