"""Which rows two bundles are compared on when their input schemas are not the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pytest

import featurelib as fl
from featurelib.errors import InputError, ReleaseError
from featurelib.parity import bind_for_parity, record
from featurelib.parity.generate_rows import generate_rows
from featurelib.release.diff import compare
from parity_tests.parity.trips import trips
from parity_tests.release.diff_cases import feature, make, on_data

x, y = fl.col("x"), fl.col("y")


def schema(**fields: Any) -> fl.InputSchema:
    return fl.InputSchema.from_fields(fields)


ONE, TWO = schema(x=float), schema(x=float, y=float)


def test_an_added_input_with_a_default_is_its_default() -> None:
    """Callers of the old bundle do not know the input: the rows leave it out."""
    new = make(feature("f", x + y), inputs=schema(x=float, y=(float, 1.0)))
    found = compare(make(feature("f", x), inputs=ONE), new, rows=300)
    change = found.features["f"]
    assert change.rows == 300 and change.moved_rows > 200
    assert found.inputs_changed
    same = make(feature("f", x + y), inputs=schema(x=float, y=(float, 0.0)))
    minus_zero = compare(make(feature("f", x), inputs=ONE), same, rows=300)
    for example in minus_zero.features["f"].moves["generated"].examples:
        assert str(example.old) == "-0.0"  # -0.0 + 0.0 is 0.0, and that is all that moves


def test_an_added_input_without_a_default_is_reported() -> None:
    """What reads it cannot be compared on rows of the old side; what does not, is."""
    old = make(feature("f", x), feature("g", x), inputs=ONE)
    new = make(feature("f", x + y), feature("g", x), inputs=TWO)
    found = compare(old, new, rows=100)
    moves = found.features["f"].moves["generated"]
    assert (moves.rows, moves.moved) == (0, 0) and "no `y`" in moves.lacking
    assert found.features["g"].rows == 100
    assert found.not_compared == {"generated": {"f": moves.lacking}}
    data = pl.DataFrame({"x": [1.0, 2.0], "y": [0.0, 3.0]})
    given = on_data(old, new, data).features["f"].moves["data"]
    assert (given.rows, given.moved, given.lacking) == (2, 1, "")


def test_a_removed_input_is_given_to_the_old_side() -> None:
    """A feature that stops reading an input is compared with what it gave with it."""
    found = compare(
        make(feature("f", x + y), inputs=TWO), make(feature("f", x), inputs=ONE), rows=100
    )
    assert found.features["f"].rows == 100 and found.features["f"].moved_rows > 0


def test_a_changed_default_moves_rows_that_leave_the_input_out() -> None:
    """Some generated rows leave it out; in rows that have it nothing moves."""
    old = make(feature("f", x + y), inputs=schema(x=float, y=(float, 1.0)))
    new = make(feature("f", x + y), inputs=schema(x=float, y=(float, 2.0)))
    found = compare(old, new, rows=400)
    change = found.features["f"]
    assert change.status == "changed" and change.part is not None and change.part.what == "input"
    assert change.rows == 400 + 256
    moved = found.moved("f")["generated"][2]
    assert not moved[:400].any() and moved[400:].any()


def test_rows_that_a_side_refuses_are_left_out_and_counted() -> None:
    """A narrower constraint: what the new side would not take is not compared."""
    new = make(feature("f", x * 2.0), inputs=schema(x=Annotated[float, fl.Constraints(ge=0.0)]))
    old = make(feature("f", x), inputs=ONE)
    found = on_data(old, new, pl.DataFrame({"x": [1.0, -1.0, 3.0]}))
    assert found.rows == {"data": 2}
    many, why = found.refused["data"]
    assert many == 1 and "row 1" in why and "`x`" in why
    assert found.features["f"].moves["data"].examples[1].row == 2
    assert not compare(old, new, rows=300).refused  # generated rows fit both sides


@pytest.mark.parametrize(
    ("before", "after"), [(fl.Int64, fl.Int8), (fl.Int8, fl.UInt64), (float, fl.Float32)]
)
def test_generated_rows_fit_the_narrower_type(before: Any, after: Any) -> None:
    """An input whose type changed is generated of values that both types have."""
    sides = [make(feature("f", x > 1), inputs=schema(x=t)) for t in (before, after)]
    found = compare(*sides, rows=300)
    assert found.features["f"].rows + found.refused.get("generated", (0, ""))[0] == 300
    assert found.features["f"].rows > 0 and found.features["f"].moved_rows == 0


def test_an_input_of_another_sort_is_not_compared() -> None:
    """Text is no number: the feature is reported and not computed."""
    old = make(feature("f", x), inputs=ONE)
    new = make(feature("f", x.str.len_chars().cast(fl.Float64)), inputs=schema(x=str))
    moves = compare(old, new, rows=50).features["f"].moves["generated"]
    assert moves.rows == 0 and "`x`" in moves.lacking


def test_a_feature_of_another_type_moved_in_every_row() -> None:
    """Two types have no bits in common; two nulls are the same."""
    old = make(feature("f", y))
    new = make(feature("f", y.cast(fl.Float32)))
    frame = pl.DataFrame({"x": [0.0, 0.0], "y": [1.5, None]})
    moves = on_data(old, new, frame).features["f"].moves["data"]
    assert (moves.rows, moves.moved, moves.largest) == (2, 1, 0.0)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_files_give_what_their_frame_gives(kind: str, tmp_path: Path) -> None:
    """Every format of rows, with a null and more rows than a chunk in two of them."""
    rows = 70_000 if kind in ("parquet", "csv") else 500
    frame = pl.DataFrame({"x": pl.int_range(rows, eager=True).cast(pl.Float64)}).with_columns(
        y=pl.when(pl.col("x") % 7 != 0).then(pl.col("x"))
    )
    path = tmp_path / f"rows.{kind}"
    write = {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "arrow": frame.write_ipc}
    write.get(kind, frame.write_parquet)(path)
    old, new = make(feature("f", y)), make(feature("f", y.clip(0.0, 100.0)))
    moves = on_data(old, new, str(path)).features["f"].moves["data"]
    assert moves.rows == rows
    assert moves.moved == sum(i > 100 and i % 7 != 0 for i in range(rows))
    assert moves.largest == max(i - 100 for i in range(rows) if i % 7)


def test_golden_rows_are_compared(tmp_path: Path) -> None:
    """Inputs of a recording are rows; text, times and lists come back as they were."""
    bundle, _ = bind_for_parity(trips)
    path = record(bundle, generate_rows(bundle, 40, 2), tmp_path)
    found = compare(bundle, bundle, rows=0, golden=[path])
    assert found.rows == {"golden": 40} and found.is_same
    assert {f.moves["golden"].rows for f in found.features.values()} == {40}


def test_a_golden_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """The message names the file and how to write one."""
    path = tmp_path / "golden.jsonl"
    path.write_text('{"format":1,"rows":3,"inputs":{}}\n', encoding="utf-8")
    old = make(feature("f", x))
    with pytest.raises(ReleaseError, match=r"golden.jsonl: .*expected 3 rows, got 0(.|\n)*record"):
        compare(old, old, golden=[path])
    with pytest.raises(ReleaseError, match=r"none\.jsonl: No such file"):
        compare(old, old, golden=[tmp_path / "none.jsonl"])


def test_a_feature_that_did_not_change_is_not_passed_over() -> None:
    """Data without a column: what could not be computed is said, though nothing of it changed."""
    old = make(feature("f", x), feature("g", y))
    found = on_data(old, old, pl.DataFrame({"y": [1.0]}))
    assert "given rows: not compared: f, because the rows have no `x`" in found.text(100)
    assert found.features["g"].rows == 1


def test_data_that_is_none_is_refused() -> None:
    """What is no frame and no file is named by its type."""
    old = make(feature("f", x))
    with pytest.raises(InputError, match="pandas, got int"):
        on_data(old, old, 5)
