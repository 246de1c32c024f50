"""The lock finds what changed since it was released, says what to do, and lets metadata be."""

import shutil

import polars as pl
import pytest

from featurelib.release import lock
from featurelib.release.findings import Finding
from featurelib.release.lock_file import LockFile
from parity_tests.release.rides import CASES, CASES_FILE, Rides, locked, rides

__all__ = ["locked", "rides"]

MORE_CASES = CASES.replace("1.0]", "2.0]").replace("1.609344", "3.218688")


def findings(rides: Rides) -> tuple[Finding, ...]:
    return lock.check(rides.repository).findings


def test_a_lock_holds_everything_released(locked: Rides) -> None:
    """Ops of the repository, ops that its releases use, features, sets and tables stand in it."""
    made = LockFile.read(locked.root / "featurelib.lock")
    names = set(made.entries)
    assert {"set rides 1.0.0", "feature rides 1.0.0 km", "op km_of_miles@1"} <= names
    assert {"op is_not_null@1"} <= names, "an op of the library that a release uses"
    assert "op log1p@1" not in names, "an op of the library that none uses"
    tables = {n.split()[1] for n in names if n.startswith("table")}
    assert tables == {"regex", "unicode", "zones"}
    assert made.entries["op km_of_miles@1"]["cases"] == 2
    assert not findings(locked)


def test_writing_again_changes_nothing(locked: Rides) -> None:
    """A second `featurelib lock` writes the same bytes."""
    path = locked.root / "featurelib.lock"
    before = path.read_bytes()
    assert not lock.add(locked.repository).added
    assert path.read_bytes() == before


METADATA = {
    "docstring of an op": ('"""Kilometres of miles."""', '"""Something else."""'),
    "comment": ("# a comment\n", "# another comment\n"),
    "layout of the text": ("(x) * SCALE", "(\n        x\n    ) * SCALE"),
    "docstring of a helper": ('"""The size of x."""', '"""Its size."""'),
    "docstring of a feature": ('"""Whether a city is given."""', '"""Is there a city?"""'),
    "owner and tags": ('owner="rides", tags=["distance"]', 'owner="city", tags=[]'),
    "docstring of the module": ('"""Features of rides."""', '"""Rides."""'),
    "name of a local": ("def has_city(city", "def has_city( city"),
}  # fmt: skip


@pytest.mark.parametrize("edit", METADATA.values(), ids=METADATA)
def test_metadata_never_trips_it(locked: Rides, edit: tuple[str, str]) -> None:
    """Descriptions, owners, tags, comments and formatting are not what was released."""
    locked.edit(edit)
    assert not findings(locked)


MEANING = {
    "constant of the module": ("SCALE = 1.609344", "SCALE = 1.609", "op km_of_miles@1"),
    "helper": ("x > 0.0", "x >= 0.0", "op km_of_miles@1"),
    "operator": ("positive(x) * SCALE", "positive(x) + SCALE", "op km_of_miles@1"),
    "feature": ("city.is_not_null()", "city.is_null()", "feature has_city@1 of rides"),
    "fit": ("miles.standardize()", "(miles + 1.0).standardize()", "feature miles_z@1 of rides"),
    "input": ("    miles: float", "    miles: float = 1.0", "feature km@1 of rides"),
}


@pytest.mark.parametrize(("old", "new", "subject"), MEANING.values(), ids=MEANING)
def test_a_changed_meaning_is_found(locked: Rides, old: str, new: str, subject: str) -> None:
    """Whatever can move a value is found under the name and version of what was released."""
    locked.edit((old, new))
    found = next(f for f in findings(locked) if f.subject == subject)
    assert found.where.startswith("ride_features.py:")
    assert "make it version 2" in found.way_out


def test_a_changed_op_is_told_what_to_write(locked: Rides) -> None:
    """Op, file, line, next version and the file of its golden cases stand in the message."""
    locked.edit(("SCALE = 1.609344", "SCALE = 1.6"))
    found = next(f for f in findings(locked) if f.subject == "op km_of_miles@1")
    line = locked.module.read_text().split("\n").index('@op("km_of_miles", version=1)') + 1
    assert found.where == f"ride_features.py:{line}"
    assert '@op("km_of_miles", version=2, ...)' in found.way_out
    assert f"golden_data/ops/{'ride_features'}/km_of_miles@2.jsonl" in found.way_out


def test_ops_that_changed_together_name_what_they_share(locked: Rides) -> None:
    """One edit of a helper trips every op that calls it; the helper is named."""
    second = """

@op("miles_size", version=1)
def size(x: Float64) -> Float64:
    \'\'\'Its size.\'\'\'
    return positive(x)


class Ride("""
    locked.edit(("\n\nclass Ride(", second))
    cases = locked.root / CASES_FILE.replace("km_of_miles", "miles_size")
    cases.write_text(CASES.replace("1.609344", "1.0"))
    assert not lock.add(locked.repository).findings
    locked.edit(("x > 0.0", "x >= 0.0"))
    found = [f for f in findings(locked) if f.subject.startswith("op ")]
    assert {f.subject for f in found} == {"op km_of_miles@1", "op miles_size@1"}
    assert all("ride_features.positive" in f.what for f in found)


def test_a_new_version_beside_the_old_one_is_no_change(locked: Rides) -> None:
    """The way out works: version 2 of the op, of the feature that takes it, and of the set."""
    newer = """

@op("km_of_miles", version=2)
def km_of_miles2(x: Float64) -> Float64:
    \'\'\'Kilometres of miles.\'\'\'
    return x * SCALE


class Ride("""
    locked.edit(("\n\nclass Ride(", newer))
    (locked.root / CASES_FILE.replace("@1", "@2")).write_text(CASES)
    moved, unlocked = findings(locked)
    assert moved.subject == "feature km@1 of rides"
    assert moved.what.endswith("it uses km_of_miles@2 (then km_of_miles@1)")
    assert unlocked.what == "1 new and not locked: op km_of_miles@2"
    locked.edit(("version=1, owner", "version=2, owner"), ('"1.0.0"', '"2.0.0"'))
    assert not lock.add(locked.repository).findings
    assert not findings(locked)


def test_a_feature_with_a_new_version_needs_a_new_version_of_the_set(locked: Rides) -> None:
    """In a released version of a set no feature changes, not even with a version of its own."""
    change = ("@fl.feature(version=1)\ndef has_city(city: fl.Expr) -> fl.Expr:\n"
              '    """Whether a city is given."""\n    return city.is_not_null()')  # fmt: skip
    newer = change.replace("version=1", "version=2").replace("is_not_null", "is_null")
    locked.edit((change, newer))
    (found,) = findings(locked)
    assert found.subject == "feature has_city@2 of rides"
    assert found.way_out == "give the set rides a new version"
    locked.edit(('version="1.0.0"', 'version="2.0.0"'))
    assert not findings(locked)


ADDED = '[km, miles_z, has_city, fl.Feature("more", version=1, expr=fl.col("miles"))]'
PARTS = {
    "removed": ("[km, miles_z, has_city]", "[km, miles_z]", "feature has_city of rides"),
    "layout": ('["km", "miles_z"]', '["miles_z", "km"]', "layout of rides"),
    "added": ("[km, miles_z, has_city]", ADDED, "feature more of rides"),
}


@pytest.mark.parametrize(("was", "now", "subject"), PARTS.values(), ids=PARTS)
def test_a_released_version_of_a_set_is_whole(locked: Rides, was, now, subject: str) -> None:
    """A feature less or more, or another layout, is a new version of the set."""
    locked.edit((was, now))
    (found,) = findings(locked)
    assert found.subject == subject
    assert found.way_out == "give the set rides a new version"
    locked.edit(('version="1.0.0"', 'version="1.1.0"'))
    assert not findings(locked)


def test_a_feature_keeps_its_meaning_in_later_versions_of_the_set(locked: Rides) -> None:
    """Version 1 of a feature is version 1 in every version of the set, whatever a fit finds."""
    locked.edit(('version="1.0.0"', 'version="1.1.0"'), ("is_not_null()", "is_null()"))
    (found,) = findings(locked)
    assert found.subject == "feature has_city@1 of rides"
    assert "since rides 1.0.0 was released" in found.what
    assert "new version of rides" not in found.way_out


def test_golden_cases_may_be_added_at_the_end(locked: Rides) -> None:
    """Lines that were released stay as they are; more of them are locked by the next run."""
    cases = locked.root / CASES_FILE
    cases.write_text(CASES + MORE_CASES)
    (found,) = findings(locked)
    assert found.what == "1 new and not locked: op km_of_miles@1"
    assert not lock.add(locked.repository).findings
    assert not findings(locked)
    cases.write_text(CASES + MORE_CASES.replace("2.0]", "4.0]"))
    (found,) = findings(locked)
    assert "its first 4 golden cases are not those" in found.what
    assert "version 2" in found.way_out and CASES_FILE in found.way_out


@pytest.mark.parametrize(
    "damage",
    [lambda p: p.unlink(), lambda p: p.write_text(CASES[1:]), lambda p: p.write_text(CASES[:150])],
    ids=["gone", "changed", "cut off"],
)
def test_golden_cases_that_were_released_stay(locked: Rides, damage) -> None:
    """A golden file that is gone, changed or shorter is found by the op's name."""
    damage(locked.root / CASES_FILE)
    (found,) = findings(locked)
    assert found.subject == "op km_of_miles@1"
    assert CASES_FILE in found.way_out


def test_a_removed_op_is_found(locked: Rides) -> None:
    """An op that was released does not vanish, and neither do the bundles that name it."""
    locked.edit(
        ('@op("km_of_miles", version=1)', '@op("kilometres", version=1)'),
        ("return km_of_miles(miles)", "return (miles * 1.0)"),
        ('version="1.0.0"', 'version="2.0.0"'),
    )
    found = {f.subject: f for f in findings(locked)}
    assert found["op km_of_miles@1"].what == "it was released, and is gone"
    assert "no op `km_of_miles`" in found["set rides 1.0.0"].what


def test_golden_rows_and_bundle_of_a_release_stay(locked: Rides) -> None:
    """Another recording, another bundle, or none: each is found, with its file."""
    folder = locked.root / "golden_data" / "features" / "rides" / "1.0.0"
    kept = locked.root / "kept"
    shutil.copytree(folder, kept)
    rows = folder / "features.jsonl"
    rows.write_text(rows.read_text().replace('"in"', ' "in"'))
    (found,) = findings(locked)
    assert "golden rows are not those" in found.what and found.where.endswith("features.jsonl")
    shutil.rmtree(folder)
    (found,) = findings(locked)
    assert found.what == "it was released, and its golden rows are gone"
    locked.release(pl.DataFrame({"miles": [1.0, 2.0], "city": ["", ""]}))
    subjects = [f.subject for f in findings(locked)]
    assert subjects == ["feature rides 1.0.0 miles_z", "set rides 1.0.0"]
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    (folder / "rides-1.0.0.json").unlink()
    (found,) = findings(locked)
    assert "its bundle does not stand beside them" in found.what
    assert "rides-1.0.0.json" in found.way_out


def test_a_pinned_table_stays(locked: Rides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other data under the name of a locked table is found; a newer release of zones is new."""
    from featurelib import zones

    real = zones.DATA.read_text()
    other = locked.root / "zones.txt"
    other.write_text(real.replace("-1830383032:0", "-1830383031:0"))
    monkeypatch.setattr(zones, "DATA", other)
    zones._lines.cache_clear()
    try:
        (found,) = findings(locked)
        assert found.subject.startswith("table zones ")
        assert "another release of the table" in found.way_out
        other.write_text(other.read_text().replace("2026f", "2099a", 1))
        (found,) = findings(locked)
        assert found.what == "1 new and not locked: table zones 2099a"
    finally:
        zones._lines.cache_clear()


def test_nothing_is_written_over_a_change(locked: Rides) -> None:
    """`featurelib lock` adds; while something released is changed it adds nothing."""
    path = locked.root / "featurelib.lock"
    before = path.read_bytes()
    locked.edit(("SCALE = 1.609344", "SCALE = 1.6"))
    assert lock.add(locked.repository).findings
    assert path.read_bytes() == before


def test_a_lock_only_grows(locked: Rides) -> None:
    """Against the lock of an earlier release, a line that is gone or changed is found."""
    path = locked.root / "featurelib.lock"
    base = LockFile.read(path)
    locked.edit(("is_not_null()", "is_null()"))
    shutil.rmtree(locked.root / "golden_data" / "features")
    path.unlink()
    assert not lock.add(locked.repository).findings, "a lock made anew knows of no release"
    found = lock.check(locked.repository, base).findings
    assert {f.subject for f in found} >= {"set rides 1.0.0", "feature rides 1.0.0 has_city"}
    assert all("a lock only grows" in f.way_out for f in found)
