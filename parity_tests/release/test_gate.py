"""The gate passes what is right, and fails for each reason why a release must not go out."""

import dataclasses
import json
import shutil

import polars as pl
import pytest

from featurelib import canonical_json
from featurelib.model_inputs import ModelInputs
from featurelib.release import lock
from featurelib.release.gate import Asked, gate
from featurelib.release.gate_target import before, find, hotfix_of
from featurelib.release.hotfix_file import read
from featurelib.release.lock_file import LockFile
from featurelib_offline import fit
from featurelib_offline.native import registry
from parity_tests.release.gate_cases import FIX, HOTFIX, ROWS, bundle_of, failed, fixed, run, why
from parity_tests.release.rides import FRAME, Rides, locked, rides

__all__ = ["fixed", "locked", "rides"]


def test_a_first_release_passes(locked: Rides) -> None:
    """Without an earlier release there is no policy to check, and the page says so."""
    report = run(locked)
    assert report.passed
    assert [c.name for c in report.checks] == ["lock", "golden", "parity"]
    assert "no earlier release" in report.notes[0]
    assert "km_of_miles@1: no distribution registers it" in report.notes[1]


def test_a_declared_hotfix_passes(fixed: Rides) -> None:
    """Only the declared feature moved, only where declared; every check has looked."""
    model = ModelInputs.of(bundle_of(fixed.repository, "1.0.0")).save(fixed.root / "km.inputs.json")
    report = run(fixed, models=(str(model),))
    assert report.passed, report.text()
    names = [c.name for c in report.checks]
    assert names == ["lock", "golden", "parity", "policy", "hotfix", "models"]
    assert report.checks[-1].said == "1 of 1 may run on 1.0.1"
    (said,) = (c.said for c in report.checks if c.name == "hotfix")
    assert said.startswith("has_city: ") and not said.startswith("has_city: 0 ")


def test_the_declaration_of_a_release_folder_is_proven(fixed: Rides) -> None:
    """A release folder brings its own declaration: the proof is the same."""
    recorded = fixed.root / "golden_data" / "features" / "rides" / "1.0.1"
    repository = fixed.repository
    new, old = (bundle_of(repository, v) for v in ("1.0.1", "1.0.0"))
    folder = fixed.root / "folder"
    folder.mkdir()
    shutil.copy(recorded / "rides-1.0.1.json", folder / "bundle.json")
    shutil.copy(recorded / "features.jsonl", folder / "golden.jsonl")
    declared = read(fixed.root / "hotfix.toml", old, new)
    declaration = folder / "declaration.json"
    declaration.write_text(canonical_json.dumps(declared.to_json()))
    (fixed.root / "hotfix.toml").unlink()
    release = find(repository, str(folder))
    assert hotfix_of(repository, release) == declaration
    asked = Asked(repository, release, before(repository, new), declaration, rows=ROWS)
    assert gate(asked).passed
    declaration.write_text("{")
    assert "hotfix" in failed(gate(asked))


# --- each reason to fail ----------------------------------------------------------------------
def test_a_changed_definition_fails(locked: Rides) -> None:
    """Lock: a released feature that means something else now."""
    locked.edit(("is_not_null()", "is_null()"))
    report = run(locked)
    assert set(failed(report)) == {"lock"}
    assert "feature has_city@1 of rides" in why(report, "lock")


def test_a_repository_without_a_lock_fails(locked: Rides) -> None:
    """Lock: there is none; the other checks run all the same."""
    (locked.root / "featurelib.lock").unlink()
    report = run(locked)
    assert set(failed(report)) == {"lock"}
    assert "run `featurelib lock`" in why(report, "lock")


def test_a_lock_that_shrank_fails(locked: Rides) -> None:
    """Lock: against that of an earlier release an entry is gone."""
    base = LockFile.read(locked.root / "featurelib.lock")
    more = LockFile(base.recipe, {**base.entries, "op gone@1": {"body": "0"}})
    assert "a lock only grows" in why(run(locked, base=more), "lock")


def test_golden_rows_that_are_not_reproduced_fail(fixed: Rides) -> None:
    """Golden: a recorded value of any released version is not what its bundle gives."""
    rows = fixed.root / "golden_data" / "features" / "rides" / "1.0.0" / "features.jsonl"
    head, first, *rest = rows.read_text().splitlines(keepends=True)
    line = json.loads(first)
    line["out"]["has_city"] = not line["out"]["has_city"]
    rows.write_text("".join([head, canonical_json.dumps(line) + "\n", *rest]))
    report = run(fixed)
    assert set(failed(report)) == {"lock", "golden"}
    assert "feature has_city of rides 1.0.0" in why(report, "golden")
    assert "golden row 0" in why(report, "golden")


def test_a_bundle_without_golden_rows_fails(locked: Rides) -> None:
    """Golden: nothing was recorded of the bundle that is to be released."""
    path = locked.root / "loose.json"
    bundle = bundle_of(locked.repository, "1.0.0")
    dataclasses.replace(bundle, version="1.0.7").save(path)
    repository = locked.repository
    report = gate(Asked(repository, find(repository, str(path)), rows=ROWS))
    assert set(failed(report)) == {"golden"}
    assert "it has no golden rows" in why(report, "golden")


def test_golden_rows_of_another_bundle_fail(locked: Rides) -> None:
    """Golden: the rows beside a bundle were recorded with another fitted state."""
    definition = locked.set
    other = definition.bind(fit(definition, FRAME.head(2)))
    folder = locked.root / "folder"
    folder.mkdir()
    other.save(folder / "bundle.json")
    recorded = locked.root / "golden_data" / "features" / "rides" / "1.0.0"
    shutil.copy(recorded / "features.jsonl", folder / "golden.jsonl")
    repository = locked.repository
    report = gate(Asked(repository, find(repository, str(folder)), rows=ROWS))
    assert "its golden rows are of fingerprint" in why(report, "golden")


def test_engines_that_differ_fail(locked: Rides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parity: a lowering that is wrong; the feature and the op are named."""
    old = registry.lowerings()["is_not_null@1"]
    wrong = dataclasses.replace(old, rule=lambda node, args: args[0].is_null())
    monkeypatch.setitem(registry.LOWERINGS, "is_not_null@1", wrong)
    report = run(locked)
    assert set(failed(report)) == {"parity"}
    assert "has_city" in why(report, "parity")


def test_a_patch_that_moves_values_without_a_declaration_fails(fixed: Rides) -> None:
    """Policy: nobody declared the hotfix."""
    (fixed.root / "hotfix.toml").unlink()
    report = run(fixed)
    assert set(failed(report)) == {"policy"}
    assert "feature has_city" in why(report, "policy") and "release 2.0.0" in why(report, "policy")


def test_a_minor_version_that_moves_values_fails(locked: Rides) -> None:
    """Policy: a minor version adds features and moves none."""
    locked.edit(('version="1.0.0"', 'version="1.1.0"'), *FIX[1:])
    locked.release()
    lock.add(locked.repository)
    report = run(locked)
    assert set(failed(report)) == {"policy"}
    assert "a minor version moves no value" in why(report, "policy")


def test_a_fix_outside_of_its_rows_fails(fixed: Rides) -> None:
    """Hotfix: a value moved in a row that was not declared; row, values and inputs are shown."""
    path = fixed.root / "hotfix.toml"
    path.write_text(HOTFIX.replace('city == ""', 'city == "Oslo"'))
    report = run(fixed)
    assert set(failed(report)) == {"hotfix"}
    said = why(report, "hotfix")
    assert "it moved in 2 golden rows outside of" in said
    assert "row 4: " in said and "True" in said and "'city': ''" in said


def test_a_fix_that_moves_more_than_its_features_fails(locked: Rides) -> None:
    """Policy and hotfix: another feature moved too, and was not declared."""
    km = ("    return km_of_miles(miles).cast(fl.Float32)",
          "    return (km_of_miles(miles) + 1.0).cast(fl.Float32)")  # fmt: skip
    locked.edit(*FIX, km, ("version=1, owner", "version=2, owner"))
    (locked.root / "hotfix.toml").write_text(HOTFIX)
    locked.release()
    lock.add(locked.repository)
    report = run(locked)
    assert set(failed(report)) == {"policy", "hotfix"}
    assert "feature km" in why(report, "policy")
    assert "the hotfix does not declare it" in why(report, "hotfix")


def test_a_wrong_declaration_fails(fixed: Rides) -> None:
    """Hotfix: the declaration cannot be read; then nothing may move either."""
    (fixed.root / "hotfix.toml").write_text(HOTFIX.replace("has_city", "had_city"))
    report = run(fixed)
    assert set(failed(report)) == {"policy", "hotfix"}
    assert "has no such feature" in why(report, "hotfix")


def test_given_rows_are_looked_at(fixed: Rides) -> None:
    """Hotfix: a row of the data moves where nothing was declared, with the kind of rows."""
    data = fixed.root / "rides.parquet"
    pl.DataFrame({"miles": [1.0] * 3, "city": ["Oslo", "", "Rome"]}).write_parquet(data)
    (fixed.root / "hotfix.toml").write_text(HOTFIX.replace('city == ""', "city.is_null()"))
    report = run(fixed, data=str(data))
    assert "it moved in 1 data row outside of" in why(report, "hotfix")


def test_rows_around_the_declaration_are_looked_at(locked: Rides) -> None:
    """Hotfix: a city that only the row expression names is tried, and found to move."""
    locked.edit(*FIX[:2], ("return city.is_not_null()", "return city.is_null()"))
    declared = HOTFIX.replace('city == ""', 'city.is_null() | (city != "Ulm")')
    (locked.root / "hotfix.toml").write_text(declared)
    locked.release()
    lock.add(locked.repository)
    report = run(locked)
    assert set(failed(report)) == {"hotfix"}
    said = why(report, "hotfix")
    assert "edge rows outside of" in said and "'city': 'Ulm'" in said
    assert "generated" not in said and "golden" not in said


def test_a_fix_that_moves_nothing_is_noted(locked: Rides) -> None:
    """A declared feature that moved in no row passes, and the page asks for better rows."""
    locked.edit(*FIX[:2], ("return city.is_not_null()", "return ~city.is_null()"))
    (locked.root / "hotfix.toml").write_text(HOTFIX)
    locked.release()
    lock.add(locked.repository)
    report = run(locked)
    assert report.passed, report.text()
    assert "moved in none of" in report.notes[0]


def test_a_hotfix_of_a_first_release_fails(locked: Rides) -> None:
    """Hotfix: there is nothing to fix."""
    path = locked.root / "hotfix.toml"
    path.write_text(HOTFIX.replace('"1.0.1"', '"1.0.0"'))
    assert "there is no earlier release to fix" in why(run(locked), "hotfix")


def test_a_hotfix_of_another_version_is_not_taken(locked: Rides) -> None:
    """A `hotfix.toml` that stayed behind from an earlier fix says nothing of this release."""
    (locked.root / "hotfix.toml").write_text(HOTFIX)
    repository = locked.repository
    assert hotfix_of(repository, find(repository, None)) is None
    (locked.root / "hotfix.toml").write_text("broken")
    assert hotfix_of(repository, find(repository, None)) is not None
