"""docs/benchmarks.md keeps what did not run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import PAGES
from benchmarks.document import joined, merged, section
from benchmarks.tables import Table

ROOT = Path(__file__).parents[2]


def tables(page: str, *titles: str) -> dict[str, str]:
    made = [section(Table(t, ("who", "s"), [("we", "1")]), page, "today") for t in titles]
    return {page: "\n".join(made)}


def test_a_page_that_ran_replaces_its_own_tables_and_no_others():
    """In the order of the pages, whichever ran first, however many tables each gives."""
    order = ("first", "second", "third")
    text = joined("# Head\n\n", merged("", tables("third", "C"), order))
    text = joined("# Head\n\n", merged(text, tables("first", "A", "B"), order))
    text = joined("# Head\n\n", merged(text, tables("third", "D", "E"), order))
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Head", "## A", "## B", "## D", "## E",
    ]  # fmt: skip
    assert text == joined("# Head\n\n", merged(text, {}, order))


def test_every_table_of_the_page_says_which_command_makes_it():
    """A table that no page makes any more is refused, not carried on for ever."""
    old = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert set(merged(old, {}, PAGES)) <= set(PAGES)
    with pytest.raises(ValueError, match="no page of benchmarks made the section 'Ghosts'"):
        merged("## Ghosts\n\n| a |\n", {}, PAGES)
