"""Lists through an expression over their elements: `list.eval`, `arr.eval`, `list.filter`."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import dtypes
from featurelib.borders import canonical_row
from featurelib.bundle import Bundle
from featurelib.errors import BundleFormatError, FeaturelibError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena
from featurelib.jit.kernel import Column, Kernel
from featurelib.parity.device_engine import left_out, on_device
from featurelib.parity.engines import BatchKernel, all_engines
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.run import check_rows
from featurelib.stages import split
from featurelib.trace import trace
from featurelib_offline.plan import plan
from parity_tests.core.crafted import sealed
from parity_tests.core.small_sets import feature, make_set
from parity_tests.device.device_run import DeviceInPtx

INPUTS = fl.InputSchema.from_fields(
    {
        "ids": list[int],
        "some": list[float] | None,
        "small": list[fl.Float32],
        "tiny": list[fl.Int8] | None,
        "flags": list[bool],
        "days": list[fl.Date] | None,
        "vector": Annotated[list[fl.Float32], fl.Size(3)],
        "places": Annotated[list[int], fl.Size(2)] | None,
        "n": int,
        "x": float | None,
    }
)
WHY_NOT_NATIVE = "an expression over the elements of a list"
EACH, N, X = fl.element(), fl.col("n"), fl.col("x")
IDS, SOME, SMALL = fl.col("ids"), fl.col("some"), fl.col("small")
ROW: dict[str, Any] = {
    "ids": [1, 2, 5, -7], "some": [1.0, 2.5, math.nan], "small": [0.5, 1.5], "tiny": [-128, 127],
    "flags": [True, False], "days": None, "vector": [1.0, 2.0, 4.0], "places": None,
    "n": 2, "x": None,
}  # fmt: skip
EXPRESSIONS = {
    "scaled": IDS.list.eval(EACH * 2 + N),
    "logs": SOME.list.eval(EACH.log1p().cast(fl.Float32)),
    "narrow": fl.col("tiny").list.eval(EACH * 3),
    "not_flags": fl.col("flags").list.eval(~EACH),
    "weekend": fl.col("days").list.eval(EACH.dt.is_weekend()),
    "constant": IDS.list.eval(1.5),
    "same_list": IDS.list.eval(EACH - IDS.list.eval(EACH % 3).list.len().fill_null(0)),
    "of_each": IDS.list.eval(EACH.cast(fl.String).str.char_ngrams(2, 97).list.sum().fill_null(0)),
    "positive": SOME.list.filter(EACH > X),
    "summed": SMALL.list.filter(EACH > 0).list.eval(EACH.sqrt()).list.sum(),
    "centred": fl.col("vector").arr.eval(EACH - fl.col("vector").arr.mean().fill_null(0.0)),
    "buckets": fl.col("places").arr.eval(EACH.hash_bucket(1000)),
    "spread": fl.col("vector").arr.eval(EACH.cast(fl.Float64) * 2).arr.sum(),
}


def bundle_of(**expressions: Any) -> Bundle:
    made = make_set(*(feature(n, e) for n, e in expressions.items()), inputs=INPUTS, name="bags")
    return made.bind()


def value(expr: Any, limit: int = 65536, **row: Any) -> Any:
    """The value of an expression on a row, by the reference evaluator."""
    bundle = bundle_of(made=expr)
    given_row = canonical_row({**ROW, **row}, bundle.schema)
    return Evaluator(bundle.program, bundle.state, Arena(limit)).row(given_row)["made"]


def test_every_engine_gives_the_same_lists() -> None:
    """Elements of every type, columns of the row, two lists at once: one set of bits."""
    bundle = bundle_of(**EXPRESSIONS)
    again = Bundle.from_bytes(bundle.to_bytes())
    assert again.fingerprint == bundle.fingerprint
    section = check_rows(
        again, generate_rows(again, 300, seed=5), all_engines(), "lists", reference_rows=150,
        edges=edge_rows(again),
    )  # fmt: skip
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


def test_a_device_maps_arrays() -> None:
    """A device computes an Array from an Array, and says by name that it makes no List."""
    bundle = bundle_of(**EXPRESSIONS)
    arrays = on_device(bundle)
    assert set(arrays.program.outputs) == {"centred", "buckets", "spread"}
    assert left_out(bundle)["scaled"] == "a List that makes a List"
    rows = generate_rows(arrays, 30, seed=3)
    section = check_rows(arrays, rows, [BatchKernel(), DeviceInPtx()], "arrays", reference_rows=8)
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


@given(st.lists(st.integers(-(2**31), 2**31), max_size=8), st.integers(-9, 9))
def test_lists_are_those_of_polars(values: list[int], n: int) -> None:
    """What stands for each element, and which are kept, is what Polars says."""
    series = pl.Series([values], dtype=pl.List(pl.Int64))
    doubled = series.list.eval(pl.element() * 2 + n)[0]
    assert value(IDS.list.eval(EACH * 2 + N), ids=values, n=n) == tuple(doubled)
    over = series.list.filter(pl.element() > n)[0]
    assert value(IDS.list.filter(EACH > N), ids=values, n=n) == tuple(over)
    third = series.list.eval(pl.element() % 3 == 0)[0]
    assert value(IDS.list.eval(EACH % 3 == 0), ids=values) == tuple(third)


@given(st.lists(st.integers(-99, 99), max_size=6), st.lists(st.integers(-9, 9), max_size=6))
def test_a_list_beside_a_list_has_its_own_element(outer: list[int], inner: list[int]) -> None:
    """`fl.element()` is the element of the nearest list; an inner one is of the row, read once."""
    squares = sum(v * v for v in inner)
    some = [float(v) for v in inner]
    expr = IDS.list.eval(EACH + SOME.list.eval(EACH * EACH).list.sum().fill_null(-1.0))
    assert value(expr, ids=outer, some=some) == tuple(float(v + squares) for v in outer)
    kept = tuple(v for v in outer if v in inner)
    among = IDS.list.filter(SOME.list.contains(EACH.cast(fl.Float64)))
    assert value(among, ids=outer, some=some) == kept


def test_one_expression_serves_lists_of_two_types() -> None:
    """An expression over an element has no type of its own: each list gives it one."""
    double = EACH * 2
    bundle = bundle_of(a=IDS.list.eval(double), b=SMALL.list.eval(double))
    types = [str(node.dtype) for node in bundle.program.outputs.values()]
    assert types == ["List(Int64)", "List(Float32)"]


def test_nulls_and_empty_lists() -> None:
    """A null list gives null, an empty one an empty one; an element for which null is not kept."""
    assert value(SOME.list.eval(EACH + 1), some=None) is None
    assert value(SOME.list.filter(EACH > 0), some=None) is None
    assert value(SOME.list.eval(EACH + 1), some=[]) == ()
    assert value(SOME.list.filter(EACH > X), x=None) == ()
    assert value(IDS.list.filter(6 % EACH == 0), ids=[0, 2, 0, 4]) == (2,)
    assert value(fl.col("places").arr.eval(EACH + 1), places=None) is None


def test_a_list_over_the_row_limit_is_null() -> None:
    """The bytes of the result count: 4 Float64 take 32; of what is kept only that."""
    doubled, kept = SOME.list.eval(EACH * 2), IDS.list.filter(EACH > 1)
    some = [1.0, 2.0, 5.0, -7.0]
    assert value(doubled, 32, some=some) == (2.0, 4.0, 10.0, -14.0)
    assert value(doubled, 31, some=some) is None
    assert (value(kept, 16), value(kept, 15)) == ((2, 5), None)
    assert value(kept, 3) is None, "a byte an element says which are kept"
    bundle = bundle_of(made=doubled)
    held = np.array(some)
    column = Column(np.array([[held.ctypes.data, len(held)]], np.int64), None, held)
    kernels = [Kernel(bundle.program, {}, limit=limit) for limit in (32, 31)]
    flags = [kernel.run([column], 1)[0].valid.tolist() for kernel in kernels]
    assert flags == [[1], [0]]


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        (EACH + 1, "stands for an element of a list, and here is none"),
        (IDS.list.eval(EACH // N), "never null, and this value may be"),
        (IDS.list.eval(EACH.dt.hour()), "dt.hour"),
        (IDS.list.eval("a"), "must be a number, a truth value or temporal, got String"),
        (IDS.list.eval(IDS), "must be a number, a truth value or temporal, got List"),
        (
            IDS.list.eval(
                EACH.cast(fl.String).str.char_ngrams(2, 97).list.eval(EACH % 7).list.len()
            ),
            "made of an element of a list has no expression of its own",
        ),
        (IDS.list.eval(EACH - fl.mean(EACH)), "an analyzer looks at whole columns"),
        (IDS.list.filter(EACH + 1), "true or false, got Int64"),
        (IDS.list.filter(True), "true or false, got True"),
        (N.list.eval(EACH + 1), "only a List or Array has elements, got Int64"),
        (fl.col("vector").list.filter(EACH > 0), "takes a List, got Array"),
    ],
)
def test_what_is_no_expression_of_elements_is_refused(expr: Any, says: str) -> None:
    """A definition names what is wrong, and where."""
    with pytest.raises(FeatureTypeError, match=r"bags\.made") as refused:
        bundle_of(made=expr)
    assert says in str(refused.value)
    assert "test_list_expressions.py" in str(refused.value)


def test_a_file_cannot_say_what_no_definition_can() -> None:
    """An element outside of its map, another list's element, another type: each is refused."""
    content = json.loads(bundle_of(made=IDS.list.eval(EACH * 2), other=SOME).to_bytes())
    nodes = content["program"]["nodes"]
    place = {row["op"]: i for i, row in enumerate(nodes)}
    some = next(i for i, row in enumerate(nodes) if row.get("params") == {"name": "some"})

    def altered(**change: Any) -> bytes:
        made = json.loads(json.dumps(content))
        made["program"]["nodes"][place["map"]] |= change
        return sealed(made)

    args = nodes[place["map"]]["args"]
    escaped = json.loads(json.dumps(content))
    escaped["program"]["outputs"][0][1] = place["element"]
    for data in (
        altered(args=[some, *args[1:]]),
        altered(args=args[:2]),
        altered(args=[args[0], args[0], args[2]]),
        altered(nullable=False),
        altered(type={"type": "List", "inner": "Float64"}),
        sealed(escaped),
    ):
        with pytest.raises((BundleFormatError, FeaturelibError)):
            Bundle.from_bytes(data)


def test_a_stage_never_gives_an_element_away() -> None:
    """A map that reads two sides of a request is computed where both are."""
    expressions = {"mixed": IDS.list.eval(EACH * 2 + N), "own": IDS.list.eval(EACH + 1)}
    bundle = bundle_of(**expressions)
    stages = split(bundle, {"user": ["ids"]})
    columns = [str(f.dtype) for f in stages.rest.schema if f.name.startswith("user.")]
    assert columns == ["List(Int64)", "List(Int64)"]
    user = _rows(stages.parts["user"], {"ids": ROW["ids"]})
    rest = _rows(stages.rest, {"n": 2, **{k: list(v) for k, v in user.items()}})
    assert rest == {"mixed": (4, 6, 12, -12), "own": (2, 3, 6, -6)}


def _rows(bundle: Bundle, row: dict[str, Any]) -> dict[str, Any]:
    rest = {name: ROW[name] for name in bundle.schema.names if name in ROW and name not in row}
    canonical = canonical_row({**rest, **row}, bundle.schema)
    return Evaluator(bundle.program, bundle.state).row(canonical)


def test_a_trace_shows_values_of_the_row() -> None:
    """Lists are shown whole; what each element has of its own is in `explain`."""
    bundle = bundle_of(made=IDS.list.eval(EACH * 2 + N))
    shown = {step.line.node.op: step.value for step in trace(bundle, ROW)}
    assert shown["map"] == [4, 6, 12, -12]
    assert "element" not in shown and "mul@1" not in shown
    assert "element %0" in bundle.explain()
    assert plan(bundle).explain() == [("made", "kernel", WHY_NOT_NATIVE)]
    assert dtypes.list_type(dtypes.INT64) == bundle.program.outputs["made"].dtype
