"""The sizes at which a device runs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import DefinitionError, InputError
from serving_example.devices import Ladder


@given(st.sets(st.integers(1, 64), min_size=1), st.data())
def test_the_smallest_size_that_holds_the_rows_is_taken(quarters: Any, data: Any) -> None:
    """No size of the ladder between the rows and the size that is taken is left unused."""
    sizes = sorted(4 * n for n in quarters)
    rows = data.draw(st.integers(1, sizes[-1]))
    assert Ladder(sizes).size_for(rows) == min(size for size in sizes if size >= rows)


@pytest.mark.parametrize("rows", [0, -1, 3073])
def test_rows_that_no_size_holds_are_refused_with_the_bounds(rows: Any) -> None:
    """The message names both bounds and what was given."""
    with pytest.raises(InputError, match=f"1 <= rows <= 3072, got rows={rows}"):
        Ladder().size_for(rows)


@pytest.mark.parametrize("sizes", [(), (2,), (6,), (8, 8), (16, 8), (8.0,), (True,)])
def test_a_ladder_has_rising_multiples_of_four(sizes: Any) -> None:
    """Anything else is refused when the ladder is made."""
    with pytest.raises(DefinitionError):
        Ladder(sizes)


def test_ladders_are_values() -> None:
    """Two ladders of the same sizes are equal."""
    assert Ladder([4, 8]) == Ladder((4, 8)) and hash(Ladder([4])) == hash(Ladder([4]))
    assert list(Ladder([4, 8])) == [4, 8] and repr(Ladder([4])) == "Ladder((4,))"
