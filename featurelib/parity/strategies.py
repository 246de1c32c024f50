"""Hypothesis strategies: rows of an input schema, and programs.

@given(rows(Flight.input_schema()))
def test_my_macro(row): ...
"""

from __future__ import annotations

from typing import Any

from featurelib import struct_inputs
from featurelib.borders import violation
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import MissingExtraError
from featurelib.fields import Field, InputSchema
from featurelib.intrinsics import f64_round_f32
from featurelib.layout import Layout
from featurelib.parity.edge_values import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DAY,
    LAST_INSTANT,
    edge_values,
)
from featurelib.parity.random_graphs import grow
from featurelib.program import Program
from featurelib.schema import Schema
from featurelib.state import FittedState

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise MissingExtraError(
        "strategies need hypothesis", hint='pip install "featurelib[parity]"'
    ) from error

__all__ = ["bundle_of_program", "programs", "rows", "values"]


def values(dtype: DType) -> st.SearchStrategy[Any]:
    """Canonical values of a type: its edges, and any others."""
    edges = st.sampled_from(edge_values(dtype))
    match dtype.name:
        case "Bool":
            return st.booleans()
        case "Float64" | "Float32":
            return st.one_of(edges, st.floats(width=64 if dtype.name == "Float64" else 32))
        case "String":
            return st.one_of(edges, st.text(max_size=40).map(_utf8))
        case "Date":
            return st.one_of(edges, st.integers(FIRST_DAY, LAST_DAY))
        case "Datetime":
            return st.one_of(edges, st.integers(FIRST_INSTANT, LAST_INSTANT))
        case "Duration":
            return st.one_of(edges, st.integers(-(2**62), 2**62))
        case "List" | "Array":
            assert dtype.inner is not None
            size = dtype.size
            least, most = (0, 8) if size is None else (size, size)
            return st.lists(values(dtype.inner), min_size=least, max_size=most).map(tuple)
    return st.one_of(edges, st.integers(*dtype.bounds))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def rows(schema: InputSchema | type[Schema]) -> st.SearchStrategy[dict[str, Any]]:
    """Rows that a schema takes, in canonical form; see `featurelib.borders.from_canonical`.

    Members of a Struct are columns of their own, as a feature set reads them.
    """
    known = schema if isinstance(schema, InputSchema) else schema.input_schema()
    return st.fixed_dictionaries({f.name: _field(f) for f in struct_inputs.flat(known)})


def _field(field: Field) -> st.SearchStrategy[Any]:
    made = values(field.dtype)
    limits = field.constraints
    if limits.one_of is not None:
        kept = [v.encode() if isinstance(v, str) else v for v in limits.one_of]
        made = st.sampled_from(kept)
    elif field.dtype.is_float and (limits.ge is not None or limits.le is not None):
        wide = st.floats(limits.ge, limits.le, allow_nan=False)
        made = wide if field.dtype.name == "Float64" else wide.map(f64_round_f32)
    elif field.is_constrained and field.dtype.kind in "iu":
        low, high = _whole_bounds(field)
        made = st.integers(low, high)
    if field.is_constrained:
        made = made.filter(lambda v: not violation(v, field))
    return st.one_of(st.none(), made) if field.nullable else made


def _whole_bounds(field: Field) -> tuple[int, int]:
    match field.dtype.name:
        case "Date":
            low, high = FIRST_DAY, LAST_DAY
        case "Datetime":
            low, high = FIRST_INSTANT, LAST_INSTANT
        case "Duration":
            low, high = -(2**62), 2**62
        case _:
            low, high = field.dtype.bounds
    limits = field.constraints
    lows = [low, *([limits.ge] if limits.ge is not None else [])]
    lows += [limits.gt + 1] if limits.gt is not None else []
    highs = [high, *([limits.le] if limits.le is not None else [])]
    highs += [limits.lt - 1] if limits.lt is not None else []
    return max(lows), min(highs)


@st.composite
def programs(draw: st.DrawFn, size: int = 30) -> Program:
    """Small typed programs over the ops that are registered.

    Args:
        draw: Given by Hypothesis.
        size: How many ops are tried; some do not fit and are left out.
    """
    made = grow(lambda options: draw(st.sampled_from(options)), size)
    return Program({f"f{i}": node for i, node in enumerate(made)})


def bundle_of_program(program: Program) -> Bundle:
    """A bundle that computes a program, with an input for each column that it reads."""
    fields = (Field(n, node.dtype, node.nullable) for n, node in program.inputs.items())
    schema = InputSchema("inputs", tuple(fields))
    return Bundle("random", "1.0.0", "", schema, program, FittedState({}), Layout(), {})
