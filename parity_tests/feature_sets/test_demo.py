"""The demo compares honestly: it passes on equal bits, and fails on anything else."""

from pathlib import Path

import polars as pl
import pytest

from parity_tests import demo
from parity_tests.demo_compare import Mismatch, differences

NAN = float("nan")


def test_demo_finds_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the first flights of each month both sides agree, and the demo says so."""
    assert demo.main(["--rows", "25", "--out", str(tmp_path)]) == 0
    assert "mismatches: 0" in capsys.readouterr().out
    assert pl.read_parquet(tmp_path / "features.parquet").height == 12 * 25


def test_demo_fails_on_one_altered_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One value off by one bit is a failure that names feature, row and both values."""
    honest = demo.job

    def altered(bundle, inputs, output, **options):
        result = honest(bundle, inputs, output, **options)
        frame = pl.read_parquet(output)
        column = frame["sqrt_distance"].to_list()
        column[7] = column[7] * (1 + 2**-52)
        frame.with_columns(pl.Series("sqrt_distance", column)).write_parquet(output)
        return result

    monkeypatch.setattr(demo, "job", altered)
    assert demo.main(["--rows", "1", "--out", str(tmp_path)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "mismatches: 1" in said
    assert "mismatch sqrt_distance, row 7: batch " in said


@pytest.mark.parametrize(
    ("expected", "got"),
    [([0.0], [-0.0]), ([None], [0.0]), ([True], [1]), ([1], [1.0]), ([b""], [None]),
     ([(0.0,)], [(-0.0,)]), ([(1.0,)], [(1.0, 2.0)]), ([NAN], [1.0]), ([b"a"], [b"b"])],
)  # fmt: skip
def test_unlike_values_differ(expected: list, got: list) -> None:
    """Signs of zeros, nulls, types and lengths count."""
    assert differences([1, *expected], [1, *got]) == [1]


@pytest.mark.parametrize("same", [[NAN], [-0.0, None], [None], [(NAN, -0.0)], [True], [b"", None]])
def test_equal_bits_do_not_differ(same: list) -> None:
    """NaN equals NaN here: both are the canonical one."""
    assert differences(same, list(same)) == []


def test_a_mismatch_shows_bits() -> None:
    """Two floats that print alike are told apart."""
    said = str(Mismatch("f", 3, 0.0, -0.0))
    assert "row 3" in said and "8000000000000000" in said
