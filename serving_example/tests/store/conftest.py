"""What the tests of the store share: a server, and both stores and logs by one name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serving_example.store import EventLog, LmdbLog, LmdbStore, OnlineStore
from serving_example.store.redis_log import RedisLog
from serving_example.store.redis_store import RedisStore
from serving_example.tests.store.place import Place
from serving_example.tests.store.servers import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["lmdb", "redis"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer
) -> Iterator[Callable[..., OnlineStore]]:
    """Opens the store, of either kind; called again it opens it anew."""
    made: list[OnlineStore] = []
    redis_server.empty()

    def make(**more: object) -> OnlineStore:
        while made:
            made.pop().close()
        made.append(
            LmdbStore(tmp_path / "store", **more)  # type: ignore[arg-type]
            if request.param == "lmdb"
            else RedisStore(redis_server.url, deadline_s=30, **more)  # type: ignore[arg-type]
        )
        return made[0]

    yield make
    while made:
        made.pop().close()


@pytest.fixture(params=["lmdb", "redis"])
def make_log(
    request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer
) -> Iterator[Callable[..., EventLog]]:
    """Opens the log, of either kind; called again it opens it anew."""
    made: list[EventLog] = []
    redis_server.empty()

    def make(**more: object) -> EventLog:
        while made:
            made.pop().close()
        made.append(
            LmdbLog(tmp_path / "log", **more)  # type: ignore[arg-type]
            if request.param == "lmdb"
            else RedisLog(redis_server.url, deadline_s=30, **more)  # type: ignore[arg-type]
        )
        return made[0]

    yield make
    while made:
        made.pop().close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.log.close()
    made.store.close()
