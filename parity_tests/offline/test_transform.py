"""`transform`: the same bits in every engine and chunking, for every kind of frame."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import (
    DefinitionError,
    FieldValueError,
    FitError,
    InputError,
    MissingFieldError,
)
from featurelib.evaluate import Evaluator
from featurelib.parity.values import Values
from featurelib_offline import fit, job, plan, transform
from featurelib_offline.columns import series_column
from parity_tests.offline.small_set import trip_frame, trips

ROWS = 300


@functools.cache
def bundle() -> Bundle:
    made: Bundle = trips.bind(fit(trips, trip_frame(ROWS)))
    return made


def columns(frame: pl.DataFrame, bundle: Bundle) -> dict[str, Values]:
    made = {}
    for field in bundle.schema:
        made[field.name] = Values.of_column(
            series_column(frame[field.name].rechunk(), field.dtype), field.dtype
        )
    return made


@functools.cache
def reference() -> dict[str, Values]:
    """Every output of the reference evaluator."""
    made, inputs = bundle(), columns(trip_frame(ROWS), bundle())
    evaluator = Evaluator(made.program, made.state)
    rows = [evaluator.row({n: v.canonical(k) for n, v in inputs.items()}) for k in range(ROWS)]
    return {
        n: Values.of([r[n] for r in rows], node.dtype) for n, node in made.program.outputs.items()
    }


def check(result: pl.DataFrame, rows: slice = slice(None)) -> None:
    """The result has the bits of the reference."""
    assert result.columns == list(bundle().program.outputs)
    for name, node in bundle().program.outputs.items():
        got = Values.of_column(series_column(result[name].rechunk(), node.dtype), node.dtype)
        wrong = reference()[name].take(rows).differs(got).nonzero()[0]
        assert not len(wrong), (name, int(wrong[0]))


@pytest.mark.parametrize("native", ["auto", "never", "always"])
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_both_engines_and_both_ways_give_the_bits_of_the_reference(
    engine: Any, native: Any
) -> None:
    """Native or kernel, in memory or streaming: the reference's bits."""
    check(transform(bundle(), trip_frame(ROWS), engine=engine, native=native))


def test_chunks_slices_and_offsets_do_not_show() -> None:
    """Any split into chunks, and any slice of a frame, gives the same rows."""
    frame = trip_frame(ROWS)
    rng = np.random.default_rng(5)
    for _ in range(6):
        cuts = sorted({0, ROWS, *rng.integers(0, ROWS, rng.integers(1, 9)).tolist()})
        parts = [frame.slice(a, b - a) for a, b in itertools.pairwise(cuts)]
        check(transform(bundle(), pl.concat(parts, rechunk=False)))
        start, stop = sorted(rng.integers(0, ROWS, 2).tolist())
        check(transform(bundle(), frame[start:stop]), slice(start, stop))
        lazy = pl.concat(parts, rechunk=False).lazy()[start:stop]
        made = transform(bundle(), lazy)
        for engine in ("in-memory", "streaming"):
            check(made.collect(engine=engine), slice(start, stop))


def test_pieces_of_a_large_frame_are_as_its_rows_alone() -> None:
    """A frame of many kernel calls and threads repeats what 300 rows give."""
    frame = pl.concat([trip_frame(ROWS)] * 500, rechunk=True)
    result = transform(bundle(), frame)
    for at in (0, 16_200, 130_800, ROWS * 499):
        check(result[at : at + ROWS])


def test_an_empty_frame_gives_the_types() -> None:
    """No rows in, no rows out, with the types of the features."""
    for engine in ("in-memory", "streaming"):
        empty = transform(bundle(), trip_frame(ROWS).clear(), engine=engine)
        assert empty.schema == transform(bundle(), trip_frame(3)).schema and empty.is_empty()


def test_frames_come_back_as_their_kind() -> None:
    """Polars, Arrow and pandas frames give their own kind, with the same values."""
    frame = trip_frame(ROWS).drop("stops").with_columns(stops=pl.Series([[1.0]] * ROWS))
    plain = transform(bundle(), frame)
    table = transform(bundle(), frame.to_arrow())
    assert isinstance(table, pa.Table) and pl.from_arrow(table).equals(plain)
    batch = transform(bundle(), frame.to_arrow().combine_chunks().to_batches()[0])
    assert isinstance(batch, pa.RecordBatch) and pl.from_arrow(batch).equals(plain)
    given = frame.to_pandas().set_index(np.arange(ROWS) * 2)
    given["day"] = given["day"].dt.date
    pandas = transform(bundle(), given)
    assert isinstance(pandas, pd.DataFrame) and pandas.index[1] == 2
    for name in ("gate_length", "is_late", "hour", "seats_wrap"):
        assert [None if v is pd.NA else int(v) for v in pandas[name]] == [
            None if v is None else int(v) for v in plain[name]
        ]
    assert isinstance(transform(bundle(), frame.lazy()), pl.LazyFrame)


def test_kept_columns_stand_before_the_features() -> None:
    """`keep` takes columns of the schema and others; a clash of names is refused."""
    frame = trip_frame(5).with_columns(row_id=pl.int_range(5))
    made = transform(bundle(), frame, keep=["row_id", "carrier"])
    assert made.columns[:2] == ["row_id", "carrier"] and made["row_id"].to_list() == [*range(5)]
    with pytest.raises(InputError, match="no column `nothing`"):
        transform(bundle(), frame, keep=["row_id", "nothing"])
    with pytest.raises(InputError, match="`is_late` has the name of a feature"):
        transform(bundle(), frame.with_columns(is_late=1), keep=["row_id", "is_late"])


def test_bad_input_is_named() -> None:
    """Errors name feature set, field, value and row; the row's other fields do not matter."""
    frame = trip_frame(20)
    with pytest.raises(MissingFieldError, match="trips: field `carrier`"):
        transform(bundle(), frame.drop("carrier"))
    bad = frame.with_columns(rating=pl.when(pl.int_range(20) == 7).then(6.5).otherwise("rating"))
    with pytest.raises(FieldValueError, match=r"trips: field `rating` takes .*6.5.*in row 7"):
        transform(bundle(), bad)
    with pytest.raises(DefinitionError, match=r"errors=.*'ignore'"):
        transform(bundle(), frame, errors="ignore")  # type: ignore[arg-type]


def test_refused_rows_come_back_beside_the_good_ones() -> None:
    """errors="collect" loses no row: features of the good, reasons and input of the others."""
    frame = trip_frame(ROWS)
    bad = frame.with_columns(
        carrier=pl.when(pl.int_range(ROWS) % 100 == 50).then(None).otherwise("carrier")
    )
    result, refused = transform(bundle(), bad, errors="collect")
    assert refused["row"].to_list() == [50, 150, 250]
    assert "field `carrier` takes String" in refused["reasons"][0][0]
    assert refused["input"].struct.field("carrier").null_count() == 3
    good = [k for k in range(ROWS) if k % 100 != 50]
    assert result.equals(transform(bundle(), frame[good]))


def test_explain_gives_a_way_and_a_reason_for_each_feature() -> None:
    """Feature, way, reason; the ways agree with what was asked for."""
    ways = {f: (way, reason) for f, way, reason in plan(bundle()).explain()}
    assert list(ways) == list(bundle().program.outputs)
    assert ways["is_late"][0] == "native"
    assert ways["log_distance"] == ("kernel", "`log1p@1` has no native lowering")
    assert all(way == "kernel" for _, way, _ in plan(bundle(), native="never").explain())


def test_the_column_kernel_runs_once_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many outputs of one kernel do not run it many times, whatever is selected of them."""
    from featurelib_offline.column_kernel import ColumnKernel

    seen = []
    compute = ColumnKernel.compute

    def counted(self: ColumnKernel, frame: pl.DataFrame) -> pl.DataFrame:
        seen.append(len(frame))
        return compute(self, frame)

    monkeypatch.setattr(ColumnKernel, "compute", counted)
    lazy = transform(bundle(), trip_frame(ROWS).lazy())
    for engine in ("in-memory", "streaming"):
        for made in (lazy, lazy.select("hour", "log_distance"), lazy.filter(pl.col("hour") < 30)):
            seen.clear()
            made.collect(engine=engine)
            assert sum(seen) == ROWS


def test_only_bundles_and_sets_are_transformed(tmp_path: Path) -> None:
    """A path is no bundle, a set without analyzers is one, a set with them wants its fit."""
    for wrong in ("trips.json", None):
        with pytest.raises(DefinitionError, match="expected a bundle, got"):
            transform(wrong, trip_frame(1))
        with pytest.raises(DefinitionError, match="expected a bundle, got"):
            job(wrong, tmp_path / "in.parquet", tmp_path / "out.parquet")
    with pytest.raises(FitError, match="trips: no fitted value"):
        transform(trips, trip_frame(1))
    half = fl.Feature("half", version=1, expr=fl.col("distance") / 2)
    halves = fl.FeatureSet("halves", version="1.0.0", inputs=trips.inputs, features=[half])
    assert transform(halves, trip_frame(9)).equals(transform(halves.bind(), trip_frame(9)))
