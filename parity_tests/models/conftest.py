"""Flights in files, for tests of the torch dataset."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import featurelib as fl
from featurelib_offline import fit
from parity_tests.models.flight_model import COUNTS, LABEL, ROWS, departures, departures_frame


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Flights, and the number of the row as a label."""
    return departures_frame(ROWS).with_columns(row=pl.int_range(ROWS, dtype=pl.Int32))


@pytest.fixture(scope="module")
def bundle(frame: pl.DataFrame) -> fl.Bundle:
    return departures.bind(fit(departures, frame.drop(LABEL, "row")))


@pytest.fixture(scope="module")
def folder(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows in three files of different sizes."""
    place = tmp_path_factory.mktemp("flights")
    for k, rows in enumerate(COUNTS):
        part = frame.drop(LABEL).slice(sum(COUNTS[:k]), rows)
        part.write_parquet(place / f"{k}.parquet", row_group_size=300)
    return place
