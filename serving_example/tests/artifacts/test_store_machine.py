"""The store after any sequence of writes, harm and deaths, against a dictionary."""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from serving_example.artifacts import ArtifactError, ArtifactStore
from serving_example.artifacts.store import CARD, WEIGHTS
from serving_example.tests.artifacts.test_artifacts import artifact

NAMES = st.sampled_from(["ranker", "towers", "other"])
WEIGHT = st.integers(0, 4).map(lambda n: bytes([n]) * 9)


class Store(RuleBasedStateMachine):
    """Content by digest and digests by name, as a dictionary has them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = ArtifactStore(self.folder)
        self.held: dict[str, bytes] = {}
        self.torn: set[str] = set()
        self.names: dict[str, str] = {}
        self.revision = 0

    @rule(weights=WEIGHT)
    def put(self, weights: bytes) -> None:
        made = artifact(weights)
        if made.digest in self.torn:
            with pytest.raises(ArtifactError):
                self.store.put(made)
            shutil.rmtree(self.folder / made.digest)  # the way out that the message names
            self.torn.remove(made.digest)
        self.held[self.store.put(made)] = weights

    @precondition(lambda self: self.held)
    @rule(data=st.data(), name=NAMES, gone=st.sets(NAMES, max_size=1))
    def publish(self, data: st.DataObject, name: str, gone: set[str]) -> None:
        digest = data.draw(st.sampled_from(sorted(self.held)))
        if digest in self.torn:
            with pytest.raises(ArtifactError):
                self.store.publish({name: digest}, withdraw=gone)
            return
        self.store.publish({name: digest}, withdraw=gone)
        self.names = {n: d for n, d in self.names.items() if n not in gone} | {name: digest}
        self.revision += 1

    @precondition(lambda self: {*self.held} - self.torn)
    @rule(data=st.data(), name=st.sampled_from([WEIGHTS, CARD]), keep=st.integers(0, 8))
    def tear(self, data: st.DataObject, name: str, keep: int) -> None:
        digest = data.draw(st.sampled_from(sorted({*self.held} - self.torn)))
        path = self.folder / digest / name
        path.write_bytes(path.read_bytes()[:keep])
        self.torn.add(digest)

    @rule(name=st.sampled_from([".partial-a", ".manifest.json.b"]))
    def die(self, name: str) -> None:
        """What a writer leaves that dies before its rename."""
        if name.startswith(".partial"):
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / WEIGHTS).write_bytes(b"half")
        else:
            (self.folder / name).write_bytes(b'{"dig')

    @invariant()
    def another_reader_sees_the_same(self) -> None:
        reader = ArtifactStore(self.folder)
        manifest = reader.manifest()
        assert (manifest.names, manifest.revision) == (self.names, self.revision)
        assert reader.digests() == sorted(self.held)
        for digest, weights in self.held.items():
            if digest in self.torn:
                with pytest.raises(ArtifactError):
                    reader.get(digest)
            else:
                assert reader.get(digest).weights == weights

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


def _write_for_ever(folder: Path) -> None:
    store = ArtifactStore(folder)
    for n in range(1 << 30):
        digest = store.put(artifact(bytes([n % 251]) * 300_000, name=f"m{n}"))
        store.publish({"last": digest, f"m{n}": digest})


def test_a_writer_that_is_killed_leaves_only_what_is_whole(tmp_path: Path) -> None:
    """Killed anywhere: every artifact under its digest is whole, every name stands for one."""
    start = multiprocessing.get_context("spawn")
    for wait_s in (0.05, 0.11, 0.17):
        before = ArtifactStore(tmp_path).manifest().revision
        writer = start.Process(target=_write_for_ever, args=(tmp_path,))
        writer.start()
        deadline = time.monotonic() + 60
        while ArtifactStore(tmp_path).manifest().revision == before:
            assert time.monotonic() < deadline and writer.is_alive()
            time.sleep(0.01)
        time.sleep(wait_s)
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        store = ArtifactStore(tmp_path)
        stored = {digest: store.get(digest).card.name for digest in store.digests()}
        names = dict(store.manifest().names)
        last = names.pop("last")
        assert all(stored[digest] == name for name, digest in names.items())
        assert last in names.values() and 0 <= len(stored) - len(names) <= 1


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path) -> None:
    """The error is the system's own; the store holds what it held, and takes more afterwards."""
    store = ArtifactStore(tmp_path)
    held = store.put(artifact(b"small"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # no file grows above this
    try:
        with pytest.raises(OSError):
            store.put(artifact(b"x" * 50_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.digests() == [held]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".lock", held])
    assert store.get(store.put(artifact(b"x" * 50_000))).weights == b"x" * 50_000
