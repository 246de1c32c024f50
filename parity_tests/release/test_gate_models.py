"""What the gate says of models: a declaration accepts only who is known, and who may run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import featurelib as fl
from featurelib.errors import ReleaseError
from featurelib.release.gate_models import check_models
from featurelib.release.gate_report import Check
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.hotfix_models import Link
from parity_tests.release.diff_cases import feature, make

x, y = fl.col("x"), fl.col("y").fill_null(0.0)
LAYOUT = {"dense": ["a", "b"]}
OLD = make(feature("a", x * 2.0), feature("b", y), layout=LAYOUT)
NEW = make(feature("a", x * 3.0, 2), feature("b", y), layout=LAYOUT, version="1.0.1")
ROWS = {"a": RowRule("all")}


def fix(*accepts: str) -> Hotfix:
    """A hotfix of `a` that accepts these models."""
    return Hotfix("pairs", "1.0.0", "1.0.1", "why", "who", accepts, NEW.schema, ROWS)


@pytest.fixture
def models(tmp_path: Path) -> dict[str, fl.ModelInputs]:
    """Models in a folder: of the old layout, and of another one."""
    other = make(feature("a", x * 2.0), feature("b", y), layout={"dense": ["b", "a"]})
    made = {"delay": fl.ModelInputs.of(OLD), "other": fl.ModelInputs.of(other)}
    for name, model in made.items():
        model.save(tmp_path / f"{name}.inputs.json")
    return made


def check(folder: Path, hotfix: Hotfix | None, new: fl.Bundle = NEW) -> tuple[Check, list[str]]:
    notes: list[str] = []
    return check_models([str(folder)], OLD, new, hotfix, None, notes), notes


def test_an_accepted_model_may_run(tmp_path: Path, models: dict[str, fl.ModelInputs]) -> None:
    """The others are told as notes: they may be trained again."""
    made, notes = check(tmp_path, fix(models["delay"].fingerprint))
    assert made.passed and made.said == "1 of 2 may run on 1.0.1"
    (note,) = notes
    assert "other.inputs.json may not run on 1.0.1: must be trained again" in note or (
        "other.inputs.json may not run on 1.0.1: was trained on neither" in note
    )


def test_to_accept_whom_nobody_knows_fails(
    tmp_path: Path, models: dict[str, fl.ModelInputs]
) -> None:
    """A slip in a fingerprint would keep the model out, where a service follows."""
    made, _ = check(tmp_path, fix("00" * 32))
    (finding,) = made.findings
    assert "none of the 2 models" in finding.what and "--models" in finding.way_out


def test_to_accept_who_may_not_run_fails(tmp_path: Path, models: dict[str, fl.ModelInputs]) -> None:
    """No declaration makes another layout fit."""
    made, _ = check(tmp_path, fix(models["other"].fingerprint))
    (finding,) = made.findings
    assert "other.inputs.json may not run all the same" in finding.what
    assert "tensor `dense`" in finding.what and "train it again" in finding.way_out


def test_an_earlier_hotfix_counts_with_the_registry(
    tmp_path: Path, models: dict[str, fl.ModelInputs]
) -> None:
    """A minor release keeps what the hotfix before it was accepted for."""
    minor = replace(NEW, version="1.1.0")
    fixed = Link(NEW, fix(models["delay"].fingerprint), True, "1.0.0")
    known = {"1.0.0": Link(OLD, None, True), "1.0.1": fixed}
    made = check_models([str(tmp_path)], NEW, minor, None, known.__getitem__, [])
    assert made.passed and made.said == "1 of 2 may run on 1.1.0"
    assert check_models([str(tmp_path)], NEW, minor, None, None, []).said.startswith("0 of 2")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """A path that is not there, by name; a damaged file in a folder is a finding."""
    with pytest.raises(ReleaseError, match="there is no such file"):
        check(tmp_path / "no", None)
    data = fl.ModelInputs.of(OLD).to_bytes()
    (tmp_path / "cut.inputs.json").write_bytes(data[:-20])
    made, _ = check(tmp_path, None)
    assert "cut.inputs.json" in made.findings[0].subject
