"""A line of works against a sorted list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.scheduler import Work
from serving_example.scheduler import line as module
from serving_example.scheduler.line import Line, Order

ORDERS = st.sampled_from(["arrival", "deadline", "weight"])
SCRIPT = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([0.5, 1.0, 2.0]), st.integers(1, 3)), max_size=60
)


def key(order: Order, work: Work) -> tuple[float, int]:
    first = {"arrival": 0.0, "deadline": work.deadline, "weight": -work.weight}[order]
    return first, work.order


def filled(order: Order, script: list[tuple[int, float, int]]) -> tuple[Line, list[Work]]:
    line, works = Line(order), []
    for at, (deadline, weight, rows) in enumerate(script):
        works.append(Work("m", rows, float(deadline), weight=weight, order=at))
        line.add(works[-1])
    return line, sorted(works, key=lambda work: key(order, work))


@given(order=ORDERS, script=SCRIPT, data=st.data())
@examples(60, soak=3000)
def test_a_line_is_a_sorted_list(
    order: Order, script: list[tuple[int, float, int]], data: st.DataObject
) -> None:
    """After any additions and removals: the works, their order, their count and their rows.

    Blocks are made small, so that they are split and emptied.
    """
    usual, module._BLOCK = module._BLOCK, 2
    try:
        line, works = filled(order, script)
        gone = data.draw(st.lists(st.sampled_from(works), unique_by=id)) if works else []
        line.remove(gone)
        works = [work for work in works if work not in gone]
        assert list(line) == works
        assert (len(line), line.rows) == (len(works), sum(work.rows for work in works))
        if works:
            assert line.first() is works[0]
        skip = data.draw(st.integers(0, 8))
        assert list(line.walk(skip)) == works[skip:]
        if order == "deadline":
            for deadline in range(7):
                assert line.count_before(deadline) == sum(w.deadline < deadline for w in works)
    finally:
        module._BLOCK = usual


@given(order=ORDERS, script=SCRIPT, room=st.integers(0, 9), skip=st.integers(0, 4))
@examples(40, soak=2000)
def test_what_fits_is_taken_in_order(
    order: Order, script: list[tuple[int, float, int]], room: int, skip: int
) -> None:
    """The longest run of works behind `skip` whose rows are at most the room."""
    line, works = filled(order, script)
    behind = works[skip:]
    most = max(n for n in range(len(behind) + 1) if sum(w.rows for w in behind[:n]) <= room)
    assert line.fitting(room, skip) == behind[:most]
