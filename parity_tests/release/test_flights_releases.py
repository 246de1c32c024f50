"""Released versions of `flights` run as they did, and each step between them is what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import featurelib as fl
from featurelib.cli import main
from featurelib.errors import RefusedReleaseError
from featurelib.parity.engines import BatchKernel, Reference, RowKernelEngine
from featurelib.parity.golden_features import FILE, read_golden, record, verify
from featurelib.parity.polars_engines import PolarsEngine
from featurelib.release import Registry, policy
from featurelib.release.diff import compare
from featurelib.release.signing import new_key
from parity_tests.feature_sets.flights_releases import HOTFIX, RELEASES
from parity_tests.feature_sets.flights_time import NEW_YORK
from parity_tests.soak import amount

LOCATION = Path(__file__).parents[2] / "golden_data" / "registry"
REGISTRY = Registry(LOCATION)
RELEASED = LOCATION / "releases" / "flights"
VERSIONS = REGISTRY.versions("flights")
ENGINES = [Reference(), RowKernelEngine(), BatchKernel(), PolarsEngine("streaming")]


@fl.feature(version=2, owner="schedules", tags=["time"])
def minutes_into_day(time_hour: fl.Expr, minute: fl.Expr) -> fl.Expr:
    """As released, but for a flight in the hour after midnight: it is on the day before."""
    hour = time_hour.dt.convert_time_zone(NEW_YORK).dt.hour().cast(fl.Int16)
    minutes = hour * 60 + minute.cast(fl.Int16)
    return fl.when(hour == 0).then(minutes + 1440).otherwise(minutes).cast(fl.Int16)


def test_every_version_is_there() -> None:
    """What the authors wrote, signed, and the newest is stable."""
    assert [r.version for r in RELEASES] == VERSIONS
    current = REGISTRY.channel("flights", "stable").fetch()
    assert (current.version, current.bundle.version) == ("1.1.1", "1.1.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_released_bundle_gives_its_golden_rows(version: str, tmp_path: Path) -> None:
    """From its JSON, in the reference evaluator, row kernel, batch kernel and Polars."""
    release = REGISTRY.fetch("flights", version)
    (tmp_path / FILE).write_bytes(release.golden)
    assert verify(release.bundle, tmp_path, ENGINES) == []


def test_a_released_bundle_needs_no_code_of_its_author() -> None:
    """A process that cannot import the feature set loads the release and computes it."""
    code = (
        "import sys, featurelib as fl, featurelib_online as online;"
        f"b = fl.load({str(LOCATION / 'releases/flights/1.1.1/bundle.json')!r});"
        "online.compile(b);"
        "assert not any(m.startswith('parity_tests') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("made", RELEASES, ids=lambda made: made.version)
def test_the_definition_is_still_that_of_the_release(made) -> None:
    """Equal fingerprints: neither an op nor the set has moved under a version."""
    released = REGISTRY.fetch("flights", made.version).bundle
    assert made.bind(released.state).fingerprints == released.fingerprints


def test_a_minor_version_moves_nothing() -> None:
    """1.1.0 adds two features, and every other value is as it was."""
    old, new = (REGISTRY.fetch("flights", v).bundle for v in ("1.0.0", "1.1.0"))
    found = compare(old, new, rows=2_000, seed=1, data=None)
    statuses = {n: c.status for n, c in found.features.items() if c.status != "same"}
    assert statuses == {"minutes_into_day": "added", "hours_into_week": "added"}
    assert not found.layout_changed


def test_the_hotfix_moves_what_it_declares() -> None:
    """1.1.1 moves one feature by one hour, only in the hour that clocks show twice."""
    old, new = (REGISTRY.fetch("flights", v).bundle for v in ("1.1.0", "1.1.1"))
    hotfix = REGISTRY.fetch("flights", "1.1.1").declaration
    assert hotfix is not None
    found = compare(old, new, rows=5_000, seed=1, data=None)
    moved = [n for n, c in found.features.items() if c.status == "changed"]
    assert moved == ["hours_into_week"] == list(hotfix.rows)
    assert found.features["hours_into_week"].moved_rows > 0
    assert policy.check("1.1.0", "1.1.1", found, hotfix) == []
    (refused,) = policy.check("1.1.0", "1.1.1", found)
    assert "hours_into_week" in refused.subject


@pytest.mark.parametrize("version", amount(VERSIONS[-1:], soak=VERSIONS))
def test_the_gate_passes_each_release(
    version: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may go out after the one before it: the hotfix, and in a soak those before it."""
    monkeypatch.chdir(LOCATION.parents[1])
    before = VERSIONS[: VERSIONS.index(version)][-1:]
    old = [word for v in before for word in ("--from", str(RELEASED / v))]
    assert main(["gate", str(RELEASED / version), *old, "--rows", "100"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("gate passed: flights")
    assert ("hours_into_week" in page) is (version == "1.1.1")


def test_the_gate_stops_a_hotfix_that_moves_more_than_it_declares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1, and one page: which feature moved, how often, and both ways out."""
    monkeypatch.chdir(LOCATION.parents[1])
    monkeypatch.setenv("COLUMNS", "200")
    released = REGISTRY.fetch("flights", "1.1.0").bundle
    declared = RELEASES[2]
    others = [f for f in declared.features if f.name != "minutes_into_day"]
    fixed = fl.FeatureSet(
        "flights", version="1.1.1", inputs=declared.inputs, features=[*others, minutes_into_day],
        layout={t.name: t.members for t in declared.layout.tensors},
    ).bind(released.state)  # fmt: skip
    rows = read_golden(released, RELEASED / "1.1.0" / "golden.jsonl").rows
    record(fixed, rows, tmp_path / "new")
    (tmp_path / "new" / FILE).rename(tmp_path / "new" / "golden.jsonl")
    fixed.save(tmp_path / "new" / "bundle.json")
    (tmp_path / "hotfix.toml").write_text(HOTFIX, encoding="utf-8")
    status = main(
        ["gate", str(tmp_path / "new"), "--from", str(RELEASED / "1.1.0"),
         "--hotfix", str(tmp_path / "hotfix.toml"), "--rows", "100"]
    )  # fmt: skip
    page = capsys.readouterr().out
    assert status == 1
    assert page.startswith("gate FAILED: flights 1.1.0 to 1.1.1\n")
    assert len(page.splitlines()) <= 40
    said = re.findall(r"^feature (\w+): (\d+) of \d+ rows moved, and (.*)", page, re.MULTILINE)
    assert {name for name, _, _ in said} == {"minutes_into_day"}
    assert all(int(moved) > 0 for _, moved, _ in said)
    assert {why for _, _, why in said} == {
        "a patch version moves no value", "the hotfix does not declare it"
    }  # fmt: skip
    assert "declare it: [features.minutes_into_day], with a new version of it" in page


def test_another_key_is_not_trusted(tmp_path: Path) -> None:
    """A service that trusts another key takes none of these releases."""
    _, public = new_key(tmp_path / "key")
    with pytest.raises(RefusedReleaseError, match="key"):
        Registry(LOCATION, public_keys=[public]).fetch("flights", "1.1.1")
