"""Answers that are kept: how long, and how many bytes of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from featurelib_client.wire import Clock, Reply

__all__ = ["Kept", "ResultCache", "lifetimes"]

_OVERHEAD = 1_000
"""Bytes of an entry beside its body: key, headers, the objects around them."""
_REMEMBERED = 10_000
"""Users of whom it is known when they were dropped; beyond, it counts for all."""
_NUMBERS = ("max-age", "stale-while-revalidate", "stale-if-error")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer of before.

    Attributes:
        reply: As it came.
        at: When.
        fresh_until: Until then it is the answer.
        stale_until: Until then it is the answer, while a newer one is fetched.
        error_until: Until then it is the answer if there is no other.
        user_id: Whose it is.
    """

    reply: Reply
    at: float
    fresh_until: float
    stale_until: float
    error_until: float
    user_id: int

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.reply.body) + _OVERHEAD


def lifetimes(reply: Reply) -> tuple[float, float, float] | None:
    """Seconds for which an answer is fresh, and then stale, and then better than an error.

    None: it says nothing of that, or that it is not to be kept. The time that it spent in caches
    before this one (the header Age) is taken off.
    """
    told: dict[str, float] = {}
    for part in reply.headers.get(b"cache-control", b"").decode("latin-1").lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in ("no-store", "no-cache"):
            return None
        value = value.strip('"')
        if name in _NUMBERS and value.isascii() and value.isdigit():
            told[name] = float(value[:9])
    if "max-age" not in told:
        return None
    age = reply.headers.get(b"age", b"0")
    spent = float(age[:9]) if age.isdigit() else 0.0
    fresh, stale, error = (told.get(name, 0.0) for name in _NUMBERS)
    return fresh - spent, fresh + stale - spent, fresh + error - spent


class ResultCache:
    """The last used answers, in so many bytes; shared by threads.

    Args:
        max_bytes: Of bodies, and a thousand for what is around each.
        clock: Monotonic seconds.
    """

    def __init__(self, max_bytes: int, clock: Clock) -> None:
        self._max_bytes, self._clock = max_bytes, clock
        self._kept: OrderedDict[Any, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._drops, self._least = 0, 0
        self._dropped: dict[int, int] = {}
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def look(self, key: Any) -> Kept | None:
        """What is kept under a key and is still good for something."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            now = self._clock()
            if now >= max(kept.fresh_until, kept.stale_until, kept.error_until):
                self._remove(key)
                return None
            self._kept.move_to_end(key)
            return kept

    def now(self) -> int:
        """The number of times that something was dropped; for `put`."""
        return self._drops

    def put(self, key: Any, reply: Reply, user_id: int, since: int) -> None:
        """Keeps an answer, if it says that it may be kept and is not too large.

        Args:
            key: What it answers.
            reply: The answer.
            user_id: Whose it is.
            since: `now` before it was asked for: the user must not have been dropped after that.
        """
        seconds = lifetimes(reply)
        if seconds is None or max(seconds) <= 0:
            return
        at = self._clock()
        fresh, stale, error = (at + s for s in seconds)
        kept = Kept(reply, at, fresh, stale, error, user_id)
        if kept.size > self._max_bytes:
            return
        with self._lock:
            if since < max(self._least, self._dropped.get(user_id, 0)):
                return
            if key in self._kept:
                self._remove(key)
            self._kept[key] = kept
            self.used_bytes += kept.size
            while self.used_bytes > self._max_bytes:
                self._remove(next(iter(self._kept)))

    def drop(self, users: set[int]) -> None:
        """Forgets the answers of users, those under way too: something of them has changed."""
        with self._lock:
            self._drops += 1
            if len(self._dropped) > _REMEMBERED:
                self._dropped, self._least = {}, self._drops
            self._dropped.update(dict.fromkeys(users, self._drops))
            for key in [key for key, kept in self._kept.items() if kept.user_id in users]:
                self._remove(key)

    def _remove(self, key: Any) -> None:
        self.used_bytes -= self._kept.pop(key).size
