"""Work that is taken without a closer look is work that a closer look would take."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.scheduler import Admission, Refusal, Work
from serving_example.tests.scheduler.manual import SIZES, World

SLACKS = st.sampled_from([0.0, 0.0099, 0.01, 0.012, 0.0121, 0.02, 0.034, 0.05, 0.1, 1.0])
SUBMIT = st.tuples(
    st.sampled_from(["m", "m", "n"]), st.integers(1, 8), SLACKS | st.floats(0.0, 0.2),
    st.sampled_from(["a", "a", "a", "b"]), st.sampled_from([1.0, 1.0, 0.5, 0.3]),
)  # fmt: skip
STEPS = st.lists(
    SUBMIT | st.sampled_from(["end", "later", "much later", "lag"]), min_size=1, max_size=40
)


class Closely(Admission):
    """Looks closely at all work."""

    def takes(self, *given: Any) -> bool:
        return False


class Counted(Admission):
    """Counts what it takes without a closer look."""

    soon = 0

    def takes(self, *given: Any) -> bool:
        taken = super().takes(*given)
        self.soon += taken
        return taken


def told(world: World, steps: list[object]) -> list[object]:
    """What a scheduler says to each work, and what becomes of the batches."""
    said: list[object] = []
    for step in steps:
        if isinstance(step, tuple):
            model, rows, slack, tenant, weight = step
            work = Work(model, rows, world.hands.now + slack, tenant, weight)
            refusal: Refusal | None = world.scheduler.submit(work)
            said.append(refusal)
        elif step == "end" and world.hands.running:
            said.append([work.order for work in world.finish()])
        elif step == "lag":
            world.scheduler.admission.lag_s = 0.004
        else:
            world.pass_s(11.0 if step == "much later" else 0.003)
    return said


@given(steps=STEPS, is_on=st.booleans(), max_rows=st.sampled_from([1_000, 20]))
@examples(60, soak=5_000)
def test_no_decision_depends_on_how_closely_is_looked(
    steps: list[object], is_on: bool, max_rows: int
) -> None:
    """The same works are taken and refused, for the same reasons, and run in the same batches."""
    models = {"m": SIZES, "n": SIZES}
    closely = World(models=models, admission=Closely(is_on=is_on, max_rows=max_rows))
    usually = World(models=models, admission=Admission(is_on=is_on, max_rows=max_rows))
    assert told(usually, steps) == told(closely, steps)
    assert usually.scheduler.stats() == closely.scheduler.stats()


def test_most_work_needs_no_closer_look() -> None:
    """One tenant with time enough: nothing but the first sum is asked for."""
    counted = Counted()
    world = World(admission=counted)
    world.submit(*(world.work(10.0) for _ in range(20)))
    assert counted.soon == 20


def test_work_that_comes_near_to_its_deadline_is_looked_at_closely() -> None:
    """A batch of 10 ms runs, and one of one row takes 10 more: a full one would take 24."""
    counted = Counted()
    world = World(admission=counted)
    world.submit(world.work(10.0))
    counted.soon = 0
    world.submit(world.work(0.0339), world.work(0.0461))
    assert counted.soon == 1
