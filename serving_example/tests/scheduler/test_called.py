"""An executor that takes no batch now says when it does: meanwhile it is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.scheduler import Work
from serving_example.tests.scheduler.manual import World


class Turns:
    """Has a device's turns: it takes a batch when one is here, and counts how often it is asked."""

    def __init__(self, world: World) -> None:
        self.world, self.asked, self.is_here, self.is_owed = world, 0, False, False
        world.hands.takes = self.takes  # type: ignore[method-assign]

    def takes(self, device: str) -> bool:
        """Counts; true in a turn."""
        self.asked += 1
        self.is_owed = self.is_owed or not self.is_here
        return self.is_here

    def come(self) -> None:
        """The turn."""
        self.is_here, self.is_owed = True, False
        self.world.scheduler.serve("d")
        self.is_here = False


def test_a_turn_is_asked_for_once() -> None:
    """What comes before it is in its batch, and asks for nothing more."""
    world = World()
    turns = Turns(world)
    world.submit(*(world.work() for _ in range(4)))
    assert turns.asked == 1 and not world.hands.running
    turns.come()
    assert world.last.rows == 4
    world.submit(world.work(), world.work())
    assert len(world.finish()) == 4
    assert not world.hands.running
    turns.come()
    assert world.last.rows == 2


def test_a_turn_for_nothing_is_not_the_last() -> None:
    """Those that it was asked for are gone; who comes then asks for another."""
    world = World()
    turns = Turns(world)
    for _ in range(2):
        work = world.work()
        world.submit(work)
        assert world.scheduler.cancel(work)
        turns.come()
        assert not world.hands.running
    world.submit(world.work())
    turns.come()
    assert world.last.rows == 1


@given(steps=st.lists(st.sampled_from(["submit", "cancel", "turn", "end", "later"]), max_size=30))
@examples(40, soak=3_000)
def test_whoever_waits_has_a_turn(steps: list[str]) -> None:
    """After anything, a turn is owed to works that wait beside a free device."""
    world = World()
    turns = Turns(world)
    works: list[Work] = []
    for step in steps:
        if step == "submit":
            works.append(world.work(world.hands.now + 0.1))
            world.scheduler.submit(works[-1])
        elif step == "cancel" and works:
            world.scheduler.cancel(works.pop())
        elif step == "turn":
            turns.come()
        elif step == "end" and world.hands.running:
            world.finish()
        elif step == "later":
            world.pass_s(0.04)
        waits = any(work.state == "waiting" for work in works)
        assert turns.is_owed or not waits or world.hands.running
    for _ in range(len(works) + 1):
        turns.come()
        if world.hands.running:
            world.finish()
    assert not any(work.state in ("waiting", "running") for work in works)
