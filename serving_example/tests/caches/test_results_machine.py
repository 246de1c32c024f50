"""The cache of results does what a dict does that knows the rules, whatever comes in any order."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from parity_tests.soak import examples
from serving_example.caches import Made, Policy, ResultCache, Waiter
from serving_example.tests.caches.asking import ask

SOFT, HARD = 10.0, 30.0
KEYS = st.integers(0, 3)
"""Key k is asked of entity k // 2: two keys of each."""


class Machine(RuleBasedStateMachine):
    """Requests, answers, failures, changes, hang-ups and clocks that jump, in any order.

    The oracle knows of every answer how it was made, and so of every hit whether it may be: made
    for this very key, begun after the entity's last change, not older than its TTLs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.cache: ResultCache[str] = ResultCache(
            clock=lambda: self.now,
            policy=Policy(max_bytes=1 << 16, soft_s=SOFT, hard_s=HARD),
            draw=lambda: 0.5,
        )
        self.changes = [0, 0]
        self.serial = 0
        self.work: list[dict[str, Any]] = []
        self.told: dict[int, list[Any]] = {}
        self.waiting: dict[int, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}

    def _work(self, key: int) -> Any:
        def begin(deadline: float, done: Any) -> Any:
            job = {
                "key": key, "done": done, "began": self.now, "is_cancelled": False,
                "epoch": self.changes[key // 2], "deadline": deadline, "is_over": False,
            }  # fmt: skip
            self.work.append(job)

            def cancel() -> None:
                assert not job["is_over"], "work that is over is not cancelled"
                job["is_cancelled"] = True

            return cancel

        return begin

    def _open(self) -> list[dict[str, Any]]:
        return [job for job in self.work if not (job["is_over"] or job["is_cancelled"])]

    @rule(key=KEYS, patience=st.sampled_from([1.0, 5.0, 100.0]))
    def ask(self, key: int, patience: float) -> None:
        self.serial += 1
        me = self.serial
        got: list[Any] = self.told.setdefault(me, [])
        waiter: Waiter[Made[str]] = Waiter(got.append, self.now + patience)
        hit = ask(self.cache, str(key).encode(), key // 2, self._work(key), waiter)
        if hit is not None:
            assert not got
            made = self.answers[hit.value]
            assert made["key"] == key and made["is_keepable"]
            assert made["epoch"] == self.changes[key // 2], "the entity has changed since"
            assert made["began"] <= self.now < min(made["began"] + HARD, made["expires"])
            self.told[me] = [hit.value]
        else:
            self.waiting[me] = {"waiter": waiter, "key": key, "epoch": self.changes[key // 2]}

    @rule(pick=st.integers(0, 9), keep=st.booleans(), fresh=st.sampled_from([3.0, math.inf]))
    def answer(self, pick: int, keep: bool, fresh: float) -> None:
        if jobs := self._open():
            job = jobs[pick % len(jobs)]
            job["is_over"] = True
            self.serial += 1
            value = f"answer {self.serial}"
            self.answers[value] = {
                **job, "is_keepable": keep, "expires": self.now + fresh,
            }  # fmt: skip
            job["done"](Made(value, 100, keep, fresh))

    @rule(pick=st.integers(0, 9))
    def fail(self, pick: int) -> None:
        if jobs := self._open():
            job = jobs[pick % len(jobs)]
            job["is_over"] = True
            job["done"](ValueError("the work failed"))

    @rule(entity=st.integers(0, 1))
    def change(self, entity: int) -> None:
        self.changes[entity] += 1
        self.cache.bump(entity)

    @rule(pick=st.integers(0, 9))
    def hang_up(self, pick: int) -> None:
        waiting = [me for me in self.waiting if not self.told[me]]
        if waiting:
            me = waiting[pick % len(waiting)]
            self.waiting.pop(me)["waiter"].leave()
            self.told[me] = ["gone"]

    @rule(seconds=st.sampled_from([0.5, 2.0, 9.0, 11.0, 31.0, 1e6, -1.0, -500.0]))
    def jump(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.changes = [n + 1 for n in self.changes]

    @invariant()
    def nobody_is_told_twice_or_what_is_wrong(self) -> None:
        for me, got in self.told.items():
            assert len(got) <= 1, f"{me} was told twice"
            waited = self.waiting.get(me)
            if got and waited and isinstance(got[0], Made):
                made = self.answers[got[0].value]
                assert made["key"] == waited["key"]
                assert made["epoch"] >= waited["epoch"], "begun before a change that was known"

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """Who waits has work under way, and work that nobody wants any more is not."""
        jobs = self._open()
        assert len(jobs) == self.cache.in_flight
        for me, waited in self.waiting.items():
            if not self.told[me]:
                assert any(
                    job["key"] == waited["key"] and job["epoch"] >= waited["epoch"] for job in jobs
                )


def test_the_cache_does_what_its_rules_say() -> None:
    """Any interleaving: nothing old, foreign or failed is served, and everybody is told once."""
    run_state_machine_as_test(Machine, settings=examples(40, soak=2_000))
