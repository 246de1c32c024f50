"""Every op has golden cases, and its bodies give their values in CPython."""

from pathlib import Path

import pytest

from featurelib.errors import ParityError
from featurelib.op import Op
from featurelib.parity.golden import case_path, check, read_cases, replay_reference
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
OPS = every_op()


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.key)
def test_every_op_has_golden_cases(op: Op) -> None:
    """Every op and version has a golden file with the groups basic and nulls."""
    path = case_path(ROOT, op)
    assert path.exists(), f"`{op.key}` has no golden cases: write {path.relative_to(ROOT.parent)}"
    missing = {"basic", "nulls"} - {case.group for case in read_cases(path)}
    assert not missing, f"`{op.key}` has no golden cases of the groups {sorted(missing)}"


@pytest.mark.parametrize("op", [o for o in OPS if case_path(ROOT, o).exists()], ids=lambda o: o.key)
def test_bodies_give_the_golden_values(op: Op) -> None:
    """The reference gives each golden value, bit for bit (elementary functions: within the ulp)."""
    wrong = []
    for case in read_cases(case_path(ROOT, op)):
        try:
            check(case, replay_reference(case))
        except ParityError as error:
            wrong.append(str(error))
    assert not wrong, f"{len(wrong)} golden cases differ:\n" + "\n".join(wrong[:10])


def test_no_golden_file_is_without_an_op() -> None:
    """A golden file whose op is gone, or whose name is misspelt, is found."""
    known = {case_path(ROOT, op) for op in OPS}
    assert not [str(p.relative_to(ROOT)) for p in ROOT.glob("ops/*/*.jsonl") if p not in known]
