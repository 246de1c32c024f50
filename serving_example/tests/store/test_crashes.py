"""A process that is killed anywhere loses nothing and counts nothing twice."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parity_tests.soak import amount
from serving_example.store import LmdbLog, OnlineStore, open_log, open_store
from serving_example.tests.store import ratings
from serving_example.tests.store.servers import RedisServer

EVENTS = ratings.some_events(seed=5, n=12, users=1, films=2)
RECORDS = [ratings.as_json(row) for row in EVENTS]
RECORDS[3:3] = [ratings.POISON[1]]
RECORDS[9:9] = [ratings.POISON[7]]
LIMIT = 6
VIEWS = ratings.views(ratings.definition())
STAGE = ratings.FilmStage(VIEWS)
SAMPLED = 32
COUNT = -1


class Children:
    """Processes that are killed where they are told to be."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "serving_example.tests.store.crash_child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(
        self, task: str, kill_at: int = 0, kill_after_s: float = 0, **more: Any
    ) -> tuple[int, int]:
        """Status of a child, and how many lines of the store's code it ran."""
        assert self._process.stdin is not None and self._process.stdout is not None
        told = {
            "task": task, "kill_at": kill_at, "kill_after_s": kill_after_s, "limit": LIMIT, **more,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return said["status"], said["lines"]

    def close(self) -> None:
        """Ends them."""
        self._process.communicate()


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children()
    yield made
    made.close()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with all events."""
    path = tmp_path_factory.mktemp("log")
    made = LmdbLog(path)
    made.append(RECORDS)
    made.close()
    return path


@pytest.fixture(scope="module")
def expected() -> dict[tuple[str, int], bytes]:
    """The payload of each vector after one straight application, without log, store or tailer."""
    made: dict[tuple[str, int], bytes] = {}
    for view in VIEWS.values():
        states: dict[int, Any] = {}
        for row in EVENTS:
            state = states.setdefault(row[view.key], view.stream.new())
            view.stream.apply(state, row)
        made |= {(view.view.name, key): bytes(state) for key, state in states.items()}
    return made


def found(store: OnlineStore) -> dict[tuple[str, int], bytes]:
    """The payloads of all states in a store; each film's derived vector has its state's stamp."""
    made: dict[tuple[str, int], bytes] = {}
    for view in VIEWS.values():
        for key, vector in store.scan(view.view):
            assert vector.payload is not None
            made[view.view.name, key] = vector.payload
            if view.view.name == "film_state":
                derived = store.get(STAGE.view, key)
                assert derived is not None
                assert derived.stamp == vector.stamp
    return made


def places(lines: int, seed: int) -> list[int]:
    """Lines to be killed at: all of them in a soak."""
    every = list(range(1, lines + 1))
    return random.Random(seed).sample(every, amount(SAMPLED, soak=lines))


def test_a_killed_tailer_goes_on_lmdb(
    children: Children, log: Path, expected: dict[tuple[str, int], bytes], tmp_path: Path
) -> None:
    """LMDB: killed at any line, and started again, it gives the states of one straight pass."""
    whole = str(tmp_path / "whole")
    status, lines = children.run("tail", COUNT, log=str(log), store=whole)
    assert status == 0 and lines > 500
    for kill_at in places(lines, seed=1):
        folder = str(tmp_path / "store")
        status, _ = children.run("tail", kill_at, log=str(log), store=folder)
        assert status == -signal.SIGKILL
        assert children.run("tail", log=str(log), store=folder)[0] == 0
        check(open_store(folder), expected, kill_at)
        shutil.rmtree(folder)


def test_a_killed_tailer_goes_on_redis(
    children: Children,
    log: Path,
    expected: dict[tuple[str, int], bytes],
    redis_server: RedisServer,
) -> None:
    """Redis: the same."""
    redis_server.empty()
    status, lines = children.run("tail", COUNT, log=str(log), store=redis_server.url)
    assert status == 0 and lines > 500
    for kill_at in places(lines, seed=2):
        redis_server.empty()
        status, _ = children.run("tail", kill_at, log=str(log), store=redis_server.url)
        assert status == -signal.SIGKILL
        assert children.run("tail", log=str(log), store=redis_server.url)[0] == 0
        check(open_store(redis_server.url, deadline_s=30), expected, kill_at)


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_a_tailer_that_is_killed_again_and_again_comes_to_its_end(
    children: Children,
    kind: str,
    log: Path,
    expected: dict[tuple[str, int], bytes],
    tmp_path: Path,
    redis_server: RedisServer,
) -> None:
    """At any moment, amid a commit too, one start after the other: the states are the same."""
    redis_server.empty()
    where = str(tmp_path / "store") if kind == "lmdb" else redis_server.url
    random_, killed = random.Random(9), 0
    for _ in range(amount(12, soak=400)):
        after = random_.uniform(0.001, 0.05)
        status, _ = children.run("tail", kill_after_s=after, limit=1, log=str(log), store=where)
        assert status in (0, -signal.SIGKILL)
        killed += status != 0
    assert killed
    assert children.run("tail", log=str(log), store=where)[0] == 0
    check(open_store(where, deadline_s=30), expected, "some moment")


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_a_log_that_forgets_what_is_applied_loses_nothing(
    children: Children,
    kind: str,
    expected: dict[tuple[str, int], bytes],
    tmp_path: Path,
    redis_server: RedisServer,
) -> None:
    """Killed at any line of tailing and trimming, and started again: nothing lost, none twice."""

    def fresh(name: object) -> tuple[str, str]:
        """A log with all events, and an empty store."""
        redis_server.empty()
        log, store = str(tmp_path / f"log{name}"), str(tmp_path / f"store{name}")
        if kind == "redis":
            log = store = redis_server.url
        made = open_log(log, deadline_s=30)
        made.append(RECORDS)
        made.close()
        return log, store

    log, store = fresh("whole")
    status, lines = children.run("trim", COUNT, log=log, store=store)
    assert status == 0 and lines > 500
    for kill_at in places(lines, seed=4)[: amount(SAMPLED // 4, soak=lines)]:
        log, store = fresh(kill_at)
        assert children.run("trim", kill_at, log=log, store=store)[0] == -signal.SIGKILL
        assert children.run("trim", log=log, store=store)[0] == 0
        check(open_store(store, deadline_s=30), expected, kill_at)
        left = open_log(log, deadline_s=30)
        offsets = [entry.offset for entry in left.read(0, 99)]
        assert offsets == list(range(offsets[0], len(RECORDS) + 1)) and len(offsets) <= LIMIT + 1
        left.close()


def check(store: OnlineStore, expected: dict[tuple[str, int], bytes], place: object) -> None:
    """The store has exactly what is expected, and knows which events were refused."""
    try:
        assert found(store) == expected, f"killed at {place}"
        assert store.offset() == len(RECORDS)
        refused = {letter.offset: letter.data for letter in store.letters(0, 99)}
        assert {4, 10} <= set(refused)
        assert all(RECORDS[offset - 1] == data for offset, data in refused.items())
    finally:
        store.close()


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_an_acknowledged_event_is_in_the_log(
    children: Children, kind: str, tmp_path: Path, redis_server: RedisServer
) -> None:
    """Killed while it appends: what was acknowledged is there, whole, in order and without gaps."""
    texts = [record.hex() for record in RECORDS[:12]]

    def place(name: str) -> str:
        redis_server.empty()
        return str(tmp_path / name) if kind == "lmdb" else redis_server.url

    more: dict[str, Any] = {"records": texts, "acked": str(tmp_path / "whole.acked")}
    status, lines = children.run("append", COUNT, log=place("whole"), **more)
    assert status == 0 and lines > 50
    for kill_at in places(lines, seed=3)[: amount(SAMPLED // 2, soak=lines)]:
        acked = tmp_path / f"{kill_at}.acked"
        where = place(f"log{kill_at}")
        status, _ = children.run("append", kill_at, log=where, records=texts, acked=str(acked))
        assert status == -signal.SIGKILL
        log = open_log(where, deadline_s=30)
        try:
            entries = log.read(0, 99)
            known = [int(line) for line in acked.read_text().split()] if acked.exists() else []
            assert [entry.offset for entry in entries] == list(range(1, len(entries) + 1))
            assert [entry.data for entry in entries] == RECORDS[: len(entries)]
            assert known == list(range(1, len(known) + 1)) and len(known) <= len(entries)
            assert log.last() == len(entries)
        finally:
            log.close()
