"""What golden cases must cover, by the types that an op takes: a ratchet that only tightens.

Every op has the groups `basic` and `nulls` (`test_golden_ops.py`). Here its types ask for more, and
each of its bodies for a case of its own. What was missing when the rule was written is listed, and
the lists are exactly what is missing: a new op cannot join them, and what is filled leaves them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from featurelib.dtypes import SCALARS, DType
from featurelib.op import Op
from featurelib.parity.golden import case_path, read_cases
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
FLOATS = {t.name for t in SCALARS.values() if t.is_float}
ENDED = {t.name for t in SCALARS.values() if t.is_float or t.is_integer or t.is_temporal}
MISSING_GROUPS = {
    "acos@1": {"signed_zero"},
    "cast_datetime_to_date@1": {"bounds"},
    "fill_null@1": {"bounds", "text_edges"},
    "from_local_start@1": {"bounds"},
    "hash_chain@1": {"bounds", "nan_inf", "signed_zero"},
    "if_else@1": {"bounds", "nan_inf", "signed_zero", "text_edges"},
    "is_not_null@1": {"text_edges"},
    "is_null@1": {"text_edges"},
    "narrow_float@1": {"bounds"},
    "nullif@1": {"bounds"},
    "retype@1": {"text_edges"},
}
"""Groups that an op should have and has not, by op. It may shrink."""
BODIES_WITHOUT_A_CASE = {"hash_chain@1: hash_chain_temporal"}
"""Bodies that no golden case runs. It may shrink."""


def asked(types: set[str]) -> set[str]:
    """The groups that an op of these types must have, besides `basic` and `nulls`."""
    groups = {"nan_inf", "signed_zero"} if types & FLOATS else set()
    groups |= {"bounds"} if types & ENDED else set()
    return groups | ({"text_edges"} if "String" in types else set())


def types_of(op: Op) -> set[str]:
    """The names of the types that an op takes somewhere; tables and Lists are not among them."""
    found: set[str] = set()
    for body in op.bodies:
        for pattern in body.args:
            if isinstance(pattern, DType):
                found.add(pattern.name)
            else:
                found |= pattern.names if pattern.names is not None else {*SCALARS}
    return found


@cache
def covered(op: Op) -> tuple[frozenset[str], frozenset[str]]:
    """The groups of an op's golden cases, and the bodies that these cases run."""
    cases = list(read_cases(case_path(ROOT, op)))
    runs = (op.resolve(case.types, case.params)[0].fn.__name__ for case in cases)
    return frozenset(case.group for case in cases), frozenset(runs)


def test_types_ask_for_groups() -> None:
    """Floats ask for NaN and both zeros, what has ends for these, text for what is no ASCII."""
    missing = {op.key: asked(types_of(op)) - covered(op)[0] for op in every_op()}
    assert {key: groups for key, groups in missing.items() if groups} == MISSING_GROUPS


def test_every_body_has_a_golden_case() -> None:
    """A case of one type says nothing of the body for another."""
    without = {
        f"{op.key}: {body.fn.__name__}"
        for op in every_op()
        for body in op.bodies
        if body.fn.__name__ not in covered(op)[1]
    }
    assert without == BODIES_WITHOUT_A_CASE


def test_the_rule_can_fail() -> None:
    """An op of floats and text without these groups would be named."""
    assert asked({"Float32"}) == {"nan_inf", "signed_zero", "bounds"}
    assert asked({"String"}) == {"text_edges"}
    assert asked({"Bool", "List", "Table"}) == set()
    assert asked({"Date"}) == {"bounds"}
