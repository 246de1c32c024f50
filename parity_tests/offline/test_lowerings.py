"""Every native lowering gives the bits of its op's body, on edge values, in both Polars engines."""

from __future__ import annotations

import json

import polars as pl
import pytest

from featurelib_offline.native import registry
from featurelib_offline.plan import Plan
from parity_tests.matrix.trusted import TRUSTED, lowerings_digest
from parity_tests.offline.lowering_judge import differences


@pytest.mark.parametrize("key", sorted(registry.lowerings()))
def test_a_lowering_gives_the_bits_of_its_op(key: str) -> None:
    """On all types, parameters, columns and constants: equal bits; and it lowers something."""
    said = list(differences(key))
    wrong = [found for found in said if found]
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong)
    tried = any(found is not None for found in said)
    assert tried, f"the lowering of `{key}` never applies: give the op golden cases, or delete it"


def test_a_wrong_lowering_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test can fail: `lt` lowered as `le` differs where both sides are equal."""
    wrong = registry.Lowering("lt@1", lambda node, args: args[0] <= args[1], "all types")
    monkeypatch.setitem(registry.lowerings(), "lt@1", wrong)
    with pytest.raises(AssertionError, match=r"lt@1.*the body gives False, Polars True"):
        test_a_lowering_gives_the_bits_of_its_op("lt@1")


def test_the_list_of_trusted_versions_is_of_these_lowerings() -> None:
    """An edited lowering was not tried on them: `make matrix` writes the list again."""
    written = json.loads(TRUSTED.read_text(encoding="utf-8"))
    assert written["lowerings"] == lowerings_digest(), (
        "run make matrix MATRIX_ARGS='--environments --polars' (or --polars VERSION ...)"
    )
    assert pl.__version__ in written["polars"]


def test_an_unknown_version_of_polars_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a version that this suite has not passed every feature goes through the kernel."""
    from parity_tests.feature_sets.flights import flights

    program = flights.program.subset(["is_late"])
    assert [way for _, way, _ in Plan(program, {}).explain()] == ["native"]
    monkeypatch.setattr(pl, "__version__", "99.0.0")
    ((_, way, reason),) = Plan(program, {}).explain()
    assert way == "kernel" and "99.0.0 has not passed" in reason
    assert Plan(program, {}, "always").choices[0].way == "native"
