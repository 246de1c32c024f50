"""What a row kernel gives back: values of every kind, tensors, and memory that callers own."""

from __future__ import annotations

import datetime as dt
import pickle
import re

import numpy as np
import polars as pl
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib.errors import DefinitionError, InputError
from featurelib.evaluate import Evaluator


class Request(fl.Schema):
    a: float | None
    n: fl.Int16
    ok: bool | None
    name: str | None
    when: fl.Datetime | None


def _feature(name, expr):
    return fl.Feature(name, version=1, expr=expr)


@pytest.fixture(scope="module")
def kernel():
    features = fl.FeatureSet(
        "outputs",
        version="1.0.0",
        inputs=Request,
        features=[
            _feature("shout", fl.col("name").str.to_uppercase()),
            _feature("half", (fl.col("a") / 2).cast(fl.Float32)),
            _feature("kind", fl.col("name").fill_null("").one_hot(["x", "yy"])),
            _feature("filled", fl.col("a").fill_null(-1.0).cast(fl.Float32)),
            _feature("is_ok", ~fl.col("ok")),
            _feature("later", fl.col("when") + dt.timedelta(days=1)),
            _feature("day", fl.col("when").dt.date()),
            _feature("twice", fl.col("name") + fl.col("name")),
            _feature("bucket", fl.col("name").fill_null("").hash_bucket(1000)),
            _feature("big", fl.col("n").cast(fl.Int64) * 1_000_000_007),
        ],
        layout={"dense": ["filled", "kind", "filled"], "ids": ["bucket"], "raw": ["n"]},
    )
    return online.compile(features.bind())


NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
ROWS = [
    {"a": 1.5, "n": 3, "ok": True, "name": "x", "when": NOON},
    {"a": None, "n": -3, "ok": None, "name": None, "when": None},
    {"a": float("nan"), "n": 0, "ok": False, "name": "", "when": NOON},
    {"a": -0.0, "n": 9, "ok": False, "name": "ß" * 500, "when": NOON},
    {"a": 2.0, "n": 1, "ok": True, "name": "yy", "when": NOON},
]


@pytest.mark.parametrize("row", ROWS)
def test_values_are_those_of_the_reference_evaluator(kernel, row):
    """Values as kernels hold them equal the evaluator's; NaN is compared by its text."""
    canonical = dict(row)
    canonical["name"] = None if row["name"] is None else row["name"].encode()
    canonical["when"] = None if row["when"] is None else int(NOON.timestamp()) * 1_000_000
    expected = Evaluator(kernel.bundle.program, kernel.bundle.state).row(canonical)
    made = kernel(row)
    got = {name: made.canonical(name) for name in made}
    assert repr(got) == repr(expected)


def test_a_row_is_a_mapping_of_python_values_in_the_order_of_the_set(kernel):
    made = kernel(ROWS[0])
    assert dict(made) == {
        "shout": "X",
        "half": 0.75,
        "kind": [1.0, 0.0],
        "filled": 1.5,
        "is_ok": False,
        "later": NOON + dt.timedelta(days=1),
        "day": dt.date(2024, 2, 29),
        "twice": "xx",
        "bucket": made["bucket"],
        "big": 3_000_000_021,
    }
    assert list(made) == list(made.keys()) == list(kernel.types)
    assert type(made["is_ok"]) is bool
    assert dict(kernel(ROWS[1]))["twice"] is None
    with pytest.raises(KeyError):
        made["nothing"]


def test_a_row_keeps_its_values_when_the_next_is_served(kernel):
    """The arena and the block are used again; a row is a copy."""
    made = [kernel(row) for row in ROWS]
    assert [m["twice"] for m in made] == ["xx", None, "", "ß" * 1000, "yyyy"]
    assert [m.tensors["raw"][0, 0] for m in made] == [3, -3, 0, 9, 1]


def test_rows_travel_between_processes(kernel):
    """Values, canonical values and tensors are the same there."""
    rows = [kernel(ROWS[0]), kernel(ROWS[1])]
    for before, after in zip(rows, pickle.loads(pickle.dumps(rows)), strict=True):
        assert type(after) is type(before) and dict(after) == dict(before)
        assert all(after.canonical(n) == before.canonical(n) for n in before)
        tensors = after.tensors
        assert {n: t.tobytes() for n, t in before.tensors.items()} == {
            n: t.tobytes() for n, t in tensors.items()
        }


def test_a_batch_is_a_sequence_of_rows(kernel):
    """It has a length, ends, counts from the end, and says where the column of a feature is."""
    batch = kernel.many(list(ROWS))
    assert len(batch) == len(list(batch)) == len(ROWS)
    assert batch[-1] == batch[len(ROWS) - 1] == dict(kernel(ROWS[-1]))
    with pytest.raises(IndexError):
        batch[len(ROWS)]
    with pytest.raises(InputError, match="by the number of a row, got 'half'") as refused:
        batch["half"]
    assert 'batch.columns["half"]' in str(refused.value.hint)


@pytest.mark.parametrize("layout", [{}, {"raw": ["n"]}])
def test_a_batch_without_features_ends(layout):
    """A set may compute nothing, or only put inputs into tensors; its rows are still counted."""
    nothing = fl.FeatureSet("none", version="1.0.0", inputs=Request, features=[], layout=layout)
    batch = online.compile(nothing).many(list(ROWS))
    assert [t.tolist() for t in batch.tensors.values()] == [[[r["n"]] for r in ROWS]] * len(layout)
    assert len(list(batch)) == len(batch) == len(ROWS)


@pytest.mark.parametrize("rows", [None, 3, {"n": 1}, pl.DataFrame({"n": [1]})])
def test_what_is_no_sequence_of_rows_is_named(kernel, rows):
    """Value and type, and where one row and a frame go."""
    shown = re.escape(repr(rows)[:20])
    with pytest.raises(InputError, match=f"several rows, got {shown}(.|\n)*kernel.columns"):
        kernel.many(rows)


@pytest.mark.parametrize("wrong", ["flights.json", None, Request])
def test_only_bundles_and_sets_are_compiled(wrong):
    """A path is no bundle: the message says how to read it."""
    with pytest.raises(DefinitionError, match="expected a bundle, got") as refused:
        online.compile(wrong)
    assert "fl.load(path)" in str(refused.value.hint)


def test_an_arena_that_grew_over_one_block_is_made_small_again():
    """Many long texts in one call need several blocks; the next call has the values of its own."""
    features = [_feature(f"f{k}", fl.col("s") + fl.lit("x" * k)) for k in range(40)]
    schema = fl.InputSchema.from_json(_Text.input_schema().to_json())
    long_kernel = online.compile(
        fl.FeatureSet("long", version="1.0.0", inputs=schema, features=features).bind()
    )
    for text in ("a" * 60_000, "b", "c" * 60_000, "c" * 60_000, "d"):
        made = long_kernel({"s": text})
        assert [made[f"f{k}"] for k in range(40)] == [text + "x" * k for k in range(40)]


class _Text(fl.Schema):
    s: str


@pytest.mark.parametrize("row", ROWS)
def test_a_filler_writes_the_tensors_of_a_row_to_the_callers_memory(kernel, row):
    out = {
        "dense": np.full((2, 4), 7, np.float32),
        "ids": np.full((2, 1), 7, np.uint32),
        "raw": np.full((2, 1), 7, np.int16),
    }
    fill = kernel.filler(out)
    fill(ROWS[0])
    fill(row)
    for name, tensor in kernel(row).tensors.items():
        assert out[name][:1].tobytes() == tensor.tobytes()
        assert (out[name][1] == 7).all()


def test_a_filler_refuses_a_bad_row_and_goes_on(kernel):
    out = {n: t.copy() for n, t in kernel(ROWS[0]).tensors.items()}
    fill = kernel.filler(out)
    with pytest.raises(InputError, match="`n`"):
        fill({**ROWS[4], "n": "many"})
    fill(ROWS[4])
    assert out["raw"][0, 0] == 1


def test_a_filler_refuses_memory_that_does_not_fit(kernel):
    with pytest.raises(InputError, match="lacks tensor"):
        kernel.filler({})
