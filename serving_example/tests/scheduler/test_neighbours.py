"""A tenant who asks for too much, and those beside him.

Batches of 1, 2, 4 and 8 rows take 10, 12, 16 and 24 ms.
"""

from serving_example.scheduler import Shares, Work
from serving_example.tests.scheduler.manual import World


def works_of(tenant: str, count: int, deadline: float) -> list[Work]:
    return [Work("m", 1, deadline, tenant) for _ in range(count)]


def test_a_batch_of_who_is_behind_is_filled_with_works_of_others() -> None:
    """Of b's one work a batch of eight is made: it has the time, and seven of a's wait."""
    world = World("hybrid", shares=Shares(quantum_s=0.005))
    world.submit(*works_of("a", 9, 0.2))  # the first runs, 10 ms that a has had
    (late,) = works_of("b", 1, 0.3)
    world.submit(late)
    world.finish()
    assert late in world.last.works
    assert (world.last.rows, world.last.size) == (8, 8)


def test_a_batch_is_not_filled_beyond_the_deadline_of_its_own() -> None:
    """With 50 ms left when the device is free b's work runs among eight, with 40 among four."""
    for left, rows in ((0.050, 8), (0.040, 4)):
        world = World("hybrid", shares=Shares(quantum_s=0.005))
        world.submit(*works_of("a", 9, 0.2))
        world.submit(*works_of("b", 1, 0.010 + left))
        world.hands.now = 0.010
        world.finish()
        assert [work.tenant for work in world.last.works].count("b") == 1
        assert world.last.rows == rows


def test_those_who_ask_for_little_are_one_side() -> None:
    """a was given 60 ms, b 5 and c 30: the turn is that of b and c, who are 20 ms behind a."""
    shares = Shares(quantum_s=0.020)
    works = [Work("m", rows, 9.0, tenant) for tenant, rows in (("a", 60), ("b", 5), ("c", 30))]
    for work in works:
        shares.add(work)
    shares.served(works, 0.001)
    assert shares.behind() == ["b", "c"]


def test_who_asks_for_his_part_is_not_refused_for_what_others_have_waiting() -> None:
    """24 of a wait, three batches of 24 ms, and 10 ms run: work of a that must end by 60 ms is
    refused. b has nothing waiting: half of the device is his, and his work is taken.
    """
    world = World("hybrid")
    world.submit(*works_of("a", 25, 0.5))
    (again,), (other,) = works_of("a", 1, 0.060), works_of("b", 1, 0.060)
    assert world.scheduler.submit(again) is not None
    assert world.scheduler.submit(other) is None


def test_a_part_of_the_devices_is_by_weight() -> None:
    """a's 3 s need 4 s on one device while b, of a third of the weight, waits too."""
    shares = Shares({"a": 3.0})
    for tenant, cost_s in (("a", 2.0), ("b", 5.0)):
        work = Work("m", 1, 9.0, tenant)
        work.cost_s = cost_s
        shares.add(work)
    assert shares.turn_s("a", 1.0, 1) == 4.0
    assert shares.turn_s("a", 1.0, 2) == 2.0
    assert shares.turn_s("b", 0.0, 1) == 20.0
    shares.remove([work])
    assert shares.turn_s("a", 1.0, 1) is None
