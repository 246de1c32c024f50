"""JSON requests read by machine code: what Python's reader takes, with its values and errors."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib import json_rows
from featurelib.errors import InputError
from featurelib.fields import Constraints, Field, InputSchema
from parity_tests.online.all_types import assert_same, random_rows
from parity_tests.online.all_types import kernel as kernel_of_everything
from parity_tests.online.json_texts import (
    KERNEL,
    ROW,
    assert_equal_meaning,
    by_python,
    is_plain,
)


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 600])
def test_arrays_of_objects_are_the_rows_that_python_reads(n: int) -> None:
    """Longer than a chunk, with and without spaces, as text and as bytes."""
    rows = [ROW | {"n": i % 100, "x": i / 7, "name": f"né{i}" * (i % 3)} for i in range(n)]
    expected = by_python(json.dumps(rows))
    assert len(expected) == n
    for text in (
        json.dumps(rows, ensure_ascii=False),
        json.dumps(rows, ensure_ascii=False, indent=2, separators=(" ,", " : ")),
        json.dumps([dict(reversed(row.items())) for row in rows], ensure_ascii=False),
        json.dumps(rows),
    ):
        assert_same(KERNEL.json(text), expected)
        assert_same(KERNEL.json(text.encode()), expected)
    assert is_plain(json.dumps(rows[:256], ensure_ascii=False))


def test_every_type_is_read_as_python_reads_it() -> None:
    """Edge values of all types, nulls, lists, and a field with a default."""
    made = kernel_of_everything()
    rows = [
        {n: _json(v) for n, v in row.items()} for row in random_rows(np.random.default_rng(4), 300)
    ]
    text = json.dumps(rows)
    parsed = json_rows.parse(text, made.bundle)
    assert_same(made.json(text), made.many(parsed))
    for row, plain in zip(rows[:20], parsed, strict=False):
        alone = made.json(json.dumps(row))
        assert repr(dict(alone)) == repr(dict(made(plain)))


def _json(value: Any) -> Any:
    if isinstance(value, list):
        return [_json(v) for v in value]
    if isinstance(value, float) and not np.isfinite(value):
        return 0.25
    if isinstance(value, dt.timedelta):
        return f"P{value.days}DT{value.seconds}S" if value.days >= 0 else "-PT1S"
    return value.isoformat() if isinstance(value, dt.date) else value


NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        ["-0", "-0.0", "-0e5", "1e400", "1E-400", "0.1e1", "01", "1.", ".5", "+1", "-"]
    ),
)


@settings(max_examples=400, deadline=None)
@given(NUMBERS, st.sampled_from(["x", "y", "n", "big"]))
@example("9007199254740993.0", "x")
@example("9007199254740992e22", "x")
@example("123456789012345678", "x")
@example("16777217", "y")
@example("1.00000017881393421514957253748434595763683319091796875001", "y")
def test_a_number_is_rounded_once_and_refused_as_python_refuses_it(text: str, field: str) -> None:
    """Whole, with a point, with an exponent, beyond what a type holds."""
    row = json.dumps({k: v for k, v in ROW.items() if k != field})[:-1]
    assert_equal_meaning(f'[{row}, "{field}": {text}}}]')


TIMES = st.one_of(
    st.datetimes().map(lambda t: t.isoformat() + "Z"),
    st.datetimes(timezones=st.timezones()).map(lambda t: t.isoformat()),
    st.dates().map(lambda d: d.isoformat()),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?"
        r"([Zz]|[+-][0-2][0-9]:[0-6][0-9])",
        fullmatch=True,
    ),
    st.sampled_from(["0000-01-01", "2023-02-29", "2100-02-29", "9999-12-31", "1900-02-29", ""]),
)


@settings(max_examples=300, deadline=None)
@given(TIMES, st.sampled_from(["day", "when"]))
@example("9999-12-31T23:59:59-23:59", "when")
@example("0001-01-01T00:00:00+23:59", "when")
@example("2024-02-29T12:00:00.1234567Z", "when")
@example("2024-02-29T12:00:00.000000000Z", "when")
@example("2016-12-31T23:59:60Z", "when")
def test_a_time_is_read_as_python_reads_it(text: str, field: str) -> None:
    """Calendars, offsets, fractions, and the ends of the years 1 to 9999."""
    assert_equal_meaning(json.dumps([ROW | {field: text}]))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_text_with_any_change_means_what_it_means_to_python(data: st.DataObject) -> None:
    """Bytes cut, doubled, replaced: nothing is taken that Python refuses, and no other value."""
    rows = [ROW, ROW | {"name": "a:{}[],", "tags": []}]
    text = bytearray(json.dumps(rows, ensure_ascii=data.draw(st.booleans())).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        size = data.draw(st.integers(0, 3))
        new = data.draw(
            st.sampled_from(list(b'"\\{}[],:0-.eEnt \n\x00\xc3')).map(lambda b: bytes([b]))
            | st.sampled_from([b'"x": 1,', b"null", b"true", b"{}", b"[1]", b"\xed\xa0\x80", b""])
        )
        text[at : at + size] = new
    assert_equal_meaning(bytes(text))


TEXTS = [
    "", " ", "[", "]", "{", "{}", "[{}]", "[]", " [ ] ", "[] x", "[1]", "[[]]", "null", "3", '"a"',
    "[{},]", "[,{}]", "\ufeff[]", json.dumps(ROW), f" {json.dumps(ROW)} ", json.dumps(ROW) + "x",
    json.dumps([ROW, 3]), json.dumps([ROW, None]), json.dumps([ROW])[:-1] + ",]",
    json.dumps([ROW]) + "]", json.dumps([ROW | {"other": 1}]), json.dumps([ROW])[:-2] + ',"x":2}]',
    json.dumps([ROW])[:-2] + ',"\\u0078":2}]', json.dumps([ROW | {"name": 'q"\\\n\u2028'}]),
    json.dumps([ROW | {"name": "\ud800"}]), json.dumps([ROW | {"name": "tab\there"}]),
    json.dumps([ROW | {"name": "tab\there"}]).replace("\\t", "\t"), json.dumps([ROW | {"x": None}]),
    json.dumps([ROW | {"x": True}]), json.dumps([ROW | {"ok": 1}]), json.dumps([ROW | {"n": 1.0}]),
    json.dumps([ROW | {"n": "1"}]), json.dumps([ROW | {"name": 1}]),
    json.dumps([ROW | {"tags": 1}]),
    json.dumps([ROW | {"tags": [1.5]}]), json.dumps([ROW | {"tags": [None]}]),
    json.dumps([ROW | {"tags": {"a": [1, {"b": "]}"}]}}]), json.dumps([ROW | {"x": float("nan")}]),
    json.dumps([ROW])[:-2].replace("[1, 2]", "[1, 2") + "]}]", "[" * 100_000, '{"x": ' * 50_000,
    json.dumps([ROW]).replace("true", "tru"), json.dumps([ROW]).replace("true", "truee"),
    json.dumps([ROW]).replace("true", "false"), json.dumps([ROW]).replace("true", "nul"),
    json.dumps([ROW]).replace(":", "::", 1), json.dumps([ROW]).replace(",", " ", 1),
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_wrong_has_the_words_of_the_other_reader(text: str) -> None:
    """No half of a text is read, no unknown, repeated or missing field is passed over."""
    assert_equal_meaning(text)
    assert_equal_meaning(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("left_out", [["y"], ["n"], ["name"], ["tags"], ["y", "n", "name", "tags"]])
def test_a_field_with_a_default_may_be_left_out(left_out: list[str]) -> None:
    """Null, a number, a text, a list; a field without one may not."""
    rows = [ROW, {k: v for k, v in ROW.items() if k not in left_out}, ROW]
    assert_equal_meaning(json.dumps(rows, ensure_ascii=False))
    assert is_plain(json.dumps(rows, ensure_ascii=False))
    del rows[1]["x"]
    assert_equal_meaning(json.dumps(rows))


LIMITED = InputSchema(
    "Limited",
    (
        Field("a", fl.dtypes.INT32, constraints=Constraints(ge=0, lt=10)),
        Field("b", fl.dtypes.FLOAT64, constraints=Constraints(gt=0.0, finite=True)),
        Field("c", fl.dtypes.STRING, constraints=Constraints(max_length=3)),
        Field("d", fl.dtypes.STRING, constraints=Constraints(one_of=("x", "é"))),
        Field("e", fl.dtypes.INT32, constraints=Constraints(one_of=(1, 2))),
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(-1, 11), st.sampled_from([0.0, 5e-324, 1, -1, 1e308]), st.text(max_size=5),
    st.sampled_from(["x", "é", "y", ""]), st.integers(0, 3),
)  # fmt: skip
def test_constraints_hold_for_values_of_a_text(a: int, b: float, c: str, d: str, e: int) -> None:
    """Lengths are code points; what is out of bounds is refused in the same words."""
    made = online.compile(fl.FeatureSet("limited", version="1.0.0", inputs=LIMITED, features=[]))
    text = json.dumps([{"a": a, "b": b, "c": c, "d": d, "e": e}], ensure_ascii=False)
    results = []
    for read in (made.json, lambda t: made.many(json_rows.parse(t, made.bundle))):
        try:
            read(text)
            results.append("taken")
        except InputError as error:
            results.append(str(error))
    assert results[0] == results[1]
