"""The parity check fails on what is wrong, and says which feature, which op, which row."""

import dataclasses
from collections.abc import Iterator

import pytest

import featurelib as fl
from featurelib import evaluate
from featurelib.bundle import Bundle
from featurelib.op import _REGISTRY, get_op, op
from featurelib.parity.engines import Engine, Outputs, RowKernelEngine, all_engines
from featurelib.parity.run import check
from featurelib.parity.values import Rows, Values
from featurelib_offline.native import registry

POLARS = ["polars in-memory", "polars streaming"]


class Trip(fl.Schema):
    fare: float | None
    rides: int
    city: str


@fl.feature(version=1)
def fare_capped(fare: fl.Expr) -> fl.Expr:
    return fare.fill_null(0.0).clip(0.0, 100.0) * 2.0


@fl.feature(version=1)
def city_length(city: fl.Expr) -> fl.Expr:
    return city.str.len_chars()


@fl.feature(version=1)
def log_fare(fare: fl.Expr) -> fl.Expr:
    return fare.fill_null(1.0).log1p() + 1.0


TRIPS = fl.FeatureSet(
    "trips", version="1.0.0", inputs=Trip, features=[fare_capped, city_length, log_fare]
)


def test_right_engines_pass() -> None:
    """Where nothing is wrong the check passes, and a second run gives the same report."""
    report = check(TRIPS.bind(), rows=1500, seed=3)
    assert report.passed, "\n".join(report.lines())
    again = check(TRIPS.bind(), rows=1500, seed=3)
    assert report.lines() == again.lines()


def test_a_wrong_lowering_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lowering that clips elsewhere: only the plans that take it differ, at `clip`."""
    old = registry.lowerings()["clip@1"]
    wrong = dataclasses.replace(old, rule=lambda node, args: args[0].clip(0.0, 90.0))
    monkeypatch.setitem(registry.LOWERINGS, "clip@1", wrong)
    report = check(TRIPS.bind(), rows=800, seed=1)
    (section,) = report.sections
    (found,) = section.mismatches
    assert not report.passed
    assert found.feature == "fare_capped"
    assert list(found.engines) == POLARS
    assert found.first_op is not None and found.first_op.op == "clip@1"
    assert found.first_op.expected == 100.0 and found.first_op.got == 90.0
    # Shrunk: one row, and what does not matter is empty or zero.
    (row,) = found.inputs
    assert row["city"] == "" and row["rides"] == 0
    text = "\n".join(report.lines())
    assert "fare_capped" in text and "0x4059000000000000  100.0" in text


def test_a_body_unlike_its_machine_code_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference runs another `log1p` than was compiled: all engines differ from it, there."""
    log1p = get_op("log1p").bodies[0]

    def body_of(node: object) -> object:
        found = real(node)
        if found is not log1p:
            return found
        return dataclasses.replace(found, fn=lambda x: log1p.fn(x) + (1.0 if x > 1e6 else 0.0))

    real = evaluate.body_of
    monkeypatch.setattr(evaluate, "body_of", body_of)
    report = check(TRIPS.bind(), rows=400, seed=1)
    (found,) = report.sections[0].mismatches
    assert found.feature == "log_fare"
    assert "reference" not in found.engines and len(found.engines) == len(all_engines()) - 1
    assert found.first_op is not None and found.first_op.op == "log1p@1"
    assert found.inputs[0]["fare"] > 1e6


@pytest.fixture
def is_two_to_53() -> Iterator[None]:
    """An op whose body breaks the rules: CPython compares an integer with a float exactly, machine
    code rounds the integer first.
    """

    @op("parity_test_wrong", version=1)
    def body(x: fl.Int64) -> fl.Bool:
        return x == 9007199254740992.0

    yield
    del _REGISTRY["parity_test_wrong"]


@pytest.mark.usefixtures("is_two_to_53")
def test_a_body_that_means_two_things_is_named() -> None:
    """A body that breaks the rules of kernel Python is caught by an edge value, 2**53 + 1."""
    wrong = get_op("parity_test_wrong")
    feature = fl.Feature("is_round", version=1, expr=wrong(fl.col("rides")) & True)
    trips = fl.FeatureSet("wrong", version="1.0.0", inputs=Trip, features=[feature])
    report = check(trips.bind(), rows=200, seed=1)
    (found,) = report.sections[0].mismatches
    assert found.feature == "is_round"
    assert found.first_op is not None and found.first_op.op == "parity_test_wrong@1"
    assert found.inputs[0]["rides"] == 2**53 + 1


class _Careless(RowKernelEngine):
    """A row kernel that forgets nulls from the third row on."""

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        made = super().compute(bundle, rows)
        for name, values in made.items():
            valid = values.valid.copy()
            valid[2:] = True
            made[name] = Values(values.dtype, values.data, valid)
        return made


class _Raising(RowKernelEngine):
    """A row kernel that cannot read one text."""

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        if any(v == "日本語".encode() for v in rows.columns["city"].data):
            raise ValueError("cannot read this text\nand more about it")
        return super().compute(bundle, rows)


NULLS = fl.FeatureSet(
    "nulls", version="1.0.0", inputs=Trip,
    features=[fl.Feature("half", version=1, expr=fl.col("fare") / 2.0)],
)  # fmt: skip


def _among_others(engine: Engine) -> list[Engine]:
    return [*all_engines(["reference", "batch kernel"]), engine]


def test_rows_that_are_wrong_only_together_stay_together() -> None:
    """A fault that one row alone does not show is reported with the rows that it takes."""
    report = check(NULLS.bind(), rows=300, seed=1, engines=_among_others(_Careless("careless")))
    (found,) = report.sections[0].mismatches
    assert found.engines == ("careless",)
    assert len(found.inputs) == 3
    assert found.values["reference"] is None and found.values["careless"] == 0.0


def test_an_engine_that_raises_is_named_with_its_row() -> None:
    """An error is a difference: the row is found, the message stands in the report."""
    report = check(TRIPS.bind(), rows=300, seed=1, engines=_among_others(_Raising("raising")))
    (found,) = report.sections[0].mismatches
    assert found.engines == ("raising",)
    assert found.error == "ValueError: cannot read this text"
    assert [row["city"] for row in found.inputs] == ["日本語"]
