"""Every op has golden cases, and its bodies give their values in CPython."""

from pathlib import Path

from featurelib.errors import ParityError
from featurelib.op import Op
from featurelib.parity.golden import case_path, check, read_cases, replay_reference
from parity_tests.cases import check_each
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
OPS = every_op()


def test_every_op_has_golden_cases_and_its_bodies_give_their_values() -> None:
    """Groups basic and nulls for each op and version; the reference gives each value to the bit.

    Elementary functions give it within the ulp that the case says.
    """
    check_each(_gives_its_golden_values, ((op,) for op in OPS))


def _gives_its_golden_values(op: Op) -> None:
    path = case_path(ROOT, op)
    assert path.exists(), f"`{op.key}` has no golden cases: write {path.relative_to(ROOT.parent)}"
    cases = list(read_cases(path))
    missing = {"basic", "nulls"} - {case.group for case in cases}
    assert not missing, f"`{op.key}` has no golden cases of the groups {sorted(missing)}"
    wrong = []
    for case in cases:
        try:
            check(case, replay_reference(case))
        except ParityError as error:
            wrong.append(str(error))
    assert not wrong, f"{len(wrong)} golden cases differ:\n" + "\n".join(wrong[:10])


def test_no_golden_file_is_without_an_op() -> None:
    """A golden file whose op is gone, or whose name is misspelt, is found."""
    known = {case_path(ROOT, op) for op in OPS}
    assert not [str(p.relative_to(ROOT)) for p in ROOT.glob("ops/*/*.jsonl") if p not in known]
