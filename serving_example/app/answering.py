"""From the scores of a batch to its answers: the best films of each request, ages, flags."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from featurelib.errors import DeviceError
from serving_example.app.best import best_of
from serving_example.app.cases import Case, Services
from serving_example.app.contracts import Item, ModelName, Recommended
from serving_example.app.http import Response
from serving_example.app.served import Served
from serving_example.devices.protocol import Array
from serving_example.instants import instant

__all__ = ["Answering"]

# A batch has one moment and one model for nearly all of its answers.
_instant = lru_cache(64)(instant)
_named = lru_cache(64)(ModelName)


class Answering:
    """Makes the responses of batches.

    Args:
        ranker: The model that ranked.
        services: Told of flags and ages.
    """

    def __init__(self, ranker: Served, services: Services) -> None:
        self._services, self._name = services, ModelName(ranker.name, ranker.digest)

    def made(self, cases: Sequence[Case], scores: Array) -> list[Response | Exception]:
        """A response for each case, or why there is none.

        Args:
            cases: The requests.
            scores: Of the rows of all cases, one case after another.
        """
        if not cases:
            return []
        films, counts = self._services.features.films, [len(case.rows) for case in cases]
        rows = cases[0].rows if len(cases) == 1 else np.concatenate([c.rows for c in cases])
        wanted = [case.wanted.k for case in cases]
        # Times are written before ids: there is one for each id that is read first.
        ids = films.ids
        best = best_of(scores, rows, ids, films.event_times[: len(ids)], counts, wanted)
        ages = self._ages(cases, best.oldest)
        items = list(map(Item, best.ids, best.scores))
        made: list[Response | Exception] = []
        for case, start, count, aged in zip(cases, best.starts, best.counts, ages, strict=False):
            try:
                if count < 0:
                    raise DeviceError(
                        f"model {self._name.name!r} gave a score that is no finite number"
                    )
                told = self._told(case, items[start : start + count], aged)
                made.append(case.wanted.answer(told))
            except Exception as error:
                made.append(error)
        return made

    def _told(
        self, case: Case, items: list[Item], ages: tuple[float | None, float | None]
    ) -> Recommended:
        user, towers = case.user, case.towers
        for flag in user.flags:
            self._services.metrics.flag(flag)
        return Recommended(
            user_id=user.user_id,
            items=items,
            model=self._name,
            retrieval=_named(towers.name, towers.digest) if towers else None,
            fingerprint=self._services.fingerprint,
            as_of=_instant(user.as_of),
            feature_age_s={"user_state": ages[0], "film": ages[1]},
            flags=list(user.flags),
        )

    def _ages(
        self, cases: Sequence[Case], oldest: Sequence[int]
    ) -> list[tuple[float | None, float | None]]:
        """How old each case's features are: the user's state, and the oldest film's vector."""
        observe = self._services.freshness.observe_all
        users = [(case.user.rated_at, "stale" in case.user.flags) for case in cases]
        films = [(at or None, False) for at in oldest]
        return list(zip(observe("user_state", users), observe("film", films), strict=True))
