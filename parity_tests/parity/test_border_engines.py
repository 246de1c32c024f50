"""Arrow columns and JSON as engines: what is left out is counted, what is wrong is named."""

import dataclasses
import datetime as dt
import json
import math
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.parity import Rows, all_engines, check_rows, verify
from featurelib.parity import record as record_golden
from featurelib.parity.border_engines import RowKernelJson, json_text
from featurelib.parity.compare import differences
from featurelib.parity.engines import Engine, Outputs, taken
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.run import check


class Stop(fl.Schema):
    delay: float | None
    marks: list[fl.Float32]
    pause: fl.Duration
    at: fl.Datetime
    day: fl.Date


FEATURES = [
    fl.Feature("late", version=1, expr=fl.col("delay") * 2.0),
    fl.Feature("pause_s", version=1, expr=fl.col("pause").dt.total_seconds()),
    fl.Feature("hour", version=1, expr=fl.col("at").dt.hour()),
    fl.Feature("weekday", version=1, expr=fl.col("day").dt.weekday()),
]
STOPS = fl.FeatureSet("stops", version="1.0.0", inputs=Stop, features=FEATURES).bind()


def stops(*given: tuple[float | None, tuple[float, ...]]) -> Rows:
    """Rows of these delays and marks."""
    return Rows.of(
        [{"delay": d, "marks": m, "pause": -1, "at": 0, "day": 0} for d, m in given], STOPS.schema
    )


def among_others(engine: Engine) -> list[Engine]:
    return [*all_engines(["reference", "batch kernel"]), engine]


def test_rows_with_nan_and_infinities_are_left_out_of_json() -> None:
    """A NaN or an infinity, alone or in a list, is nothing that JSON has; a null is."""
    rows = stops(
        (1.0, (1.0,)), (None, ()), (math.nan, ()), (-math.inf, (2.0,)), (0.5, ()),
        (2.0, (1.0, math.nan)), (2.0, (math.inf, 1.0)), (-0.0, (1.0, 2.0)),
    )  # fmt: skip
    assert taken(RowKernelJson(), rows).tolist() == [
        True,
        True,
        *[False] * 2,
        True,
        *[False] * 2,
        True,
    ]
    assert taken(RowKernelJson(), rows.take(slice(0, 0))).tolist() == []


def test_rows_left_out_are_counted() -> None:
    """The report says how many rows JSON was not given; all others are compared."""
    report = check(STOPS, rows=600, seed=1, engines=among_others(RowKernelJson()))
    assert report.passed, report.lines()
    run = report.sections[0].runs[-1]
    assert 300 < run.rows < 600
    left_out = f"{600 - run.rows} rows left out, they hold NaN or an infinity"
    assert any(left_out in line for line in report.lines())


def test_without_such_rows_nothing_is_said() -> None:
    """Where JSON can hold every row, every row is compared."""
    section = check_rows(STOPS, stops((1.0, ()), (2.0, ())), among_others(RowKernelJson()))
    assert [run.rows for run in section.runs] == [2, 2, 2]
    assert not any(run.lacks for run in section.runs)


class _Deaf(RowKernelJson):
    """A reader of JSON that hears no minus."""

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        made = super().compute(bundle, rows)
        return {
            n: dataclasses.replace(v, data=abs(v.data)) if v.dtype.is_float else v
            for n, v in made.items()
        }


def test_a_fault_of_json_is_named_with_its_row() -> None:
    """Row numbers are those of all rows, not of those that JSON was given."""
    rows = stops((math.nan, ()), (1.0, ()), (math.inf, ()), (-37.5, (1.0,)), (math.nan, ()))
    section = check_rows(STOPS, rows, among_others(_Deaf("deaf")))
    (found,) = section.mismatches
    assert (found.feature, found.engines, found.row) == ("late", ("deaf",), 3)
    (row,) = found.inputs
    assert math.copysign(1.0, row["delay"]) == -1.0 and row["marks"] == []
    assert section.runs[-1].differing == 1


def test_one_fault_is_one_difference() -> None:
    """Engines that differ in the same rows stand together, though JSON was given fewer of them."""
    rows = stops((math.nan, ()), (1.0, ()), (2.0, ()), (3.0, ()))
    right = all_engines(["reference"])[0].compute(STOPS, rows)
    late = right["late"]
    wrong = right | {"late": dataclasses.replace(late, data=late.data[[1, 0, 3, 2]])}
    spread = dataclasses.replace(late, data=late.data[[0, 0, 3, 2]])
    json_was_given = np.array([1, 2, 3])
    (found,) = differences(
        right, {"JSON": right | {"late": spread}, "many": wrong}, {"JSON": json_was_given}
    )
    assert found.engines == ("many", "JSON")
    assert found.rows.tolist() == [0, 1, 2, 3]


def test_golden_features_with_nan_are_verified(tmp_path: Path) -> None:
    """Recorded rows that JSON cannot hold are verified in the others; rows keep numbers."""
    rows = generate_rows(STOPS, 100, 3)
    assert not taken(RowKernelJson(), rows).all()
    record_golden(STOPS, rows, tmp_path)
    assert verify(STOPS, tmp_path, [RowKernelJson()]) == []
    (found,) = verify(STOPS, tmp_path, [_Deaf("deaf")])
    assert rows.python(found.row) == found.inputs
    assert found.inputs["delay"] < 0


def test_times_are_written_as_clients_do() -> None:
    """Offsets of whole minutes stay; older ones have seconds, and become UTC."""
    new_york = ZoneInfo("America/New_York")
    row = {
        "pause": dt.timedelta(microseconds=-1_500_000),
        "at": dt.datetime(2013, 1, 1, 0, tzinfo=new_york),
        "then": dt.datetime(1800, 1, 1, tzinfo=new_york),
        "day": dt.date(1, 1, 1),
    }
    assert json.loads(json_text(row)) == {
        "pause": "-PT1.500000S",
        "at": "2013-01-01T00:00:00-05:00",
        "then": "1800-01-01T04:56:02+00:00",
        "day": "0001-01-01",
    }
