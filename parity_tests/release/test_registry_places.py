"""What a registry makes of names, of strange files in its folders, and of a place that is gone."""

import os
from pathlib import Path

import pytest

from featurelib.errors import (
    ConflictError,
    RegistryAwayError,
    RegistryError,
    ReleaseError,
    UnknownReleaseError,
)
from featurelib.release import Registry
from featurelib.release.locations_local import LocalLocation
from parity_tests.release.small_releases import STEP, material


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", "a..b", ".hidden", "a\x00b", "a b", "é", "x" * 101, None]
)
def test_names_that_could_leave_the_registry_are_refused(tmp_path: Path, name: str) -> None:
    """Sets, channels and versions become names of folders, so only plain ones are taken."""
    registry = Registry(tmp_path / "registry")
    for ask in (
        lambda: registry.channel(name, "stable"),
        lambda: registry.channel("rides", name),
        lambda: registry.fetch(name, "1.0.0"),
        lambda: registry.fetch("rides", name),
        lambda: registry.versions(name),
    ):
        with pytest.raises(ReleaseError, match=r"cannot be the name|expected a version"):
            ask()
    if name and "\x00" not in name:
        with pytest.raises(RegistryError, match="cannot be the name"):
            registry.release(*material("1.0.0", name=name))


@pytest.mark.parametrize(
    "version", ["1.0", "1.0.0.0", "1" * 5000 + ".0.0", "01.0.0", "1.0.0-rc1", "1.0.x", "1.0.٣"]
)
def test_versions_are_three_plain_numbers(tmp_path: Path, version: str) -> None:
    """A version in another spelling would be a second folder for the same thing."""
    with pytest.raises(ReleaseError, match="expected a version"):
        Registry(tmp_path / "registry").fetch("rides", version)


def test_strange_things_in_the_folders_are_ignored(tmp_path: Path) -> None:
    """Folders of no version, releases without release.json and files of no record are no part."""
    registry = Registry(tmp_path / "registry")
    registry.release(*material("1.0.0"))
    stable = registry.channel("rides", "stable")
    stable.promote("1.0.0", **STEP)
    root = tmp_path / "registry"
    for name in ("releases/.DS_Store", "releases/rides/notes.txt", "channels/rides/stable/7.json",
                 "channels/rides/stable/0000002.json", "channels/rides/stable/000002.json~",
                 "channels/rides/stable/000000.json", "releases/rides/1.0.0/notes"):  # fmt: skip
        (root / name).write_text("nothing")
    (root / "releases/rides/1.5.0").mkdir()
    (root / "releases/rides/1.6.0").write_text("a file")
    (root / "releases/rides/1.7.0").mkdir()
    (root / "releases/rides/1.7.0/bundle.json").write_text("a part")
    assert (registry.sets(), registry.versions("rides"), stable.last()) == (["rides"], ["1.0.0"], 1)
    assert registry.release(*material("1.0.0")).version == "1.0.0"
    for version in ("1.6.0", "1.7.0"):
        with pytest.raises(UnknownReleaseError):
            registry.fetch("rides", version)
    assert registry.release(*material("1.5.0")).manifest.previous == "1.0.0"
    with pytest.raises(ConflictError, match="discard-leftovers"):
        registry.release(*material("1.7.0"))
    registry.discard_leftovers("rides", "1.7.0")
    assert registry.release(*material("1.7.0")).manifest.previous == "1.5.0"


def test_a_pipe_in_the_place_of_a_file_does_not_hang_a_reader(tmp_path: Path) -> None:
    """Only regular files are read."""
    registry = Registry(tmp_path / "registry")
    registry.release(*material("1.0.0"))
    file = tmp_path / "registry/releases/rides/1.0.0/golden.jsonl"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(RegistryAwayError, match="no regular file"):
        registry.fetch("rides", "1.0.0")


def test_a_registry_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A directory that is gone is away, not empty; a first release makes it, in a parent."""
    registry = Registry(tmp_path / "registry")
    with pytest.raises(RegistryAwayError, match="no such directory"):
        registry.sets()
    with pytest.raises(RegistryAwayError, match="no such directory"):
        registry.fetch("rides", "1.0.0")
    with pytest.raises(RegistryAwayError, match="no such directory"):
        registry.channel("rides", "stable").promote("1.0.0", **STEP)
    with pytest.raises(RegistryAwayError, match="no such directory"):
        registry.discard_leftovers("rides", "1.0.0")
    assert not list(tmp_path.iterdir())
    with pytest.raises(RegistryError, match="cannot be written: No such file"):
        Registry(tmp_path / "no" / "registry").release(*material("1.0.0"))
    assert isinstance(registry.location, LocalLocation)
