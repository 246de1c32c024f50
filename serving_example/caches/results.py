"""Predictions that were made before: answered again while they are as good as new ones.

Lives on one thread, the event loop's; `bump` alone may be called by any. Nothing in it waits: work
is begun by calling it, and tells its result by a callback.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from serving_example.caches.bounded import Bounded
from serving_example.caches.breakeven import BreakEven
from serving_example.caches.epochs import Epochs
from serving_example.caches.flights import Cancel, Flights, Waits
from serving_example.caches.interface import Counts, Seconds

__all__ = ["Audit", "Kept", "Made", "Policy", "ResultCache", "Work"]

log = logging.getLogger("serving_example.caches")
Value = TypeVar("Value")
_ENTRY_BYTES: Final = 400
"""What Python's objects take for an entry beside its value and its key, about."""
_PAUSE_S: Final = 1.0
"""Between two tries to renew one entry: work that fails at once must not cost each hit."""


class Made(msgspec.Struct, Generic[Value], frozen=True, gc=False):
    """What work has made.

    Attributes:
        value: The answer; nobody changes it.
        size: Its bytes.
        is_keepable: False of a degraded answer: it is given to those who wait, and not kept.
        fresh_for_s: In how many seconds the first of the features that it was made of expires.
    """

    value: Value
    size: int
    is_keepable: bool = True
    fresh_for_s: float = math.inf


class Kept(msgspec.Struct, Generic[Value], gc=False, eq=False):
    """An entry.

    It holds nothing that holds it, so no garbage collection looks at it: with fifty thousand of
    them each full one would stop the process for some 10 ms.

    Attributes:
        value: The answer.
        made_at: When its making began, by the cache's clock: what it was made of is not younger.
        age_s: How old it was when it was looked at last.
        is_due: Whether who looked at it last is to have it made anew.
    """

    value: Value
    made_at: float
    _took_s: float
    _epoch: int
    _hard_until: float
    _renew_at: float
    _early_at: float
    age_s: float = 0.0
    is_due: bool = False


Work = Callable[[float, Callable[[Made[Value] | Exception], None]], Cancel]
"""Makes an answer until a deadline: see `flights.Work`."""
Audit = Callable[[Value, Callable[[bool | None], None]], None]
"""Makes an answer again and tells whether its bits are the same; None: it cannot be compared."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How answers are kept.

    Attributes:
        max_bytes: All entries together.
        soft_s: After so long an answer is renewed, and served meanwhile.
        hard_s: After so long it is not served.
        early: Beta of XFetch: 1 renews an entry before its soft TTL about as early as its making
            takes, so that those who ask for it never wait at once; 0 never early.
        renew_within_s: The deadline of work that nobody waits for.
        audit_share: Of the hits so many are made again and compared.
    """

    max_bytes: int = 64 << 20
    soft_s: float = 10.0
    hard_s: float = 30.0
    early: float = 1.0
    renew_within_s: float = 1.0
    audit_share: float = 0.001

    def __post_init__(self) -> None:
        if not (0 < self.soft_s <= self.hard_s and self.early >= 0 <= self.audit_share <= 1):
            raise ValueError(
                f"expected 0 < soft_s <= hard_s, early >= 0 and 0 <= audit_share <= 1, got {self}"
            )


class ResultCache(Generic[Value]):
    """Answers by the canonical bytes of what was asked. See `keys`.

    An answer is served until its hard TTL, but never after the first of its features expired, and
    never after its entity changed (`bump`). Equal work is done once for all who wait. Errors are
    told and not kept; of degraded answers nothing is kept either.

    Args:
        clock: Monotonic seconds.
        policy: How answers are kept.
        audit: Makes an answer again; None: no audits.
        draw: Uniform numbers from 0 to 1.
        break_even: Looks only while hits pay; None: always.
        epochs: Counters of entities.

    Attributes:
        name: ``results``.
        counts: What has happened.
        epochs: Counters of entities.
        is_choosy: Whether `looks` may say no.
    """

    name = "results"

    def __init__(
        self,
        *,
        clock: Seconds,
        policy: Policy | None = None,
        audit: Audit[Value] | None = None,
        draw: Callable[[], float] = random.random,
        break_even: BreakEven | None = None,
        epochs: Epochs | None = None,
    ) -> None:
        self._policy, self._clock, self._draw = policy or Policy(), clock, draw
        self._audit, self._break_even = audit, break_even
        self.is_choosy = break_even is not None
        self.counts, self.epochs = Counts(), epochs or Epochs()
        self._entries: Bounded[bytes, Kept[Value]] = Bounded(
            self._policy.max_bytes, self.counts, lambda kept: kept._hard_until <= self._clock()
        )
        self._flights: Flights[Made[Value]] = Flights(clock, self.counts, self._keep)
        share = self._policy.audit_share if audit else 0.0
        self._audit_every = round(1 / share) if share else 0
        self._audit_in = self._audit_every

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held_bytes(self) -> int:
        """What entries and keys take, about."""
        return self._entries.size

    @property
    def in_flight(self) -> int:
        """Work that is under way."""
        return len(self._flights)

    def looks(self) -> bool:
        """Whether a request is to make its key and ask; False while hits do not pay for it."""
        if self._break_even is None or self._break_even.looks():
            return True
        self.counts.bypassed += 1
        return False

    def look(self, key: bytes, entity: int) -> Kept[Value] | None:
        """An answer that is kept, which is a hit; None is a miss, that `make` is for.

        Args:
            key: What is asked, and of whom: `keys`.
            entity: Whose change makes the answer invalid.
        """
        now, counts = self._clock(), self.counts
        kept = self._entries.get(key)
        if kept is not None:
            if kept._epoch != self.epochs.of(entity):
                counts.invalidated += 1
                self._entries.drop(key)
                kept = None
            elif not kept.made_at <= now < kept._hard_until:
                counts.expired += 1
                self._entries.drop(key)
                kept = None
        if self._break_even is not None:
            self._break_even.saw(kept is not None)
        if kept is None:
            counts.misses += 1
            return None
        kept.age_s = age_s = now - kept.made_at
        counts.hit(age_s)
        kept.is_due = now >= kept._early_at and self._is_due(kept, now)
        if self._audit_every:
            self._audit_in -= 1
            if self._audit_in <= 0:
                self._audit_in = self._audit_every
                self._check(key, kept)
        return kept

    def make(self, key: bytes, entity: int, work: Work[Value], waiter: Waits[Made[Value]]) -> None:
        """Has an answer made, once for all who wait for it, and keeps it.

        Args:
            key: As `look` was asked.
            entity: The same.
            work: Makes the answer.
            waiter: Told of it, perhaps before this returns.
        """
        epoch = self.epochs.of(entity)  # before anything is read for the answer
        self._flights.wait((key, entity, epoch), work, waiter)

    def is_making(self, key: bytes, entity: int) -> bool:
        """Whether an answer is on its way that `make` would wait for."""
        return (key, entity, self.epochs.of(entity)) in self._flights

    def renew(self, key: bytes, entity: int, work: Work[Value]) -> None:
        """Begins an answer anew, for nobody yet: `look` said that the one which is kept is due."""
        epoch, until = self.epochs.of(entity), self._clock() + self._policy.renew_within_s
        if self._flights.renew((key, entity, epoch), work, until):
            self.counts.renewals += 1

    def peek(self, key: bytes) -> Value | None:
        """What is kept under a key, if its TTL has not passed; of its entity nothing is known."""
        kept = self._entries.peek(key)
        if kept is None or not kept.made_at <= self._clock() < kept._hard_until:
            return None
        return kept.value

    def bump(self, entity: int) -> None:
        """An entity has changed: no answer that was begun before is served. From any thread."""
        self.epochs.bump(entity)

    def clear(self) -> None:
        """Forgets all answers, those on their way too."""
        self.epochs.bump_all()
        self._entries.clear()

    def _is_due(self, kept: Kept[Value], now: float) -> bool:
        """Whether to begin an answer anew: surely after the soft TTL, before it by XFetch's chance.

        A. Vattani, F. Chierichetti, K. Lowenstein: Optimal Probabilistic Cache Stampede Prevention,
        VLDB 2015: so long before the TTL as the work takes, times an exponential draw.
        """
        left = kept._renew_at - now
        if left > 0:
            scale = self._policy.early * kept._took_s
            if scale == 0 or self._draw() >= math.exp(-left / scale):
                return False
        else:
            self.counts.stale += 1
        kept._renew_at = kept._early_at = max(now + _PAUSE_S, kept._renew_at)
        return True

    def _keep(self, ticket: tuple[bytes, int, int], began: float, made: Made[Value]) -> None:
        """Keeps what was made, unless it may not be kept or its entity has changed meanwhile."""
        key, entity, epoch = ticket
        now, policy = self._clock(), self._policy
        until, renew_at = min(began + policy.hard_s, now + made.fresh_for_s), began + policy.soft_s
        if not made.is_keepable or until <= now or self.epochs.of(entity) != epoch:
            self.counts.uncacheable += 1
            return
        took_s = now - began
        # 20 times the scale before it XFetch's chance is 2e-9: until then nothing is drawn.
        early_at = renew_at - 20 * policy.early * took_s
        kept = Kept(made.value, began, took_s, epoch, until, renew_at, early_at)
        self._entries.put(key, kept, made.size + len(key) + _ENTRY_BYTES)

    def _check(self, key: bytes, kept: Kept[Value]) -> None:
        """Has an answer made again, and drops it if the bits differ."""

        def told(is_equal: bool | None) -> None:
            if is_equal is None:
                return
            self.counts.audits += 1
            if not is_equal:
                self.counts.mismatches += 1
                log.error("an answer under key %s has other bits than when it is made", key.hex())
                if self._entries.peek(key) is kept:
                    self._entries.drop(key)

        assert self._audit is not None  # `_audit_every` is 0 without it
        self._audit(kept.value, told)
