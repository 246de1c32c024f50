"""What a log forgets: never what a store has still to read, and always enough to stay small."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from parity_tests.soak import examples
from serving_example.store import Batch, EventLog, LmdbLog, LmdbStore, Move, StoreUnavailable
from serving_example.store.trimming import Trimmer

KEEP = 100


class Trimming(RuleBasedStateMachine):
    """A log that two stores read, beside a list that forgets nothing."""

    @initialize()
    def open(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._place = Path(self._folder.name)
        self.stores = [LmdbStore(self._place / name) for name in "ab"]
        self.log = LmdbLog(self._place / "log")
        self.told: list[bytes] = []
        self.applied, self.gone = [0, 0], 0

    @rule(n=st.sampled_from([1, 7, 90, 5_000]))
    def append(self, n: int) -> None:
        """Events come; more than one transaction of a trimming forgets are among them."""
        records = [b"%d" % (len(self.told) + i) for i in range(n)]
        assert self.log.append(records)[-1] == len(self.told) + n
        self.told += records

    @rule(reader=st.integers(0, 1), n=st.sampled_from([1, 50, 9_000]))
    def apply(self, reader: int, n: int) -> None:
        """A store reads on from where it is, finds what it misses, and moves its offset."""
        before = self.applied[reader]
        entries = self.log.read(before, n)
        assert [entry.data for entry in entries] == self.told[before : before + n]
        if entries:
            self.stores[reader].write(Batch(move=Move(before, before + len(entries))))
            self.applied[reader] += len(entries)

    @rule()
    def trim(self) -> None:
        """All but the kept tail of what both have applied goes."""
        upto = max(min(self.applied) - KEEP, self.gone)
        assert Trimmer(self.log, self.stores, keep=KEEP).step() == upto - self.gone
        self.gone = upto

    @rule()
    def reopen(self) -> None:
        """The log is opened again."""
        self.log.close()
        self.log = LmdbLog(self._place / "log")

    @invariant()
    def what_is_left_is_whole(self) -> None:
        """The log holds what it has not forgotten, in order, and goes on where it was."""
        if not hasattr(self, "log"):
            return
        first = self.log.read(0, 3)
        assert [entry.data for entry in first] == self.told[self.gone : self.gone + 3]
        assert [entry.offset for entry in first] == [self.gone + 1 + i for i in range(len(first))]
        assert self.log.last() == len(self.told)

    def teardown(self) -> None:
        for opened in (*getattr(self, "stores", []), getattr(self, "log", None)):
            if opened is not None:
                opened.close()
        if hasattr(self, "_folder"):
            self._folder.cleanup()


TestTrimming = Trimming.TestCase
TestTrimming.settings = settings(examples(6, soak=300), stateful_step_count=20)


class At:
    """A store whose offset is told."""

    def __init__(self, offset: int | None) -> None:
        self._offset = offset

    def offset(self) -> int:
        if self._offset is None:
            raise StoreUnavailable("away")
        return self._offset


def stores(*offsets: int | None) -> Any:
    return [At(offset) for offset in offsets]


def test_the_slowest_reader_decides(make_log: Callable[..., EventLog]) -> None:
    """A log of either kind keeps what one of its readers has not applied, and the tail."""
    log = make_log()
    log.append([b"%d" % i for i in range(11_000)])
    assert Trimmer(log, stores(11_000, 10_500), keep=50).step() == 10_450
    assert Trimmer(log, stores(11_000, 10_500), keep=50).step() == 0
    assert [log.read(0, 1)[0].offset, log.last()] == [10_451, 11_000]
    assert Trimmer(log, stores(3), keep=50).step() == 0


def test_a_reader_that_is_away_stops_all_trimming(make_log: Callable[..., EventLog]) -> None:
    """Nobody knows how far it is, so nothing goes."""
    log = make_log()
    log.append([b"x"] * 10)
    with pytest.raises(StoreUnavailable):
        Trimmer(log, stores(10, None), keep=0).step()
    assert len(log.read(0, 99)) == 10


def test_a_trimmer_without_readers_is_refused(tmp_path: Path) -> None:
    """It would forget what nobody has applied."""
    log = LmdbLog(tmp_path)
    with pytest.raises(ValueError, match="got 0, keep=5"):
        Trimmer(log, [], keep=5)
    with pytest.raises(ValueError, match="keep=-1"):
        Trimmer(log, stores(1), keep=-1)
    log.close()


DIES = """
import os, signal, sys, lmdb
env = lmdb.open(sys.argv[1], max_dbs=4)
reader = env.begin()
reader.get(b"x")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_file_stays_bounded(tmp_path: Path) -> None:
    """Forgotten events make room for new ones, those too that a killed reader had still open."""
    log, size = LmdbLog(tmp_path), []
    for step in range(1, 31):
        log.append([b"x" * 300] * 1_000)
        if step == 5:
            died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
            assert died.returncode == -signal.SIGKILL
        Trimmer(log, stores(1_000 * step), keep=500).step()
        size.append((tmp_path / "data.mdb").stat().st_size)
    assert len(log.read(0, 99_999)) == 500 and log.last() == 30_000
    assert size[-1] == size[9] < 3_000 * 400
    log.close()
