"""The rules of a store, one by one, for both kinds; any mixture is in `test_store_machine`."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from serving_example.store import (
    NEVER,
    Batch,
    Letter,
    LmdbStore,
    Move,
    OnlineStore,
    Put,
    Stamp,
    StoreConflictError,
    StoreFullError,
    VectorError,
    View,
)
from serving_example.store.redis_store import RedisStore
from serving_example.store.vector import encode

Make = Callable[..., OnlineStore]
VIEW = View("film", b"schema_1")


def put(payload: bytes, event_time: int, version: int, key: int = 1) -> Put:
    return Put(VIEW, key, VIEW.vector(payload, event_time, version))


@pytest.mark.parametrize(
    "first, second, wins",
    [
        ((5, 0), (6, 0), True),
        ((5, 9), (6, 0), True),
        ((6, 0), (5, 9), False),
        ((5, 1), (5, 2), True),
        ((5, 2), (5, 1), False),
        ((5, 1), (5, 1), False),
        ((-1, 0), (0, 0), True),
        ((0, 0), (-1, 9), False),
        ((0, 1 << 53), (0, (1 << 53) + 1), True),
        ((0, (1 << 53) + 1), (0, 1 << 53), False),
        ((0, (1 << 63) - 1), (0, 1 << 63), True),
        (((1 << 62), 0), ((1 << 62) + 1, 0), True),
    ],
)
def test_the_newer_wins(
    make_store: Make, first: tuple[int, int], second: tuple[int, int], wins: bool
) -> None:
    """By event time, then by version; of equal stamps the first stays. In one batch or in two."""
    store = make_store()
    store.write(Batch([put(b"first", *first)]))
    written = store.write(Batch([put(b"second", *second)]))
    found = store.get(VIEW, 1)
    assert found is not None and found.payload == (b"second" if wins else b"first")
    assert written == (wins, () if wins else ((VIEW, 1),))
    both = Batch([put(b"first", *first, key=2), put(b"second", *second, key=2)])
    assert store.write(both).taken == 1 + wins
    assert store.get_many(VIEW, [2, 1]) == [found, found]


def test_a_vector_ends_with_its_ttl(make_store: Make) -> None:
    """At the moment of its expiry it is not served any more; a clock that goes back serves it."""
    now = [0]
    store = make_store(clock=lambda: now[0])
    view = View("short", b"schema_1", ttl_us=10)
    store.write(Batch([Put(view, 1, view.vector(b"x", 5, 0))]))
    for moment, is_there in ((14, True), (15, False), (16, False), (14, True)):
        now[0] = moment
        assert (store.get(view, 1) is not None) == is_there
        assert (store.get_many(view, [1])[0] is not None) == is_there
        assert [key for key, _ in store.scan(view)] == [1] * is_there
    now[0] = 15
    # What has expired counts as not there, but still as newer than what is older.
    assert store.write(Batch([Put(view, 1, view.vector(b"y", 4, 0))], {(view, 1): None})).older
    assert (store.sweep(view, 14), store.sweep(view, 15), store.sweep(view, 15)) == (0, 1, 0)
    assert store.write(Batch([Put(view, 1, view.vector(b"y", 4, 0))])).taken == 1


def test_a_deletion_is_a_write_like_any_other(make_store: Make) -> None:
    """What is older does not come back until the tombstone is swept; what is newer does."""
    store = make_store()
    store.write(Batch([put(b"x", 5, 0)]))
    store.write(Batch([Put(VIEW, 1, VIEW.tombstone(6, 0, keep_until=9))]))
    assert store.get(VIEW, 1) is None and list(store.scan(VIEW)) == []
    assert store.write(Batch([put(b"x", 5, 9)], {(VIEW, 1): None})).taken == 0
    assert store.write(Batch([put(b"new", 6, 1)])).taken == 1
    found = store.get(VIEW, 1)
    assert found is not None and found.payload == b"new"
    assert [change.key for change in store.changes(0, 9).changes] == [1, 1, 1]


def test_a_view_of_another_schema_lies_beside(make_store: Make) -> None:
    """Two releases share a store; one that is dropped leaves the other, and names that begin so."""
    store = make_store()
    views = [VIEW, View("film", b"schema_2"), View("film_state", b"schema_1")]
    store.write(Batch([Put(view, 1, view.vector(view.schema, 0, 0)) for view in views]))
    assert [store.get(view, 1) == view.vector(view.schema, 0, 0) for view in views] == [True] * 3
    assert [list(store.scan(view)) for view in views] == [
        [(1, view.vector(view.schema, 0, 0))] for view in views
    ]
    assert store.sweep(VIEW, NEVER) == 1
    assert [store.get(view, 1) is not None for view in views] == [False, True, True]


def test_a_batch_is_all_or_nothing(make_store: Make) -> None:
    """One expectation that fails, and neither vectors nor changes, letters, marks, offset move."""
    store = make_store()
    store.write(Batch([put(b"x", 1, 1)], move=Move(0, 3)))
    whole = {
        "puts": [put(b"y", 2, 2), put(b"z", 2, 2, key=2)], "letters": [Letter(4, "bad", b"{")],
        "marks": {"job": b"4"}, "move": Move(3, 4),
    }  # fmt: skip
    expected = {(VIEW, 1): Stamp(1, 1), (VIEW, 2): None}
    for wrong in (
        {"expects": expected | {(VIEW, 1): Stamp(1, 0)}},
        {"expects": expected | {(VIEW, 1): None}},
        {"expects": expected | {(VIEW, 2): Stamp(1, 1)}},
        {"expects": expected, "move": Move(2, 4)},
        {"expects": expected, "move": Move(4, 5), "letters": []},
    ):
        with pytest.raises(StoreConflictError, match="was first"):
            store.write(Batch(**{**whole, **wrong}))  # type: ignore[arg-type]
        assert store.get_many(VIEW, [1, 2]) == [put(b"x", 1, 1).vector, None]
        assert (store.offset(), store.mark("job"), store.letters(0, 9)) == (3, None, [])
        assert store.changes(0, 9).head == 1
    store.write(Batch(**whole, expects=expected))  # type: ignore[arg-type]
    assert (store.offset(), store.mark("job")) == (4, b"4")
    assert store.letters(0, 9) == [Letter(4, "bad", b"{")]
    assert store.changes(0, 9).head == 3


@pytest.mark.parametrize("length", [0, 3, 4, 20, 36, 43])
def test_a_vector_that_was_cut_off_is_no_obstacle(make_store: Make, length: int) -> None:
    """It is told to readers; a batch that writes it anew is done, whole."""
    store = make_store()
    store.write(Batch([put(b"", 1, 1)], move=Move(0, 3)))
    cut = encode(put(b"", 1, 1).vector)[:length]
    if isinstance(store, LmdbStore):
        with store._env.begin(store._vectors, write=True) as txn:
            txn.put(VIEW.prefix + struct.pack(">Q", (1 << 63) + 1), cut)
    else:
        assert isinstance(store, RedisStore)
        store._client.hset(store._name(VIEW.id), "1", cut)
    with pytest.raises(VectorError, match=f"stored {length} bytes"):
        store.get(VIEW, 1)
    batch = Batch([put(b"y", 2, 2, key=2), put(b"z", 2, 2)], {(VIEW, 2): None}, Move(3, 4))
    assert store.write(batch).taken == 2
    assert store.get_many(VIEW, [1, 2]) == [put(b"z", 2, 2).vector, put(b"y", 2, 2).vector]
    assert (store.offset(), store.changes(0, 9).head) == (4, 3)


def test_letters_belong_to_the_events_that_a_batch_passes() -> None:
    """In order, each once, and none from elsewhere."""
    for letters, move in (
        ([Letter(1, "", b"")], None),
        ([Letter(1, "", b"")], Move(1, 2)),
        ([Letter(3, "", b"")], Move(1, 2)),
        ([Letter(2, "", b""), Letter(2, "", b"")], Move(1, 2)),
    ):
        with pytest.raises(ValueError, match="letters"):
            Batch(move=move, letters=letters)


def test_a_reader_that_fell_behind_is_told(make_store: Make) -> None:
    """So it scans, and goes on from the head; who has seen all is told nothing of the kind."""
    store = make_store(max_changes=3)
    assert store.changes(0, 9) == ([], False, 0)
    for version in range(5):
        store.write(Batch([put(b"x", 0, version)]))
    seqs = {after: [c.seq for c in store.changes(after, 9).changes] for after in range(7)}
    assert seqs == {0: [3, 4, 5], 1: [3, 4, 5], 2: [3, 4, 5], 3: [4, 5], 4: [5], 5: [], 6: []}
    trimmed = [store.changes(after, 9).is_trimmed for after in range(7)]
    assert trimmed == [True, True, False, False, False, False, False]


def test_readers_see_a_batch_whole(make_store: Make) -> None:
    """While one thread writes, every reader sees two entities with one version."""
    store, ends = make_store(), threading.Event()
    store.write(Batch([put(b"0", 0, 0, key) for key in (1, 2)]))

    def write() -> None:
        for version in range(1, 60):
            text = str(version).encode()
            store.write(Batch([put(text, 0, version, key) for key in (1, 2)]))
        ends.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ends.is_set():
        one, other = store.get_many(VIEW, [1, 2])
        assert one == other
    writer.join()


def test_another_process_reads_what_was_written(tmp_path: Path) -> None:
    """LMDB: two processes share a folder, and see each other's batches at once."""
    store = LmdbStore(tmp_path)
    store.write(Batch([put(b"here", 0, 0)]))
    program = (
        "import sys; from serving_example.store import *\n"
        f"store = LmdbStore(sys.argv[1]); view = View('film', {VIEW.schema!r})\n"
        "print(store.get(view, 1).payload.decode())\n"
        "store.write(Batch([Put(view, 1, view.vector(b'there', 1, 0))]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "here\n"
    found = store.get(VIEW, 1)
    assert found is not None and found.payload == b"there"
    store.close()


def test_a_reader_that_was_killed_keeps_no_pages(tmp_path: Path) -> None:
    """The file would grow with every write: the writer clears away what the dead held."""
    store = LmdbStore(tmp_path, max_changes=5)
    program = (
        "import lmdb, os, signal, sys\n"
        "env = lmdb.open(sys.argv[1], max_dbs=8)\n"
        "held = env.begin()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert ran.returncode == -signal.SIGKILL
    sizes = []
    for version in range(400):
        store.write(Batch([put(b"x" * 20_000, 0, version)]))
        sizes.append((tmp_path / "data.mdb").stat().st_size)
    assert sizes[-1] == sizes[100]
    store.close()


def test_a_full_map_writes_nothing(tmp_path: Path) -> None:
    """The error says how to go on, what stood there stays, and smaller batches go on."""
    store = LmdbStore(tmp_path, map_bytes=256 << 10)
    store.write(Batch([put(b"x", 0, 0)]))
    with pytest.raises(StoreFullError, match="larger map_bytes"):
        store.write(Batch([put(b"y", 1, 0), put(b"y" * (512 << 10), 1, 0, key=2)]))
    assert store.get_many(VIEW, [1, 2]) == [put(b"x", 0, 0).vector, None]
    assert store.write(Batch([put(b"y", 1, 0)])).taken == 1
    store.close()
