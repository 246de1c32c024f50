"""What the lock hashes of real bodies: never their words, always their meaning."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity_tests.release.body_mutations import (
    FAMILIES,
    WORDINGS,
    hashes,
    mutant,
    reaching,
    released,
)
from parity_tests.soak import amount

SOME = settings(
    deadline=None,
    max_examples=amount(20, soak=200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FAMILY = st.sampled_from(sorted(FAMILIES))
SEED = st.integers(0, 2**32)
WAYS = st.lists(st.sampled_from(WORDINGS), min_size=1, max_size=3)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_run_from_another_file_has_its_hashes(family: str, tmp_path: Path) -> None:
    """The path of a source and the name of its module are no meaning."""
    assert hashes(FAMILIES[family].read_text(encoding="utf-8"), tmp_path) == released(family)


@SOME
@given(family=FAMILY, seed=SEED, ways=WAYS)
def test_other_words_never_change_a_hash(family: str, seed: int, ways, tmp_path: Path) -> None:
    """Comments, docstrings, blank lines and layout, in any order: every op keeps its hash."""
    rng = random.Random(seed)
    source = FAMILIES[family].read_text(encoding="utf-8")
    for way in ways:
        source = way(source, rng)
    assert hashes(source, tmp_path) == released(family)


@SOME
@given(family=FAMILY, seed=SEED)
def test_another_meaning_changes_the_hash_of_all_that_reach_it(
    family: str, seed: int, tmp_path: Path
) -> None:
    """A constant, a comparison, an operator or swapped arguments, in a body or in its helpers.

    Exactly the ops that reach the function have another hash: no more, and no fewer.
    """
    source = FAMILIES[family].read_text(encoding="utf-8")
    changed, line, said = mutant(source, random.Random(seed))
    before, after = released(family), hashes(changed, tmp_path)
    assert {k for k in before if after[k] != before[k]} == reaching(line, family), said
