"""Both stores do what a dict does that knows the rules, whatever happens in whatever order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from parity_tests.soak import examples
from serving_example.store import (
    Batch,
    Letter,
    LmdbStore,
    Move,
    OnlineStore,
    Put,
    Stamp,
    StoreConflictError,
    Vector,
    View,
)
from serving_example.store.redis_store import RedisStore
from serving_example.tests.store.servers import RedisServer

VIEWS = (
    View("film", b"schema_1"),
    View("film", b"schema_2", ttl_us=10),
    View("films", b"schema_1", ttl_us=3),
)
KEYS = st.sampled_from([0, 0, 0, 1, -1, (1 << 63) - 1, -(1 << 63)])
TIMES = st.integers(0, 3) | st.sampled_from([-5, 12, -(1 << 62), 1 << 62])
VERSIONS = st.integers(0, 1) | st.sampled_from([1 << 53, (1 << 53) + 1, (1 << 64) - 1])
PAYLOADS = st.none() | st.binary(max_size=12)
MAX_CHANGES, MAX_LETTERS = 6, 3


@st.composite
def puts(draw: st.DrawFn) -> Put:
    view, payload = draw(st.sampled_from(VIEWS)), draw(PAYLOADS)
    time, version = draw(TIMES), draw(VERSIONS)
    if payload is None:
        return Put(view, draw(KEYS), view.tombstone(time, version, time + 4))
    return Put(view, draw(KEYS), view.vector(payload, time, version))


class Model:
    """The rules, on dicts."""

    def __init__(self) -> None:
        self.vectors: dict[tuple[View, int], Vector] = {}
        self.changes: list[tuple[int, str, int]] = []
        self.head = self.offset = 0
        self.letters: dict[int, Letter] = {}
        self.marks: dict[str, bytes] = {}

    def live(self, view: View, key: int, now: int) -> Vector | None:
        found = self.vectors.get((view, key))
        if found is None or found.payload is None or found.expires_at <= now:
            return None
        return found

    def write(self, batch: Batch, now: int) -> list[tuple[View, int]] | None:
        """What was older; None if another writer was first."""
        if batch.move is not None and batch.move.before != self.offset:
            return None
        for (view, key), stamp in batch.expects.items():
            found = self.live(view, key, now)
            if (None if found is None else found.stamp) != stamp:
                return None
        older = []
        for view, key, vector in batch.puts:
            found = self.vectors.get((view, key))
            if found is not None and (vector.event_time, vector.version) <= found.stamp:
                older.append((view, key))
                continue
            self.vectors[view, key] = vector
            self.head += 1
            self.changes = [*self.changes, (self.head, view.id, key)][-MAX_CHANGES:]
        self.letters |= {letter.offset: letter for letter in batch.letters}
        self.letters = dict(sorted(self.letters.items())[-MAX_LETTERS:])
        self.marks |= batch.marks
        self.offset = self.offset if batch.move is None else batch.move.after
        return older


class Stores(RuleBasedStateMachine):
    """One kind of store beside the model."""

    server: ClassVar[RedisServer | None] = None

    @initialize()
    def begin(self) -> None:
        self.folder, self.now, self.model = Path(tempfile.mkdtemp()), 0, Model()
        if self.server is not None:
            self.server.empty()
        self.store = self.opened()

    def opened(self) -> OnlineStore:
        rules: dict[str, Any] = {
            "clock": lambda: self.now, "max_changes": MAX_CHANGES, "max_letters": MAX_LETTERS,
        }  # fmt: skip
        if self.server is not None:
            return RedisStore(self.server.url, deadline_s=30, **rules)
        return LmdbStore(self.folder, **rules)

    @rule(
        written=st.lists(puts(), max_size=4),
        moved=st.none() | st.tuples(st.integers(0, 3), st.integers(1, 4)),
        is_stale=st.sampled_from([False, False, False, True]),
        bad=st.booleans(),
        marks=st.dictionaries(st.sampled_from(["a", "b"]), st.binary(max_size=3), max_size=1),
    )
    def write(
        self, written: list[Put], moved: Any, is_stale: bool, bad: bool, marks: dict[str, bytes]
    ) -> None:
        """A batch, which may have been computed from what is not there any more."""
        expects: dict[tuple[View, int], Stamp | None] = {}
        for view, key, _ in written:
            found = self.model.live(view, key, self.now)
            expects[view, key] = None if found is None else found.stamp
            if is_stale:
                expects[view, key] = Stamp(3, 3) if found is None else None
        move, letters = None, []
        if moved is not None:
            gap, step = moved
            before = self.model.offset + (gap if gap == 3 else 0)
            move = Move(before, before + step)
            letters = [Letter(before + step, "bad_value: ä", b"\0{")] if bad else []
        batch = Batch(written, expects, move, letters, marks)
        older = self.model.write(batch, self.now)
        if older is None:
            with pytest.raises(StoreConflictError):
                self.store.write(batch)
        else:
            made = self.store.write(batch)
            assert (made.taken, list(made.older)) == (len(written) - len(older), older)

    @rule(written=puts())
    def write_blindly(self, written: Put) -> None:
        """What expects nothing is written if it is newer."""
        older = self.model.write(Batch([written]), self.now)
        assert list(self.store.write(Batch([written])).older) == older

    @rule(keys=st.lists(KEYS, max_size=4), view=st.sampled_from(VIEWS))
    def get(self, keys: list[int], view: View) -> None:
        """One and many give the same, in the order of the keys."""
        expected = [self.model.live(view, key, self.now) for key in keys]
        assert self.store.get_many(view, keys) == expected
        assert [self.store.get(view, key) for key in keys] == expected

    @rule(by=st.integers(-1, 3))
    def pass_time(self, by: int) -> None:
        """Clocks go on, and sometimes back."""
        self.now += by

    @rule(view=st.sampled_from(VIEWS), before=TIMES)
    def sweep(self, view: View, before: int) -> None:
        """What has expired is forgotten, and with it how new it was."""
        over = [
            place for place, vector in self.model.vectors.items()
            if place[0] == view and vector.expires_at <= before
        ]  # fmt: skip
        for place in over:
            del self.model.vectors[place]
        assert self.store.sweep(view, before) == len(over)

    @rule(after=st.integers(-9, 9), limit=st.integers(1, 9))
    def follow(self, after: int, limit: int) -> None:
        """A reader gets what it has not seen, or is told that it cannot."""
        after = max(0, self.model.head + after)
        made = self.store.changes(after, limit)
        behind = [c for c in self.model.changes if c[0] > after]
        assert list(map(tuple, made.changes)) == behind[:limit]
        assert made.head == self.model.head
        assert made.is_trimmed == (self.model.head - after > len(behind))

    @rule(after=st.integers(0, 9), limit=st.integers(1, 3))
    def read_letters(self, after: int, limit: int) -> None:
        """Refused events are kept with their reason."""
        behind = [letter for offset, letter in self.model.letters.items() if offset > after]
        assert self.store.letters(after, limit) == behind[:limit]

    @rule()
    def restart(self) -> None:
        """What was written is there for the next process."""
        self.store.close()
        self.store = self.opened()

    @invariant()
    def is_the_same(self) -> None:
        """All live vectors, marks and the offset are the model's."""
        if not hasattr(self, "store"):
            return
        for view in VIEWS:
            expected = {
                key: self.model.live(v, key, self.now)
                for v, key in self.model.vectors if v == view
            }  # fmt: skip
            expected = {key: vector for key, vector in expected.items() if vector is not None}
            assert dict(self.store.scan(view)) == expected
        assert self.store.offset() == self.model.offset
        assert {n: self.store.mark(n) for n in "ab"} == {n: self.model.marks.get(n) for n in "ab"}
        assert self.store.health().is_ok

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)


def test_lmdb_does_what_the_model_does() -> None:
    """LMDB: any order of writes, deletions, moments, sweeps and restarts."""
    run_state_machine_as_test(type("LmdbStores", (Stores,), {}), settings=examples(25, soak=500))


def test_redis_does_what_the_model_does(redis_server: RedisServer) -> None:
    """Redis: the same."""
    run_state_machine_as_test(
        type("RedisStores", (Stores,), {"server": redis_server}), settings=examples(25, soak=500)
    )
