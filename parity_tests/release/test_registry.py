"""What a registry promises to those who release, promote and read, wherever it is kept."""

import os
import secrets
from pathlib import Path

import pytest

from featurelib.errors import (
    ConflictError,
    HotfixError,
    RecordError,
    RefusedReleaseError,
    UnknownReleaseError,
)
from featurelib.release import Registry
from featurelib.release.channel_records import TornRecord
from featurelib.release.locations import Location
from featurelib.release.release_folder import sha256
from parity_tests.release.object_store import ObjectStore
from parity_tests.release.small_releases import STEP, bundle_of, golden_of, hotfix_of, material


@pytest.fixture(params=["directory", "file", "memory", "objects"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str | Location:
    """A place for a registry, of each kind."""
    (tmp_path / "objects").mkdir()
    return {
        "directory": str(tmp_path / "registry"),
        "file": f"file://{tmp_path}/registry",
        "memory": f"memory://{secrets.token_hex(8)}/registry",
        "objects": ObjectStore(tmp_path / "objects").location(),
    }[request.param]


@pytest.fixture
def registry(location: str | Location) -> Registry:
    """A registry with rides 1.0.0, 1.1.0 and 2.0.0."""
    made = Registry(location)
    for version, factor in (("1.0.0", 1.0), ("1.1.0", 1.5), ("2.0.0", 2.0)):
        made.release(*material(version, factor=factor))
    return made


def test_what_was_released_is_fetched(registry: Registry) -> None:
    """A release gives back bundle and golden rows byte for byte, and knows the version before."""
    for version, before in (("1.0.0", None), ("1.1.0", "1.0.0"), ("2.0.0", "1.1.0")):
        factor = {"1.0.0": 1.0, "1.1.0": 1.5, "2.0.0": 2.0}[version]
        bundle = bundle_of(version, factor=factor)
        release = registry.fetch("rides", version)
        assert release.bundle.to_bytes() == bundle.to_bytes()
        assert release.golden == golden_of(bundle)
        assert release.manifest.previous == before
        assert release.digest == sha256(release.manifest.to_bytes())
    assert registry.versions("rides") == ["1.0.0", "1.1.0", "2.0.0"]
    assert registry.sets() == ["rides"]


def test_the_same_release_once_more_changes_nothing(registry: Registry) -> None:
    """Who does not know whether a release came through may ask again."""
    before = registry.fetch("rides", "1.1.0")
    assert registry.release(*material("1.1.0", factor=1.5)) == before


def test_a_released_version_is_never_changed(registry: Registry) -> None:
    """Other content under a released version is refused, and the release stays."""
    before = registry.fetch("rides", "1.1.0")
    with pytest.raises(ConflictError, match="released already") as error:
        registry.release(*material("1.1.0", factor=9.0))
    assert "new version" in str(error.value)
    with pytest.raises(ConflictError, match="never removed"):
        registry.discard_leftovers("rides", "1.1.0")
    assert registry.fetch("rides", "1.1.0") == before


def test_golden_rows_of_another_bundle_are_refused(registry: Registry) -> None:
    """Golden rows stand for the very bundle that they were recorded with."""
    bundle = bundle_of("3.0.0", factor=3.0)
    for wrong in (golden_of(bundle_of("2.0.0", factor=2.0)), golden_of(bundle)[:-20], b"", b"{}\n"):
        with pytest.raises(RefusedReleaseError, match="golden rows"):
            registry.release(bundle, wrong)
    assert registry.versions("rides") == ["1.0.0", "1.1.0", "2.0.0"]


def test_a_hotfix_is_released_with_its_declaration(registry: Registry) -> None:
    """The declaration must fit the release before and this one, and comes back as it was."""
    bundle, declared = (
        bundle_of("2.0.1", factor=2.5, feature_version=2),
        hotfix_of("2.0.0", "2.0.1"),
    )
    release = registry.release(bundle, golden_of(bundle), declaration=declared)
    assert release == registry.fetch("rides", "2.0.1")
    assert release.manifest.previous == "2.0.0"
    assert release.declaration == declared
    for version, wrong, said in (
        ("2.0.2", hotfix_of("2.0.0", "2.0.1"), "the hotfix is to rides 2.0.1"),
        ("2.0.2", hotfix_of("2.0.1", "2.0.2"), "version=3"),
        ("1.1.2", hotfix_of("1.1.1", "1.1.2"), "no release rides 1.1.1"),
    ):
        bundle = bundle_of(version, factor=9.0, feature_version=2)
        with pytest.raises((HotfixError, UnknownReleaseError), match=said):
            registry.release(bundle, golden_of(bundle), declaration=wrong)
    assert registry.versions("rides") == ["1.0.0", "1.1.0", "2.0.0", "2.0.1"]


def test_a_rollback_goes_back_and_another_further(registry: Registry) -> None:
    """Rollbacks walk back over promotions; what they leave behind does not come back by itself."""
    stable = registry.channel("rides", "stable")
    assert stable.current() is None
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        stable.promote(version, **STEP)
    assert stable.rollback(**STEP).pointer.version == "1.1.0"
    assert stable.rollback(**STEP).pointer.version == "1.0.0"
    with pytest.raises(UnknownReleaseError, match="nothing to go back to"):
        stable.rollback(**STEP)
    stable.promote("2.0.0", **STEP)
    assert stable.rollback(**STEP).pointer.version == "1.0.0"
    assert stable.rollback(**STEP, to="1.1.0").pointer.version == "1.1.0"
    with pytest.raises(UnknownReleaseError, match=r"promoted were: 1.0.0, 1.1.0, 2.0.0"):
        stable.rollback(**STEP, to="3.0.0")
    shown = [(r.action, r.pointer.version) for r in stable.history()]  # type: ignore[union-attr]
    assert shown == [
        *(("promote", v) for v in ("1.0.0", "1.1.0", "2.0.0")),
        *(("rollback", v) for v in ("1.1.0", "1.0.0")),
        ("promote", "2.0.0"),
        *(("rollback", v) for v in ("1.0.0", "1.1.0")),
    ]
    assert stable.fetch().version == "1.1.0"


def test_channels_do_not_touch_each_other(registry: Registry) -> None:
    """A promotion moves one channel of one set."""
    registry.channel("rides", "candidate").promote("2.0.0", **STEP)
    registry.channel("rides", "stable").promote("1.0.0", **STEP)
    assert registry.channel("rides", "candidate").fetch().version == "2.0.0"
    assert registry.channels("rides") == ["candidate", "stable"]
    with pytest.raises(UnknownReleaseError, match="points to no release"):
        registry.channel("rides", "canary").fetch()


def test_a_promotion_that_is_there_already_adds_no_record(registry: Registry) -> None:
    """Promoting what the channel points to gives the record that did it."""
    stable = registry.channel("rides", "stable")
    assert stable.promote("1.0.0", **STEP) == stable.promote("1.0.0", **STEP)
    assert stable.last() == 1


def test_a_step_after_a_record_that_was_seen_is_refused_when_another_came(
    registry: Registry,
) -> None:
    """`after` names what the caller looked at; the error says what came since."""
    stable = registry.channel("rides", "stable")
    stable.promote("1.0.0", **STEP, after=0)
    with pytest.raises(ConflictError, match=r"promote to 1\.0\.0 by a test"):
        stable.promote("1.1.0", **STEP, after=0)
    with pytest.raises(ConflictError, match="no longer at 0"):
        stable.rollback(**STEP, after=0)
    assert stable.last() == 1


@pytest.mark.parametrize("torn", [b"", b'{"digest":"', None], ids=["empty", "begun", "half"])
def test_a_torn_record_stops_the_channel_until_the_next(
    registry: Registry, torn: bytes | None
) -> None:
    """A torn record is refused and not skipped; a promotion, or a rollback with `to`, mends it."""
    stable = registry.channel("rides", "stable")
    for version in ("1.0.0", "1.1.0"):
        stable.promote(version, **STEP)
    whole = registry.location.read("channels/rides/stable/000002.json")
    registry.location.create(
        "channels/rides/stable/000003.json", whole[: len(whole) // 2] if torn is None else torn
    )
    with pytest.raises(
        RecordError, match=r"000003\.json.* torn or|000003\.json: no record"
    ) as error:
        stable.current()
    assert "promote a version" in str(error.value)
    with pytest.raises(RecordError):
        stable.rollback(**STEP)
    assert stable.rollback(**STEP, to="1.0.0").number == 4
    assert stable.fetch().version == "1.0.0"
    assert [type(r) is TornRecord for r in stable.history()] == [False, False, True, False]


def test_a_record_that_was_written_over_is_seen_in_the_history(tmp_path: Path) -> None:
    """Each record names the one before by its bytes, so an old one cannot be exchanged."""
    registry = Registry(tmp_path / "registry")
    for version in ("1.0.0", "1.1.0"):
        registry.release(*material(version))
    stable = registry.channel("rides", "stable")
    first = stable.promote("1.0.0", **STEP, why="the first")
    stable.promote("1.1.0", **STEP)
    other = type(first)(**{**vars(first), "why": "something else"})
    (tmp_path / "registry/channels/rides/stable/000001.json").write_bytes(other.to_bytes())
    _, second = stable.history()
    assert isinstance(second, TornRecord)
    assert "follows another record 1" in second.error


def test_another_release_in_the_place_of_a_promoted_one_is_refused(tmp_path: Path) -> None:
    """A record holds the digest of the release: one that was exchanged is not taken by anyone."""
    registries = [Registry(tmp_path / name) for name in ("ours", "theirs")]
    for registry, factor in zip(registries, (1.0, 7.0), strict=True):
        registry.release(*material("1.0.0", factor=factor))
        registry.release(*material("1.1.0"))
    stable = registries[0].channel("rides", "stable")
    stable.promote("1.0.0", **STEP)
    place = "releases/rides/1.0.0"
    os.rename(tmp_path / "ours" / place, tmp_path / "away")
    os.rename(tmp_path / "theirs" / place, tmp_path / "ours" / place)
    assert registries[0].fetch("rides", "1.0.0").bundle == bundle_of("1.0.0", factor=7.0)
    with pytest.raises(RefusedReleaseError, match="another one was put in its place"):
        stable.fetch()
    stable.promote("1.1.0", **STEP)
    for step in (lambda: stable.promote("1.0.0", **STEP), lambda: stable.rollback(**STEP)):
        with pytest.raises(RefusedReleaseError, match="another one was put in its place"):
            step()


def test_only_a_release_can_be_promoted(registry: Registry) -> None:
    """A version that is not released is refused with those that are."""
    with pytest.raises(UnknownReleaseError, match=r"1\.0\.0, 1\.1\.0, 2\.0\.0"):
        registry.channel("rides", "stable").promote("4.0.0", **STEP)
    assert registry.channels("rides") == []
