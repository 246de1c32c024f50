"""Kept answers, one flight for equal calls, hedges: in threads and on an event loop."""

import asyncio
import datetime as dt
import threading
from typing import Any

import pytest

from featurelib_client import AsyncClient, Client, UnavailableError
from featurelib_client.testing import FakeTransport, ManualClock
from featurelib_client.wire import Failure, Reply, Sent
from serving_example.client.tests.fakes import RECOMMENDED, answer, refusal

MINUTE = {"cache_control": "max-age=10, stale-while-revalidate=20, stale-if-error=100"}
DOWN = Failure("connect", "refused", is_sent=False)
RATING = {"rating_id": 1, "user_id": 42, "item_id": 7, "rating": 4.0}


def kept(*outcomes: Any, **settings: Any) -> tuple[Client, FakeTransport, ManualClock]:
    clock = ManualClock()
    transport = FakeTransport(*outcomes, clock=clock, takes_s=0.01)
    options = {"cache_bytes": 100_000, "max_attempts": 1, **settings}
    client = Client(
        "http://films", transport=transport, clock=clock, sleep=clock.sleep, chance=lambda: 0.0,
        **options,
    )  # fmt: skip
    return client, transport, clock


def test_a_fresh_answer_is_given_again() -> None:
    """An equal call within max-age is answered from before, and says so; another is not."""
    client, transport, clock = kept(answer(**MINUTE))
    first = client.recommend(42)
    clock.now += 3.0
    again = client.recommend(42)
    assert again.items == first.items and len(transport.sent) == 1
    assert again.about.attempts == 0 and again.about.age_s == pytest.approx(3.0)
    client.recommend(42, k=11)
    client.recommend(43)
    assert len(transport.sent) == 3


@pytest.mark.parametrize(
    "outcome",
    [
        answer(),
        answer(cache_control="no-store, max-age=10"),
        answer({**RECOMMENDED, "flags": ["stale"]}, **MINUTE),
        answer({**RECOMMENDED, "flags": ["behind"]}, **MINUTE),
    ],
)
def test_degraded_answers_are_not_kept(outcome: Reply) -> None:
    """What has no lifetime, or is flagged as less than the service can do, is asked for anew."""
    client, transport, _ = kept(outcome)
    client.recommend(42)
    client.recommend(42)
    assert len(transport.sent) == 2


def test_errors_are_not_kept_and_old_answers_stand_in_for_them() -> None:
    """While the server is away an old answer is given until stale-if-error ends, and no longer."""
    client, transport, clock = kept(answer(**MINUTE), DOWN)
    client.recommend(42)
    clock.now += 50.0
    old = client.recommend(42)
    assert old.about.age_s > 50 and old.about.attempts == 1
    clock.now += 100.0
    with pytest.raises(UnavailableError):
        client.recommend(42)
    with pytest.raises(UnavailableError):
        client.recommend(42)
    assert len(transport.sent) == 4


def test_a_stale_answer_is_given_while_a_newer_one_is_fetched() -> None:
    """Within stale-while-revalidate nobody waits, and the next call has the newer answer."""
    newer = answer({**RECOMMENDED, "items": []}, **MINUTE)
    client, transport, clock = kept(answer(**MINUTE), newer)
    client.recommend(42)
    clock.now += 15.0
    assert client.recommend(42).items
    assert client._beside is not None
    client._beside.shutdown(wait=True)
    assert len(transport.sent) == 2 and client.recommend(42).items == ()


def test_a_new_model_makes_old_answers_miss() -> None:
    """When an answer shows that the model was replaced, answers of the old one are not given."""
    other = answer({**RECOMMENDED, "model": {"name": "ranker", "digest": "d" * 64}}, **MINUTE)
    client, transport, _ = kept(answer(**MINUTE), other)
    client.recommend(42)
    client.recommend(43)
    assert client.recommend(42).model_digest == "d" * 64
    assert len(transport.sent) == 3


def test_a_rating_forgets_its_users_answers() -> None:
    """Who rates is not answered from before; others still are."""
    taken = answer({"accepted": 1, "first_offset": 5, "offset": 5}, 202)
    client, transport, _ = kept(answer(**MINUTE), answer(**MINUTE), taken, answer(**MINUTE))
    client.recommend(42)
    client.recommend(43)
    assert client.rate([{**RATING, "rated_at": dt.datetime.now(dt.UTC)}]).offset == 5
    client.recommend(43)
    assert len(transport.sent) == 3
    client.recommend(42)
    assert len(transport.sent) == 4


class Gate:
    """A transport whose answers wait for a test."""

    def __init__(self, outcome: Reply | Failure) -> None:
        self.outcome, self.open, self.count = outcome, threading.Event(), 0
        self.asked = threading.Semaphore(0)

    def send(self, sent: Sent) -> Reply | Failure:
        self.count += 1
        self.asked.release()
        assert self.open.wait(10)
        return self.outcome

    def close(self) -> None:
        self.open.set()


@pytest.mark.parametrize("outcome", [answer(**MINUTE), refusal(500, "internal", "failed")])
def test_equal_calls_at_once_are_sent_once(outcome: Reply) -> None:
    """Threads that ask the same at once share one answer, or one error."""
    gate, ends = Gate(outcome), []
    client = Client(
        "http://films", transport=gate, cache_bytes=10_000, timeout_s=10, max_attempts=1
    )

    def ask() -> None:
        try:
            ends.append(client.recommend(42).about.attempts)
        except UnavailableError as error:
            ends.append(error.attempts)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert gate.asked.acquire(timeout=10)
    while client._core._flights and sum(t.is_alive() for t in threads) < 8:
        pass
    gate.open.set()
    for thread in threads:
        thread.join(10)
    if outcome.status == 200:
        assert gate.count == 1 and sorted(ends) == [0] * 7 + [1]
    else:
        # Who came after the flight had failed flew again; nobody else did.
        assert gate.count == sum(ends) and len(ends) == 8


class AsyncGate:
    """The same on an event loop; it counts attempts that were cancelled."""

    def __init__(self, outcome: Reply) -> None:
        self.outcome, self.open, self.count, self.cancelled = outcome, asyncio.Event(), 0, 0

    async def send(self, sent: Sent) -> Reply | Failure:
        self.count += 1
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.outcome

    async def aclose(self) -> None:
        self.open.set()


def test_who_gives_up_does_not_take_the_answer_from_others() -> None:
    """A cancelled waiter leaves the flight alone; a cancelled first one hands it to another."""

    async def run() -> None:
        gate = AsyncGate(answer(**MINUTE))
        async with AsyncClient(
            "http://films", transport=gate, cache_bytes=10_000, timeout_s=10
        ) as client:
            tasks = [asyncio.create_task(client.recommend(42)) for _ in range(5)]
            await asyncio.sleep(0)
            tasks[3].cancel()
            await asyncio.sleep(0)
            assert gate.count == 1
            tasks[0].cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            assert gate.count == 2 and gate.cancelled == 1
            gate.open.set()
            got = await asyncio.gather(*tasks, return_exceptions=True)
            assert [isinstance(one, asyncio.CancelledError) for one in got] == [
                True, False, False, True, False,
            ]  # fmt: skip

    asyncio.run(run())


def test_a_slow_read_is_sent_twice_and_the_first_answer_counts() -> None:
    """After the P95 of what came before, a second attempt goes; the slow one is given up."""

    class Slow:
        def __init__(self) -> None:
            self.sent: list[bytes] = []
            self.cancelled = 0

        async def send(self, sent: Sent) -> Reply | Failure:
            self.sent.append(dict(sent.headers)[b"X-Request-Id"])
            if len(self.sent) == 33:
                try:
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    self.cancelled += 1
                    raise
            return answer()

        async def aclose(self) -> None:
            return None

    async def run() -> None:
        slow = Slow()
        async with AsyncClient("http://films", transport=slow, hedge=True, timeout_s=20) as client:
            for _ in range(32):
                await client.recommend(42)
            got = await client.recommend(42)
            assert got.about.attempts == 2 and got.about.elapsed_s < 5
            assert slow.cancelled == 1 and slow.sent[33] == slow.sent[32] + b".2"

    asyncio.run(run())


def test_a_hedge_in_threads_takes_the_first_answer() -> None:
    """The same in threads: the answer of the second attempt is given while the first hangs."""
    hang = threading.Event()

    class Slow:
        def __init__(self) -> None:
            self.count = 0
            self.lock = threading.Lock()

        def send(self, sent: Sent) -> Reply | Failure:
            with self.lock:
                self.count += 1
                mine = self.count
            if mine == 33:
                assert hang.wait(10)
            return answer()

        def close(self) -> None:
            hang.set()

    slow = Slow()
    with Client("http://films", transport=slow, hedge=True, timeout_s=20) as client:
        for _ in range(32):
            client.recommend(42)
        got = client.recommend(42)
        assert got.about.attempts == 2 and slow.count == 34
        assert client._core.rules.budget.tokens == 500 - 14 + 1
