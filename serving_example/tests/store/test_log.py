"""The event log: order, durability, one wait for the disk for many, and what is forgotten."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from serving_example.store import (
    EventLog,
    LmdbLog,
    LmdbStore,
    StoreError,
    StoreFullError,
    open_log,
    open_store,
)
from serving_example.store.redis_log import RedisLog
from serving_example.tests.store.servers import RedisServer

Make = Callable[..., EventLog]


def test_events_come_back_in_order(make_log: Make) -> None:
    """Offsets are 1, 2, 3, ...; the moment of arrival and every byte are kept; a restart too."""
    moments = iter([10, 20, 30])
    log = make_log(clock=lambda: next(moments))
    assert (log.last(), log.read(0, 9), log.append([])) == (0, [], [])
    assert log.append([b"a", b""]) == [1, 2]
    assert log.append([b"\0\xff"]) == [3]
    log = make_log(clock=lambda: next(moments))
    assert [tuple(entry) for entry in log.read(0, 9)] == [
        (1, log.read(0, 1)[0].appended_at, b"a"),
        (2, log.read(1, 1)[0].appended_at, b""),
        (3, log.read(2, 1)[0].appended_at, b"\0\xff"),
    ]
    assert [entry.offset for entry in log.read(1, 1)] == [2]
    assert log.last() == 3 and log.health().is_ok


def test_what_is_no_bytes_is_refused(make_log: Make) -> None:
    """Nothing of the call is appended, nor is anybody else's call touched."""
    log = make_log()
    with pytest.raises(TypeError, match="as bytes"):
        log.append([b"a", "b"])  # type: ignore[list-item]
    assert log.last() == 0


def test_many_writers_lose_and_mix_nothing(make_log: Make) -> None:
    """Each writer's calls are whole and in its order, and every offset is given once."""
    log = make_log()
    given: dict[int, bytes] = {}
    lock = threading.Lock()

    def write(writer: int) -> None:
        for i in range(15):
            records = [b"%d.%d.%d" % (writer, i, part) for part in range(3)]
            offsets = log.append(records)
            with lock:
                given.update(zip(offsets, records, strict=True))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    entries = log.read(0, 999)
    assert {entry.offset: entry.data for entry in entries} == given
    assert [entry.offset for entry in entries] == list(range(1, 361))
    for writer in range(8):
        mine = [e.data for e in entries if e.data.startswith(b"%d." % writer)]
        assert mine == [b"%d.%d.%d" % (writer, i, part) for i in range(15) for part in range(3)]


def test_who_comes_together_waits_for_the_disk_once(tmp_path: Path) -> None:
    """Callers that come while a commit is under way share the next one."""
    began, go_on = threading.Event(), threading.Event()
    clock_calls: list[int] = []

    def clock() -> int:
        clock_calls.append(1)
        if len(clock_calls) == 1:
            began.set()
            go_on.wait()
        return 0

    log = LmdbLog(tmp_path, clock=clock)
    threads = [threading.Thread(target=log.append, args=([b"x"],)) for _ in range(20)]
    threads[0].start()
    began.wait()
    for thread in threads[1:]:
        thread.start()
    while len(log._waiting) < 19:
        time.sleep(0.001)
    go_on.set()
    for thread in threads:
        thread.join()
    assert (log.commits, log.last()) == (2, 20)
    log.close()


def test_a_reader_is_woken(make_log: Make) -> None:
    """It waits until there is an event, or until its time is over."""
    log = make_log()
    assert not log.wait(0, 0.01)
    sender = threading.Timer(0.05, log.append, [[b"x"]])
    sender.start()
    assert log.wait(0, 30)
    sender.join()
    assert log.wait(0, 0) and not log.wait(1, 0)


def test_what_is_trimmed_is_gone_and_offsets_go_on(make_log: Make) -> None:
    """A log whose events are all forgotten still knows where it was."""
    log = make_log()
    log.append([b"a", b"b", b"c"])
    assert (log.trim(2), log.trim(2)) == (2, 0)
    assert [entry.offset for entry in log.read(0, 9)] == [3]
    assert log.trim(99) == 1
    log = make_log()
    assert (log.read(0, 9), log.last(), log.append([b"d"])) == ([], 3, [4])


def test_a_full_map_is_told_and_loses_nothing(tmp_path: Path) -> None:
    """The error says how to go on; what was appended before is there, and the log goes on."""
    log = LmdbLog(tmp_path, map_bytes=256 << 10)
    log.append([b"first"])
    with pytest.raises(StoreFullError, match="larger map_bytes"):
        log.append([b"x" * (512 << 10)])
    assert log.append([b"second"]) == [2]
    log.close()
    log = LmdbLog(tmp_path, map_bytes=1 << 20)
    log.append([b"x" * (512 << 10)])
    assert [len(entry.data) for entry in log.read(0, 9)] == [5, 6, 512 << 10]
    log.close()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """A store is not opened as a log, nor a file as a folder; a place says which kind it is."""
    LmdbStore(tmp_path / "store").close()
    with pytest.raises(StoreError, match="expected an event log, format 1, found an online store"):
        open_log(str(tmp_path / "store"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        open_store(str(tmp_path / "file"))


def test_a_server_that_may_lose_events_is_refused(redis_server: RedisServer) -> None:
    """Redis must sync its file at every write; who knows better says so."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("appendfsync", "everysec")
        log = RedisLog(redis_server.url, "lossy")
        with pytest.raises(StoreError, match="appendfsync always"):
            log.append([b"x"])
        assert log.last() == 0
        client.config_set("appendfsync", "always")
        assert log.append([b"x"]) == [1]
        log.close()
        client.config_set("appendfsync", "everysec")
        other = RedisLog(redis_server.url, "lossy", check_durable=False)
        assert other.append([b"x"]) == [2]
        other.close()
        client.config_set("appendfsync", "always")


def test_importing_the_store_stays_light() -> None:
    """No frames, no client of a server, no terminal: who uses none of them loads none."""
    program = (
        "import sys, serving_example.store\n"
        "print({'polars', 'pyarrow', 'pandas', 'redis', 'rich', 'torch'} & set(sys.modules))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"
