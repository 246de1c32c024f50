"""The shared event log: a Redis stream on a server that syncs its file at every write."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from serving_example.store import redis_scripts
from serving_example.store.errors import StoreError, StoreUnavailable
from serving_example.store.interface import Clock, Entry, Health, wall_clock
from serving_example.store.redis_calls import connected, health_of, told

__all__ = ["RedisLog"]

_POLL_S = 0.05
"""How often a waiting reader asks for what another process appended."""
_TRIMMED = 10_000
"""Events that one call forgets: the server does nothing else meanwhile."""


class RedisLog:
    """An `EventLog` in a Redis server.

    What was appended is durable if the server runs with ``appendonly yes`` and ``appendfsync
    always``; it is asked once, at the first append, and refused if it does not.

    Args:
        url: Where it is.
        prefix: With what its keys begin.
        clock: Tells when an event was appended.
        deadline_s: How long one call may take.
        check_durable: Whether to ask; servers that hide their configuration are then refused too.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "films",
        *,
        clock: Clock = wall_clock,
        deadline_s: float = 0.25,
        check_durable: bool = True,
    ) -> None:
        self._where, self._clock = url.rpartition("@")[2], clock
        self._client = connected(url, deadline_s)
        self._stream, self._last = f"{{{prefix}}}:log", f"{{{prefix}}}:log:last"
        self._append = self._client.register_script(redis_scripts.APPEND)
        self._is_unchecked = check_durable
        self._arrived = threading.Condition()

    def append(self, records: Sequence[bytes]) -> list[int]:
        """See `EventLog.append`.

        Raises:
            StoreUnavailable: No answer in time: the events may be in the log or not. Append them
                again: an event that comes twice counts once.
        """
        if not all(type(record) is bytes for record in records):
            raise TypeError(f"events are appended as bytes, got {records!r}")
        if not records:
            return []
        if self._is_unchecked:
            self._check_durable()
        with told(self._where):
            last = self._append(keys=[self._stream, self._last], args=[self._clock(), *records])
        with self._arrived:
            self._arrived.notify_all()
        return list(range(last - len(records) + 1, last + 1))

    def read(self, after: int, limit: int) -> list[Entry]:
        """See `EventLog.read`."""
        with told(self._where):
            found = self._client.xrange(self._stream, min=f"{after + 1}-0", count=limit)
        return [Entry(int(i.partition(b"-")[0]), int(of[b"t"]), of[b"d"]) for i, of in found]

    def last(self) -> int:
        """See `EventLog.last`."""
        with told(self._where):
            return int(self._client.get(self._last) or 0)

    def wait(self, after: int, timeout_s: float) -> bool:
        """See `EventLog.wait`; an event of this process wakes at once, another one soon."""
        ends = time.monotonic() + timeout_s
        while self.last() <= after:
            left = ends - time.monotonic()
            if left <= 0:
                return False
            with self._arrived:
                self._arrived.wait(min(left, _POLL_S))
        return True

    def trim(self, upto: int) -> int:
        """See `EventLog.trim`."""
        gone = 0
        with told(self._where):
            while first := self._client.xrange(self._stream, count=1):
                end = min(upto + 1, int(first[0][0].partition(b"-")[0]) + _TRIMMED)
                some = self._client.xtrim(self._stream, minid=f"{end}-0", approximate=False)
                gone += some
                if not some or end > upto:
                    break
        return gone

    def health(self) -> Health:
        """See `EventLog.health`."""
        return Health(*health_of(self._client, self._where))

    def close(self) -> None:
        """See `EventLog.close`."""
        self._client.close()

    def _check_durable(self) -> None:
        try:
            with told(self._where):
                found = {
                    name: self._client.config_get(name).get(name)
                    for name in ("appendonly", "appendfsync")
                }
        except StoreUnavailable:
            raise
        except StoreError as error:
            found = {"config": str(error)}
        if found != {"appendonly": "yes", "appendfsync": "always"}:
            raise StoreError(
                f"redis {self._where}: it may lose events that it has taken: {found}",
                hint="run it with `appendonly yes` and `appendfsync always`; where it is known to "
                "be durable and hides that, check_durable=False",
            )
        self._is_unchecked = False
