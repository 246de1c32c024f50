"""Typing: which body an op resolves to, what the types meet in, and what an error says."""

from __future__ import annotations

import inspect
import itertools
import math
import re
from pathlib import Path

import pytest

import featurelib as fl
from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from parity_tests.cases import check_each
from parity_tests.core.small_sets import Trip, feature, make_set, node

NUMBERS = [t for t in dtypes.SCALARS.values() if t.is_numeric]
TABLE = Path(__file__).parents[2] / "docs" / "types.md"


def _columns(*types: dtypes.DType, nullable: bool = False) -> fl.InputSchema:
    fields = [fl.schema.Field(n, t, nullable) for n, t in zip("abc", types, strict=False)]
    return fl.InputSchema("columns", tuple(fields))


def _documented() -> dict[tuple[str, str], str]:
    rows = re.findall(r"^\| \*\*(\w+)\*\* \| (.*) \|$", TABLE.read_text(encoding="utf-8"), re.M)
    order = [name for name, _ in rows]
    return {
        (name, other): cell
        for name, cells in rows
        for other, cell in zip(order, cells.split(" | "), strict=True)
    }


def test_two_columns_meet_as_the_table_in_the_docs_says() -> None:
    """Every pair of number types: `+` and a comparison follow docs/types.md."""
    meets = _documented()
    pairs = itertools.product(NUMBERS, NUMBERS)
    check_each(_meet_in, ((a, b, meets[a.name, b.name]) for a, b in pairs))


def _meet_in(a, b, expected) -> None:
    inputs = _columns(a, b)
    if expected == "error":
        for expr in (fl.col("a") + fl.col("b"), fl.col("a") < fl.col("b")):
            with pytest.raises(FeatureTypeError, match="do not meet in one type") as refused:
                node(expr, inputs)
            assert "cast one of them" in refused.value.hint
        return
    assert node(fl.col("a") + fl.col("b"), inputs).dtype.name == expected
    assert node(fl.col("a") < fl.col("b"), inputs).dtype.name == "Bool"


@pytest.mark.parametrize("dtype", NUMBERS, ids=str)
def test_a_constant_takes_the_type_of_the_column(dtype) -> None:
    """`x + 1` and `1 + x` have the type of x, whatever number it is."""
    inputs = _columns(dtype)
    assert node(fl.col("a") + 1, inputs).dtype == dtype
    assert node(1 + fl.col("a"), inputs).dtype == dtype
    low = dtype.bounds[0] if dtype.is_integer else -1
    assert node(fl.col("a").fill_null(low), inputs).dtype == dtype


@pytest.mark.parametrize(
    "dtype, constant",
    [
        (dtypes.INT8, 300),
        (dtypes.INT8, 128),
        (dtypes.INT8, -129),
        (dtypes.INT8, 0.5),
        (dtypes.UINT32, -1),
        (dtypes.UINT64, 1 << 64),
        (dtypes.INT64, 1 << 63),
        (dtypes.FLOAT64, (1 << 53) + 1),
        (dtypes.FLOAT64, 10**400),
        (dtypes.FLOAT32, 1e39),
        (dtypes.FLOAT64, True),
        (dtypes.INT64, True),
        (dtypes.INT64, "1"),
        (dtypes.STRING, 1),
        (dtypes.DATE, 1.5),
    ],
    ids=str,
)
def test_a_constant_that_does_not_fit_is_refused(dtype, constant) -> None:
    """Nothing becomes wider, rounded or a number in silence."""
    with pytest.raises(FeatureTypeError, match="does not fit") as refused:
        node(fl.col("a").fill_null(constant), _columns(dtype, nullable=True))
    assert repr(constant)[:20] in str(refused.value)


def test_a_decimal_constant_is_the_nearest_of_its_type() -> None:
    """0.1 beside a Float32 column is the Float32 nearest to 0.1."""
    (_, constant) = node(fl.col("small") == 0.1).args
    assert constant.dtype == dtypes.FLOAT32
    assert constant.param["value"] == 0.10000000149011612


def test_null_and_nan_constants() -> None:
    """None is a null of the column's type; NaN is a float and no null."""
    made = node(fl.col("seats") + None)
    assert (made.dtype, made.nullable) == (dtypes.INT64, True)
    made = node(fl.col("distance") + math.nan)
    assert not made.nullable
    with pytest.raises(FeatureTypeError, match="does not fit Int64"):
        node(fl.col("seats") + math.nan)


def test_a_narrow_result_is_brought_back_to_its_width() -> None:
    """Arithmetic runs in 64 bits and `narrow` brings it back, once per op; wide types need none."""
    made = node(fl.col("gate") * 3)
    assert (made.op, made.dtype) == ("narrow_signed@1", dtypes.INT8)
    assert (made.args[0].op, made.args[0].dtype) == ("mul@1", dtypes.INT64)
    assert node(fl.col("small") + 1.0).op == "narrow_float@1"
    assert node(fl.col("pax") + 1).op == "narrow_unsigned@1"
    for name in ("seats", "ticket", "distance"):
        assert not node(fl.col(name) + 1).op.startswith("narrow")


def test_a_float_op_takes_integers_as_floats() -> None:
    """An op without an integer body casts an integer column to Float64, as Polars does."""
    made = node(fl.col("seats").log1p())
    assert made.dtype == dtypes.FLOAT64
    assert made.args[0].op == "cast_to_float64@1"


NULLABLE = [
    (lambda: fl.col("delay") + 1.0, True),
    (lambda: fl.col("distance") + 1.0, False),
    (lambda: fl.col("distance") + fl.col("delay"), True),
    (lambda: fl.col("delay").fill_null(0.0), False),
    (lambda: fl.coalesce(fl.col("delay"), fl.col("distance")), False),
    (lambda: fl.coalesce(fl.col("delay"), fl.col("gate")), True),
    (lambda: fl.col("delay").is_null(), False),
    (lambda: fl.col("delay") == 1.0, True),
    (lambda: fl.col("delay").eq_missing(1.0), False),
    (lambda: fl.col("is_late") & fl.col("is_full"), True),
    (lambda: fl.col("is_late") | fl.col("is_late"), False),
    (lambda: fl.col("seats") // fl.col("seats"), True),
    (lambda: fl.col("seats") // 3, False),
    (lambda: fl.col("seats") % 0, True),
    (lambda: fl.col("distance") / 0.0, False),
    (lambda: fl.col("distance").cast(fl.Int64), True),
    (lambda: fl.col("gate").fill_null(0).cast(fl.Int64), False),
    (lambda: fl.col("seats").cast(fl.Int8), True),
    (lambda: fl.max_horizontal(fl.col("delay"), fl.col("distance")), False),
    (lambda: fl.max_horizontal(fl.col("delay"), fl.col("gate")), True),
    (lambda: fl.col("distance").clip(fl.col("delay"), 3.0), False),
    (lambda: fl.when(fl.col("is_full")).then(1).otherwise(2), False),
    (lambda: fl.when(fl.col("is_late")).then(1).otherwise(None), True),
    (lambda: fl.col("tail").vocabulary_index(), False),
    (lambda: fl.col("tail").hash_bucket(8), True),
    (lambda: fl.concat_str([fl.col("carrier"), fl.col("carrier")]), True),
    (lambda: fl.mean(fl.col("delay")), False),
]


@pytest.mark.parametrize("make, nullable", NULLABLE, ids=lambda v: repr(v()) if callable(v) else "")
def test_nullability_is_exact(make, nullable) -> None:
    """Whether a result may be null follows from the op and its arguments, not from caution."""
    assert node(make()).nullable is nullable


def test_common_subexpressions_are_one_node() -> None:
    """Equal calls are equal nodes, in one feature and between features."""
    x = fl.col("distance")
    made = make_set(feature("a", (x + 1.0) * (x + 1.0)), feature("b", (x + 1.0).log1p()))
    assert [n.op for n in made.program.nodes] == ["input", "literal", "add@1", "mul@1", "log1p@1"]


def test_zeros_of_both_signs_are_two_constants() -> None:
    """0.0 and -0.0 compare equal but are not the same bits; 1 and True are not the same value."""
    x = fl.col("distance")
    made = make_set(feature("a", x + 0.0), feature("b", x + -0.0))
    assert made.program.outputs["a"].key != made.program.outputs["b"].key
    one = make_set(feature("a", x.is_in([0.0])), feature("b", x.is_in([-0.0])))
    assert len(one.program.outputs) == 2


def test_an_error_names_set_feature_op_type_and_line() -> None:
    """One message has all that one needs to find and mend it."""
    made = feature("fare_z", fl.col("carrier").log1p())
    line = inspect.currentframe().f_lineno - 1
    with pytest.raises(FeatureTypeError) as refused:
        make_set(made)
    text = str(refused.value)
    for part in ("trips.fare_z: ", "`log1p`", "String", "'carrier'", f"{__file__}:{line}"):
        assert part in text
    assert text.count("Hint:") == 1
    assert text.count("trips.") == 1


def test_an_error_in_a_used_feature_names_that_feature() -> None:
    """Who reads a wrong feature is not at fault."""
    wrong = feature("wrong", fl.col("carrier") * 2)
    with pytest.raises(FeatureTypeError, match=r"^trips\.wrong: "):
        make_set(feature("user", fl.col("wrong") + 1), wrong)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: fl.col("carrier").hash_bucket(8, sed=3), "unexpected keyword argument 'sed'"),
        (lambda: fl.col("carrier").hash_bucket(), "missing 1 required"),
        (lambda: fl.col("distance").log1p(1.0), r"takes \(Float\)"),
        (lambda: fl.col("distance").log1p(base=2), "no parameter `base`"),
        (lambda: fl.col("carrier").hash64(seed=-1), "seed"),
        (lambda: fl.lit({"a": 1}), "cannot be a constant"),
        (lambda: fl.col("leaves") + 1, "has no meaning"),
        (lambda: fl.col("is_late") + 1, "takes"),
        (lambda: fl.col("carrier").cast(fl.Date), "does not go from String to Date"),
        (lambda: fl.mean(fl.col("carrier")), "`mean` takes"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_wrong_call_is_a_definition_error(make, message) -> None:
    """Arguments that an op or macro does not take are found when the set is made, with the line."""
    with pytest.raises(DefinitionError, match=message) as refused:
        node(make())
    assert f"{__file__}:" in str(refused.value)
    assert str(refused.value).startswith("trips.made: ")


def test_a_schema_has_its_own_order() -> None:
    """Serving reads inputs by name; a program lists only those that it needs."""
    made = make_set(feature("f", fl.col("small") + fl.col("distance").cast(fl.Float32)))
    assert set(made.program.inputs) == {"small", "distance"}
    assert [f.name for f in Trip.input_schema()][:2] == ["carrier", "tail"]
