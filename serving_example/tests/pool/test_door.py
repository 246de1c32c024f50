"""A refusal holds for a moment, for those who are alike, and each of them counts."""

from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parity_tests.soak import examples
from serving_example.pool import Door
from serving_example.scheduler import Refusal

WHO = st.tuples(
    st.sampled_from(["a", "b"]), st.sampled_from([1, 100]), st.sampled_from(["", "key"]),
    st.sampled_from([0.5, 1.0]),
)  # fmt: skip


class Asked:
    """What a door is asked for."""

    def __init__(self, who: Any, deadline: float) -> None:
        self.model, self.rows, self.tenant, self.weight = who
        self.deadline = deadline


class Behind:
    """A pool that takes nothing while it is told so, and knows who was refused."""

    def __init__(self) -> None:
        self.reason: Any = None
        self.refused: Counter[tuple[str, int, str]] = Counter()
        self.offers = 0

    def offer(self, job: Any) -> Refusal | None:
        """Says its reason."""
        self.offers += 1
        if self.reason is None:
            return None
        self.refused[job.model, job.rows, self.reason] += 1
        return Refusal(self.reason, 0.25)

    def turned_away(self, model: str, rows: int, jobs: int, refusal: Refusal) -> None:
        """Counts them."""
        assert jobs > 0
        self.refused[model, rows, refusal.reason] += jobs


class DoorMachine(RuleBasedStateMachine):
    """Clients that ask, a pool that is full at times, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.behind = 100.0, Behind()
        pool: Any = self.behind
        self.door = Door(pool, lambda: self.now)
        self.told: Counter[tuple[str, int, str]] = Counter()
        self.last: dict[Any, tuple[float, float, str]] = {}

    @rule(seconds=st.sampled_from([0.0, 0.0005, 0.0019, 0.0021, 0.5]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(reason=st.sampled_from([None, "predicted_late", "queue_full", "cold"]))
    def the_pool_fills_or_empties(self, reason: Any) -> None:
        self.behind.reason = reason

    @rule(who=WHO, left_s=st.sampled_from([0.001, 0.02, 1.0, 1.0005, 3.0]))
    def one_asks(self, who: Any, left_s: float) -> None:
        """He is refused without the pool only as one like him was, at most 2 ms ago."""
        deadline = self.now + left_s
        model, rows, tenant, weight = who
        refusal = self.door.refusal(model, rows, tenant, weight, deadline)
        if refusal is not None:
            at, left_then_s, reason = self.last[who]
            assert self.now - at < 0.002 and self.now - at < 0.05 * left_then_s + 1e-9
            assert left_s <= left_then_s + 0.001 + 1e-9
            assert refusal.reason == reason
        else:
            job: Any = Asked(who, deadline)
            refusal = self.door.offer(job)
            if refusal is not None and refusal.reason != "cold":
                self.last[who] = (self.now, left_s, refusal.reason)
        if refusal is not None:
            self.told[who[0], who[1], refusal.reason] += 1

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """When all refusals have ended, the next who asks has the pool know of everybody."""
        assert sum(self.behind.refused.values()) <= sum(self.told.values())

    def teardown(self) -> None:
        self.now += 1.0
        assert self.door.refusal("c", 1, "", 1.0, self.now + 1.0) is None
        assert self.behind.refused == self.told


DoorMachine.TestCase.settings = examples(20, soak=1_000)
TestDoor = DoorMachine.TestCase


def test_a_flood_asks_once() -> None:
    """Of a thousand equal requests in a millisecond the scheduler is asked for one."""
    now, behind = [5.0], Behind()
    pool: Any = behind
    door, behind.reason = Door(pool, lambda: now[0]), "predicted_late"
    job: Any = Asked(("a", 100, "", 1.0), 6.0)
    for _ in range(1_000):
        refusal = door.refusal("a", 100, "", 1.0, 6.0) or door.offer(job)
        assert refusal == Refusal("predicted_late", 0.25)
        now[0] += 1e-6
    assert behind.offers == 1
    now[0] += 1.0
    assert door.refusal("a", 100, "", 1.0, 7.0) is None
    assert behind.refused == {("a", 100, "predicted_late"): 1_000}
