"""Who waits for events is called back once, when they are seen or when its time is over."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.app.contracts import Contract, contracts
from serving_example.app.http import Pending, Request
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.recommend import Recommendations
from serving_example.app.watermark import Watermark
from serving_example.tests.app.world import bundle


@examples(15, soak=1_000)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=30),
    st.integers(0, 20),
)
def test_each_is_called_back_once(steps: list[tuple[bool, int]], last: int) -> None:
    """Waits, and steps of another thread, in any order; offsets never go back."""

    async def run() -> None:
        mark, highest = Watermark(), 0
        told: list[list[bool]] = []
        wanted = []
        for is_wait, offset in steps:
            if is_wait:
                told.append([])
                wanted.append(offset)
                mark.wait(offset, 5.0, told[-1].append)
            else:
                thread = threading.Thread(target=mark.reached, args=(offset,))
                thread.start()
                thread.join()
                highest = max(highest, offset)
            assert mark.offset == highest
        mark.reached(last)
        await asyncio.sleep(0)
        highest = max(highest, last)
        assert told == [[True] if offset <= highest else [] for offset in wanted]
        assert mark.is_waited == (max(wanted, default=0) > highest)
        mark.reached(20)
        await asyncio.sleep(0)
        assert told == [[True]] * len(wanted) and not mark.is_waited

    asyncio.run(run())


def test_who_applies_events_is_hurried_by_who_waits() -> None:
    """Once for each who has to wait, and by nobody else."""

    async def run() -> None:
        mark, hurried, told = Watermark(), list[int](), list[bool]()
        mark.hurry = lambda: hurried.append(1)
        mark.reached(3)
        mark.wait(3, 5.0, told.append)
        assert not hurried and told == [True]
        mark.wait(4, 5.0, told.append)
        assert len(hurried) == 1
        mark.reached(4)
        await asyncio.sleep(0)
        assert told == [True, True]

    asyncio.run(run())


def test_a_wait_ends_with_its_time() -> None:
    """It is called back with False, once; what comes later calls nobody."""

    async def run() -> None:
        mark, told = Watermark(), list[bool]()
        mark.wait(5, 0.001, told.append)
        while mark.is_waited:
            await asyncio.sleep(0.001)
        mark.reached(9)
        await asyncio.sleep(0)
        assert told == [False]

    asyncio.run(run())


class Asked:
    """A recommender that notes that it was asked, and fails if it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times, self._error = 0, error

    def recommend(self, ask: Any, request: Request, answer: Any) -> Pending:
        self.times += 1
        if self._error is not None:
            raise self._error
        return Pending()


def answering(recommender: Any, mark: Watermark) -> Recommendations:
    fields = {field.name: field for field in bundle().request.fields}
    known: dict[int, Contract] = contracts(fields, Limits())
    return Recommendations(recommender, known, Limits(), mark, lambda: 0.0, Metrics())


REQUEST = Request("POST", "/v1/recommend", body=b'{"user_id": 1, "min_offset": 3}')


def test_nothing_is_computed_for_who_has_left() -> None:
    """A client that hangs up while it waits costs nothing more."""

    async def run() -> None:
        mark, recommender = Watermark(), Asked()
        pending = answering(recommender, mark).post(REQUEST)
        assert isinstance(pending, Pending)
        pending.abandon(TimeoutError())
        mark.reached(3)
        await asyncio.sleep(0)
        assert recommender.times == 0
        answering(recommender, mark).post(REQUEST)
        assert recommender.times == 1

    asyncio.run(run())


def test_an_error_after_the_wait_is_the_answer() -> None:
    """What the recommender refuses is told as if there had been no wait."""

    async def run() -> None:
        mark = Watermark()
        pending = answering(Asked(ZeroDivisionError()), mark).post(REQUEST)
        assert isinstance(pending, Pending) and pending.result is None
        mark.reached(3)
        await asyncio.sleep(0)
        assert isinstance(pending.result, ZeroDivisionError)

    asyncio.run(run())
