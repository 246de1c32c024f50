"""A registry is written only where two writers cannot both win; it is read anywhere."""

import errno
import sys
import threading
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

from featurelib.errors import (
    ConflictError,
    MissingExtraError,
    ReadOnlyRegistryError,
    RegistryAwayError,
)
from featurelib.release import Registry
from featurelib.release.locations import PROBE, require_exclusive
from featurelib.release.locations_local import LocalLocation
from featurelib.release.locations_objects import ObjectLocation, open_objects
from featurelib.release.signing import new_key
from parity_tests.release.object_store import LooksFirst, ObjectStore
from parity_tests.release.small_releases import STEP, material


def test_a_store_that_leaves_the_condition_to_fsspec_is_read_only(tmp_path: Path) -> None:
    """Looking first and writing then is no exclusive creation; nothing was written to find out."""
    store = LooksFirst(tmp_path)
    with pytest.raises(ReadOnlyRegistryError, match="LooksFirst has no exclusive creation"):
        Registry(store.location()).release(*material("1.0.0"))
    assert not list(tmp_path.iterdir())


def test_a_store_that_ignores_the_condition_is_read_only(tmp_path: Path) -> None:
    """A store is believed when it has refused a second creation, not when it takes the argument."""
    store = ObjectStore(tmp_path, is_conditional=False)
    with pytest.raises(ReadOnlyRegistryError, match=f"let {PROBE} be created twice"):
        Registry(store.location()).release(*material("1.0.0"))
    assert [f.name for f in tmp_path.iterdir()] == [f"bucket|registry|{PROBE}"]


def test_a_read_only_location_is_read_in_full(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Services read where they cannot write: status, channel, release; every step is refused."""
    writer = Registry(ObjectStore(tmp_path).location())
    writer.release(*material("1.0.0"))
    writer.release(*material("1.1.0"))
    for version in ("1.0.0", "1.1.0"):
        writer.channel("rides", "stable").promote(version, **STEP)
    _, public = new_key(tmp_path_factory.mktemp("keys") / "key")
    reader = Registry(LooksFirst(tmp_path).location())
    stable = reader.channel("rides", "stable")
    assert stable.fetch().version == "1.1.0"
    assert len(stable.history()) == 2
    for step in (
        lambda: stable.promote("1.0.0", **STEP),
        lambda: stable.rollback(**STEP),
        lambda: reader.release(*material("1.2.0")),
        lambda: reader.discard_leftovers("rides", "1.2.0"),
        lambda: reader.trust([public]),
    ):
        with pytest.raises(ReadOnlyRegistryError, match="read-only"):
            step()
    assert stable.last() == 2


def test_fsspecs_own_classes_are_judged_one_by_one(tmp_path: Path) -> None:
    """Local files through fsspec look first; a wrapper does not say what it wraps; memory is in."""
    memory = fsspec.filesystem("memory")
    for kind in (LocalFileSystem(), DirFileSystem(path="/", fs=memory)):
        location = ObjectLocation(kind, str(tmp_path), "somewhere")
        with pytest.raises(ReadOnlyRegistryError, match=type(kind).__name__):
            require_exclusive(location)
    require_exclusive(ObjectLocation(memory, tmp_path.name, "memory"))


def test_an_unknown_protocol_is_refused_by_name() -> None:
    """A typo in a URL says what a registry can be."""
    with pytest.raises(RegistryAwayError, match=r"(?s)nosuch.*a directory or a URL"):
        Registry("nosuch://bucket/registry")


def test_a_directory_needs_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsspec and cryptography a directory works; what needs them names the extra."""
    for name in ("fsspec", "fsspec.core", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    registry = Registry(tmp_path / "registry")
    registry.release(*material("1.0.0"))
    registry.channel("rides", "stable").promote("1.0.0", **STEP)
    assert registry.channel("rides", "stable").fetch().version == "1.0.0"
    for ask in (
        lambda: Registry("memory://registry"),
        lambda: Registry(tmp_path / "registry", public_keys=["team.pem.pub"]),
        lambda: new_key(tmp_path / "key"),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'featurelib\[release\]'"):
            ask()


def test_a_file_system_without_hard_links_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal of the system call is the finding; it names what is missing."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    with pytest.raises(ReadOnlyRegistryError, match="has no hard links"):
        Registry(tmp_path / "registry").release(*material("1.0.0"))


def test_a_store_that_fails_is_away(tmp_path: Path) -> None:
    """Whatever a store's library raises, the caller hears that the location does not answer."""
    store = ObjectStore(tmp_path)
    registry = Registry(store.location())
    registry.release(*material("1.0.0"))
    for call, ask in (
        ("cat_file", lambda: registry.fetch("rides", "1.0.0")),
        ("ls", registry.sets),
        ("pipe_file", lambda: registry.channel("rides", "stable").promote("1.0.0", **STEP)),
    ):
        store.fails = {call}
        with pytest.raises(RegistryAwayError, match=r"(?s)connection reset.*half-moved"):
            ask()
        store.fails = set()
    assert registry.channel("rides", "stable").last() == 0


@pytest.mark.parametrize("kind", ["directory", "memory", "objects"])
def test_of_many_writers_of_one_name_one_wins(kind: str, tmp_path: Path) -> None:
    """Sixteen threads create the same file at once: one does, and its content is what is there."""
    location = {
        "directory": LocalLocation(tmp_path),
        "memory": open_objects(f"memory://{tmp_path.name}/race"),
        "objects": ObjectStore(tmp_path).location(),
    }[kind]
    location.prepare()
    barrier, won = threading.Barrier(16), []

    def write(number: int) -> None:
        barrier.wait()
        try:
            location.create("channels/a/b/000001.json", b"%d" % number)
        except FileExistsError:
            return
        won.append(b"%d" % number)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [location.read("channels/a/b/000001.json")] == won


def test_two_writers_of_one_release_part_where_they_differ(tmp_path: Path) -> None:
    """In a store without rename, who comes second meets the other's file and stops.

    What the first left stays whole, whether it goes on or not; with the same content the second
    brings the release to its end.
    """
    first, second = (Registry(ObjectStore(tmp_path).location()) for _ in range(2))
    bundle, golden = material("1.0.0")
    folder = "releases/rides/1.0.0"
    first.location.create(f"{folder}/bundle.json", bundle.to_bytes())
    with pytest.raises(ConflictError, match="another try that is at work or stopped half-way"):
        second.release(*material("1.0.0", factor=2.0))
    assert second.versions("rides") == []
    assert second.release(bundle, golden).bundle == bundle
    assert first.release(bundle, golden).bundle == bundle
