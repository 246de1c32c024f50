"""Calls to a Redis server: each has a deadline, and its errors are ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from serving_example.store.errors import StoreError, StoreFullError, StoreUnavailable

__all__ = ["connected", "health_of", "told"]


def connected(url: str, deadline_s: float) -> Any:
    """A client of the server at an address (``redis://host:port/0``, ``unix:///path``).

    A call that gets no answer within the deadline is given up, and is never sent twice: of a write
    nobody would know how often it was done.
    """
    return redis.Redis.from_url(
        url, socket_timeout=deadline_s, socket_connect_timeout=deadline_s,
        retry=Retry(NoBackoff(), 0), decode_responses=False,
    )  # fmt: skip


@contextlib.contextmanager
def told(where: str) -> Iterator[None]:
    """Redis' errors as ours."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise StoreUnavailable(
            f"{where}: {error or type(error).__name__}",
            hint="answers go on with what was last seen; it is asked again in the background",
        ) from error
    except redis.exceptions.OutOfMemoryError as error:
        raise StoreFullError(
            f"{where}: {error}; nothing was written",
            hint="give the server more maxmemory, or sweep views and trim the log",
        ) from error
    except redis.RedisError as error:
        # It says so while it loads its file, and while a master is being replaced.
        if str(error).startswith(("LOADING", "READONLY", "MASTERDOWN", "BUSY", "CLUSTERDOWN")):
            raise StoreUnavailable(f"{where}: {error}") from error
        raise StoreError(f"{where}: {error}") from error


def health_of(client: Any, where: str) -> tuple[bool, str]:
    """Whether the server answers, and what it says about itself."""
    try:
        with told(where):
            about = client.info("server")
    except StoreError as error:
        return False, str(error)
    return True, f"{where}: version {about['redis_version']}"
