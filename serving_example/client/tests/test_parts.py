"""Back-off, budget, breaker and cache against simple models, with a clock of our own."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from featurelib_client.backoff import Backoff, retry_after
from featurelib_client.breaker import Breaker
from featurelib_client.budget import AGAIN, THROTTLED, RetryBudget
from featurelib_client.cache import ResultCache, lifetimes
from featurelib_client.testing import ManualClock
from featurelib_client.wire import Reply
from parity_tests.soak import examples

SOAK = examples(25, soak=1500)


@given(
    st.floats(0, 10), st.floats(0, 100), st.integers(1, 100),
    st.floats(0, 1, exclude_max=True, allow_subnormal=False),
)  # fmt: skip
@examples(60, soak=5000)
def test_a_wait_is_a_share_of_a_bound_that_doubles(
    first: float, most: float, attempt: int, chance: float
) -> None:
    """The wait is chance times first * 2^(attempt - 1), and never above the largest."""
    exact = first * 2.0 ** (attempt - 1)
    wanted = min(most, exact) * chance
    got = Backoff(first, most, lambda: chance).after(attempt)
    assert math.isclose(got, wanted, rel_tol=1e-12) and got <= most


def test_retry_after_is_read_in_seconds_or_against_the_servers_own_date() -> None:
    """Seconds are taken as they are; a date counts from the Date of the answer, not from here."""
    date = b"Mon, 23 Nov 2026 12:00:00 GMT"
    cases: list[tuple[dict[bytes, bytes], float | None]] = [
        ({b"retry-after": b"3"}, 3.0),
        ({b"retry-after": b"Mon, 23 Nov 2026 12:00:07 GMT", b"date": date}, 7.0),
        ({b"retry-after": b"Mon, 23 Nov 2026 11:00:00 GMT", b"date": date}, 0.0),
        ({b"retry-after": b"Mon, 23 Nov 2026 12:00:07 GMT"}, None),
        ({b"retry-after": b"soon", b"date": date}, None),
        ({b"retry-after": b"-1"}, None),
        ({}, None),
    ]
    for headers, seconds in cases:
        assert retry_after(Reply(503, headers)) == seconds, headers
    body = b'{"error":{"code":"overloaded","retry_after_ms":40.5}}'
    assert retry_after(Reply(503, {b"retry-after": b"1"}, body)) == 0.0405


@given(st.lists(st.sampled_from(["answer", "again", "throttled"]), max_size=300), st.floats(0, 600))
@SOAK
def test_the_budget_bounds_what_is_sent_again(events: list[str], capacity: float) -> None:
    """Costs of attempts never exceed what the budget began with and one for each answer."""
    budget, spent, answers = RetryBudget(capacity), 0.0, 0
    for event in events:
        if event == "answer":
            budget.answered()
            answers += 1
        else:
            cost = AGAIN if event == "again" else THROTTLED
            before = budget.tokens
            if budget.take(cost):
                spent += cost
            else:
                assert before < cost and budget.tokens == before
        assert 0.0 <= budget.tokens <= capacity
        assert spent <= capacity + answers + 1e-6


class BreakerMachine(RuleBasedStateMachine):
    """The breaker beside a list of what happened when."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.breaker = Breaker(rate=0.5, calls=4, window_s=10.0, open_s=2.0, clock=self.clock)
        self.seen: list[tuple[float, bool]] = []
        self.opened: float | None = None
        self.under_way: list[tuple[Any, int]] = []  # (admission, how often it had turned)
        self.probe: Any = None
        self.turned = 0

    @rule(seconds=st.sampled_from([0.0, 0.25, 1.0, 2.0, 9.5, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def a_call_comes(self) -> None:
        got = self.breaker.admit()
        if self.opened is None:
            assert got.wait_s is None and not got.is_probe
        elif self.clock.now < self.opened + 2.0:
            assert got.wait_s is not None and 0 < got.wait_s <= 2.0
            return
        elif self.probe is not None:
            assert got.wait_s is not None
            return
        else:
            assert got.wait_s is None and got.is_probe
            self.probe = got
        self.under_way.append((got, self.turned))

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 9), how=st.sampled_from(["ok", "failed", "left"]))
    def a_call_ends(self, which: int, how: str) -> None:
        admission, turned = self.under_way.pop(which % len(self.under_way))
        if how == "left":
            self.breaker.leave(admission)
        else:
            self.breaker.record(admission, is_failure=how == "failed")
        if turned != self.turned:
            return
        if admission is self.probe:
            self.probe = None
            if how != "left":
                self.opened, self.turned = (
                    self.clock.now if how == "failed" else None, self.turned + 1,
                )  # fmt: skip
            return
        if how != "left":
            self.seen.append((self.clock.now, how == "failed"))
            # The window forgets by slices of a second: from the tenth slice before this one on.
            lately = [bad for at, bad in self.seen if at // 1.0 > self.clock.now // 1.0 - 10]
            if how == "failed" and len(lately) >= 4 and sum(lately) >= 0.5 * len(lately):
                self.opened, self.turned, self.seen = self.clock.now, self.turned + 1, []

    @invariant()
    def states_are_equal(self) -> None:
        wanted = "closed"
        if self.opened is not None:
            wanted = "open" if self.clock.now < self.opened + 2.0 else "half_open"
        assert self.breaker.state == wanted


BreakerMachine.TestCase.settings = examples(25, soak=1500)
TestBreaker = BreakerMachine.TestCase


def test_lifetimes_are_those_of_cache_control() -> None:
    """Only an answer that says for how long it is fresh is kept; time in other caches counts."""
    cases: list[tuple[dict[bytes, bytes], tuple[float, float, float] | None]] = [
        ({b"cache-control": b"private, max-age=5"}, (5, 5, 5)),
        (
            {b"cache-control": b"Max-Age=5, stale-while-revalidate=10, stale-if-error=60"},
            (5, 15, 65),
        ),
        ({b"cache-control": b"max-age=5", b"age": b"3"}, (2, 2, 2)),
        ({b"cache-control": b"max-age=5, no-store"}, None),
        ({b"cache-control": b"max-age=-5"}, None),
        ({b"cache-control": b"private"}, None),
        ({}, None),
    ]
    for headers, wanted in cases:
        assert lifetimes(Reply(200, headers)) == wanted, headers


class CacheMachine(RuleBasedStateMachine):
    """The cache beside a list of answers, the last used at its end."""

    BYTES = 5_000

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.cache = ResultCache(self.BYTES, self.clock)
        self.kept: list[tuple[int, Reply, float, int]] = []  # key, answer, end, user
        self.before: list[tuple[int, set[int]]] = []

    @rule(seconds=st.sampled_from([0.5, 1.0, 7.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(
        key=st.integers(0, 5), size=st.sampled_from([0, 500, 1500, 4500]),
        age=st.integers(0, 4), error=st.integers(0, 9), user=st.integers(0, 2),
    )  # fmt: skip
    def an_answer_comes(self, key: int, size: int, age: int, error: int, user: int) -> None:
        control = b"max-age=%d, stale-if-error=%d" % (age, error)
        reply = Reply(200, {b"cache-control": control}, bytes(size))
        self.cache.put(key, reply, user, self.cache.now())
        if age + error == 0 or size + 1000 > self.BYTES:
            return
        self.kept = [one for one in self.kept if one[0] != key]
        self.kept.append((key, reply, self.clock.now + age + error, user))
        while sum(len(reply.body) + 1000 for _, reply, _, _ in self.kept) > self.BYTES:
            self.kept.pop(0)

    @rule(key=st.integers(0, 5))
    def one_looks(self, key: int) -> None:
        got = self.cache.look(key)
        mine = next((one for one in self.kept if one[0] == key), None)
        if mine is not None:
            self.kept.remove(mine)
            if self.clock.now < mine[2]:
                self.kept.append(mine)
                assert got is not None and got.reply is mine[1]
                return
        assert got is None

    @rule(user=st.integers(0, 2))
    def a_user_rates(self, user: int) -> None:
        since = self.cache.now()
        self.cache.drop({user})
        self.kept = [one for one in self.kept if one[3] != user]
        # What was asked for before the rating does not come back with the answer.
        late = Reply(200, {b"cache-control": b"max-age=60"}, b"")
        self.cache.put(99, late, user, since)
        assert self.cache.look(99) is None

    @invariant()
    def sizes_are_equal(self) -> None:
        used = sum(len(reply.body) + 1000 for _, reply, _, _ in self.kept)
        assert self.cache.used_bytes == used <= self.BYTES


CacheMachine.TestCase.settings = examples(25, soak=1500)
TestCache = CacheMachine.TestCase
