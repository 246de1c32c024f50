"""Aligned columns of text."""

from hypothesis import given
from hypothesis import strategies as st

from featurelib.text_table import align

words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)
cells = st.lists(words, max_size=6).map(" ".join)
tables = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.tuples(words, *[cells] * (n - 1)), min_size=1, max_size=6)
)


@given(tables, st.integers(40, 120))
def test_nothing_is_cut_off_and_lines_fit(rows: list[tuple[str, ...]], width: int) -> None:
    """Every word of every cell is there, in order, and no line is too long."""
    lines = align(rows, width)
    assert " ".join(lines).split() == " ".join(c for row in rows for c in row).split()
    assert max(map(len, lines)) <= width


def test_cells_stand_below_each_other() -> None:
    """Columns are as wide as their widest cell where there is room."""
    assert align([("a", "bb", "c"), ("aaaa", "b", "c")], 40, indent=0) == [
        "a     bb  c",
        "aaaa  b   c",
    ]


def test_a_long_first_cell_has_a_line_of_its_own() -> None:
    """The other cells of its row keep their columns."""
    lines = align([("short", "Int64", "x.py:1"), ("long " * 12, "Int64", "x.py:2")], 60, indent=0)
    assert lines[0].index("Int64") == lines[-1].index("Int64")
    assert len(lines) == 3 and lines[1].startswith("long long")


def test_no_rows_are_no_lines() -> None:
    """An empty table is empty."""
    assert align([], 80) == []
