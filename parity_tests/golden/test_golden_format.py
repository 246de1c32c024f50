"""The golden format: what a line may say, and that a wrong value is found."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from featurelib.dtypes import DATE, FLOAT32, FLOAT64, INT16, STRING, array_type, table_type
from featurelib.errors import ParityError
from featurelib.parity.golden import check, read_cases, replay_reference
from featurelib.parity.golden_values import decode, encode, parse_type, same_bits, ulp_distance

LINE = {
    "group": "basic", "types": ["Float64", "Float64"], "args": [1.5, 2.0], "params": {},
    "out_type": "Float64", "out": 3.5, "oracle": "by hand", "why": "halves are exact",
}  # fmt: skip


def written(folder: Path, family: str = "arithmetic", op: str = "add@1", **changes) -> Path:
    path = folder / family / f"{op}.jsonl"
    path.parent.mkdir(exist_ok=True)
    line = {k: v for k, v in (LINE | changes).items() if v != "absent"}
    path.write_text(json.dumps(line) + "\n")
    return path


@pytest.mark.parametrize(
    "text",
    ["Bool", "UInt64", "Datetime(America/New_York)", "List(Int16)", "Array(Float32, 3)",
     "Table(f64)", "Array(Datetime(Asia/Tokyo), 2)"],
)  # fmt: skip
def test_types_are_read_as_they_print(text: str) -> None:
    """Every type that can be an argument is read from the text that it prints as."""
    assert str(parse_type(text)) == text


@pytest.mark.parametrize("text", ["", "float", "Datetime", "List()", "Array(Int8)", "Int64 "])
def test_other_texts_are_no_types(text: str) -> None:
    """A type that does not print so is refused, by name."""
    with pytest.raises(ParityError, match="is no type"):
        parse_type(text)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (None, INT16),
        (-32768, INT16),
        ("-inf", FLOAT64),
        (-0.0, FLOAT64),
        ("é\U0001f600", STRING),
        ("0001-01-01", DATE),
        ("9999-12-31T23:59:59.999999Z", parse_type("Datetime(UTC)")),
        ([0.5, "nan"], array_type(FLOAT32, 2)),
    ],
)
def test_values_go_there_and_back(value, dtype) -> None:
    """A value written from its canonical form is the value that was read."""
    assert repr(encode(decode(value, dtype), dtype)) == repr(value)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (32768, INT16),
        (True, INT16),
        (1.0, INT16),
        (0.1, FLOAT32),
        ("NaN", FLOAT64),
        (2**53 + 1, FLOAT64),
        ("2024-03-10T06:59:59Z", parse_type("Datetime(UTC)")),
        ([1.0], array_type(FLOAT32, 2)),
        ("\ud800", STRING),
        ({"kind": "f64"}, table_type("f64")),
    ],
)
def test_values_of_another_type_are_refused(value, dtype) -> None:
    """A value that is not written as its type is refused, never bent."""
    with pytest.raises(ParityError, match="of a golden case"):
        decode(value, dtype)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"why": "absent"}, r"add@1.jsonl:1: missing keys \['why'\]"),
        ({"note": 1}, r"unknown keys \['note'\]"),
        ({"group": "odd"}, "group 'odd' is none of basic"),
        ({"oracle": ""}, "names its oracle"),
        ({"ulp": 1}, "family arithmetic has a tolerance of 0 ulp"),
        ({"args": [1.0]}, "2 types for 1 arguments"),
    ],
)
def test_a_line_out_of_format_is_named(tmp_path: Path, changes, says) -> None:
    """An error names file, line and key."""
    with pytest.raises(ParityError, match=says):
        list(read_cases(written(tmp_path, **changes)))


def test_a_wrong_golden_value_is_found(tmp_path: Path) -> None:
    """The gate can fail: the message has the op, the arguments, both values and the reason."""
    (case,) = read_cases(written(tmp_path, out=3.25))
    with pytest.raises(ParityError, match=r"add@1\(1.5, 2.0\).*3.25 \(by hand\), got 3.5: halves"):
        check(case, replay_reference(case))


def test_a_wrong_result_type_is_found(tmp_path: Path) -> None:
    """A case whose op gives another type than it says is an error, not a comparison."""
    (case,) = read_cases(written(tmp_path, out_type="Float32"))
    with pytest.raises(ParityError, match="gives Float64, the case says Float32"):
        replay_reference(case)


def test_a_narrow_result_is_brought_back(tmp_path: Path) -> None:
    """A body computes 64 bits wide; the replay wraps an Int16 and rounds a Float32."""
    (case,) = read_cases(
        written(tmp_path, types=["Int16", "Int16"], args=[32767, 1], out_type="Int16", out=-32768)
    )
    assert replay_reference(case) == -32768
    (case,) = read_cases(
        written(tmp_path, types=["Float32"] * 2, args=[1.0, 2.0**-30], out_type="Float32", out=1.0)
    )
    assert replay_reference(case) == 1.0


def test_zeros_and_nans_are_compared_by_bits() -> None:
    """-0.0 is not 0.0; every NaN is the canonical one; a null is only a null."""
    assert not same_bits(0.0, -0.0, FLOAT64)
    assert same_bits(math.nan, -math.nan, FLOAT64)
    assert not same_bits(None, math.nan, FLOAT64)
    assert not same_bits(True, 1, INT16)


def test_a_tolerance_counts_floats_and_keeps_the_sign_of_zero(tmp_path: Path) -> None:
    """With "ulp": 1 the next float passes, the one after and the other zero do not."""
    (case,) = read_cases(written(tmp_path, family="elementary", ulp=1, out=1.0))
    check(case, math.nextafter(1.0, 2.0))
    with pytest.raises(ParityError):
        check(case, math.nextafter(1.0, 2.0) + 2.0**-52)
    with pytest.raises(ParityError):
        check(replace(case, out=0.0), -0.0)
    assert ulp_distance(-5e-324, 5e-324, FLOAT64) == 2
    assert ulp_distance(math.nan, math.inf, FLOAT64) > 1 << 60
