"""Records in the order of their arrival: what a state with totals wants."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from parity_tests.windows import strategies
from parity_tests.windows.strategies import ORIGIN, STEP, Asked

WITH_TOTALS = ("life", "life_now", "tiles", "tiles_long")
Row = dict[str, Any]


def asked() -> st.SearchStrategy[Asked]:
    """Aggregates over windows with totals, and one beside them; few events are kept."""
    return st.builds(
        Asked,
        st.sampled_from(["numbers", "numbers", *sorted(strategies.FAMILIES)]),
        st.sampled_from(sorted(strategies.ARGUMENTS)),
        st.lists(st.sampled_from([*WITH_TOTALS, "left"]), min_size=1, max_size=3, unique=True),
        max_events=st.sampled_from([1, 2, 4, 8]),
        arrival=st.booleans(),
        late_h=st.sampled_from([0, 0, 1, 6, None]),
        ahead_h=st.sampled_from([None, 0, 2]),
    )


def has_totals(asked: Asked) -> bool:
    """Whether aggregates may be answered over events that are not kept: each family counts."""
    return not set(WITH_TOTALS).isdisjoint(asked.windows)


def arrival(row: Row, has_arrival: bool) -> Any:
    """When a row arrives; a row without an arrival is refused and may come at any time."""
    return row["got" if has_arrival else "at"] or ORIGIN


def by_arrival(rows: list[Row], has_arrival: bool, seed: int, again: int = 0) -> list[Row]:
    """Rows in the order of arrival, those of one arrival in any order.

    Args:
        rows: The rows.
        has_arrival: Whether there is an arrival column.
        seed: Of the order among ties, and of what is delivered again.
        again: How many are delivered once more, any time later.
    """
    random_ = random.Random(seed)
    made = rows.copy()
    random_.shuffle(made)
    made.sort(key=lambda row: arrival(row, has_arrival))
    for _ in range(again if made else 0):
        k = random_.randrange(len(made))
        made.insert(random_.randint(k, len(made)) + 1, made[k])
    return made


@st.composite
def batches(draw: Any, now: int, has_arrival: bool) -> tuple[int, list[Row]]:
    """What arrives next: a few records, and the step of the grid that the clock is at then."""
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        now += draw(st.sampled_from([0, 0, 1, 1, 2, 6]))
        delay = draw(st.sampled_from([0, 0, 0, 1, 2, 11, 12, 13, -1, -4])) if has_arrival else 0
        row = {
            "user": "ann",
            "at": ORIGIN + (now - delay) * STEP,
            "got": ORIGIN + now * STEP,
            "seq": draw(st.sampled_from([0, 0, 1, -1])),
            "id": draw(st.sampled_from([1, 2, 3, -1])),
            "gone": draw(st.sampled_from([False, False, False, None, True])),
            **draw(strategies.values()),
        }
        rows.append(row)
    return now, rows
