"""Following a channel: what a service asks again and again, and is told once.

Nothing that a registry does stops a follower. A location that is away is asked again, more and more
rarely; a release or a record that is refused is reported, and the service goes on with what it has.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from featurelib.errors import RecordError, RegistryAwayError, ReleaseError
from featurelib.release.channel import Channel
from featurelib.release.channel_records import Record
from featurelib.release.registry import Registry
from featurelib.release.release_folder import Release

__all__ = ["Arrival", "Away", "Back", "News", "Refusal", "follow"]

_MAX_DOUBLINGS = 16


@dataclass(frozen=True)
class Arrival:
    """The channel points to another release than before, and it is verified.

    Attributes:
        record: The step of the channel.
        release: The release.
    """

    record: Record
    release: Release


@dataclass(frozen=True)
class Refusal:
    """What the channel points to now is not to be used; what a service has stays.

    Attributes:
        number: The number of the record, 0 if the channel has none any more.
        error: Why.
    """

    number: int
    error: ReleaseError


@dataclass(frozen=True)
class Away:
    """The registry does not answer.

    Attributes:
        error: What it said.
        tries: How many times in a row it has not answered.
        wait_s: Seconds until it is asked again.
    """

    error: RegistryAwayError
    tries: int
    wait_s: float


@dataclass(frozen=True)
class Back:
    """After a refusal, or a registry that was away: the channel points to what had arrived.

    Attributes:
        record: The step of the channel, None if nothing has arrived yet.
    """

    record: Record | None


News = Arrival | Refusal | Away | Back


def follow(
    registry: Registry,
    set_name: str,
    channel: str,
    *,
    wait: Callable[[float], bool],
    seed: int,
    every_s: float = 5.0,
    at_most_s: float = 60.0,
) -> Iterator[News]:
    """Yields what is new of a channel, for as long as nobody stops it.

    The channel is asked at once, then every ``every_s`` seconds, a little more or less (up to a
    tenth) so that services do not ask in step. While the registry is away the time doubles, up to
    ``at_most_s``. A refusal is told when it is new (or the registry was away since); what is
    refused is looked at again each time, so that a release which was put back arrives. `Back` is
    told when a trouble is over. A record that is another than it was, or has a
    lower number than one that was seen, is refused: records are never changed or removed.

    Args:
        registry: The registry, with the public keys of the service.
        set_name: The feature set.
        channel: The channel.
        wait: Waits so many seconds and says whether to stop: the ``wait`` of a `threading.Event`.
        seed: Of the little more or less; another for each service.
        every_s: Seconds between two looks, above 0.
        at_most_s: Seconds between two looks at a registry that is away, at the most.

    Raises:
        RegistryError: A name cannot be that of a folder. Nothing is raised later.
        ValueError: A time is not above 0.
    """
    if not 0 < every_s <= at_most_s:
        raise ValueError(f"expected 0 < every_s <= at_most_s, got {every_s} and {at_most_s}")
    return _Follower(registry.channel(set_name, channel), wait, seed, every_s, at_most_s).news()


class _Follower:
    def __init__(
        self,
        channel: Channel,
        wait: Callable[[float], bool],
        seed: int,
        every_s: float,
        at_most_s: float,
    ) -> None:
        self._channel = channel
        self._wait = wait
        self._random = random.Random(seed)
        self._every_s, self._at_most_s = every_s, at_most_s
        self._highest = 0
        self._taken: Record | None = None
        self._told = ""

    def news(self) -> Iterator[News]:
        tries, is_troubled = 0, False
        while True:
            found: News | None
            wait_s = self._every_s * (0.9 + 0.2 * self._random.random())
            try:
                found = self._look()
                tries = 0
            except RegistryAwayError as error:
                tries += 1
                wait_s = min(wait_s * 2.0 ** min(tries - 1, _MAX_DOUBLINGS), self._at_most_s)
                found, self._told = Away(error, tries, wait_s), ""
            if found is not None:
                yield found
                is_troubled = not isinstance(found, Arrival)
            elif is_troubled and not self._told:
                yield Back(self._taken)
                is_troubled = False
            if self._wait(wait_s):
                return

    def _look(self) -> Arrival | Refusal | None:
        number = 0
        try:
            number = self._channel.last()
            if number < self._highest:
                raise RecordError(
                    f"{self._channel!r} is at record {number}, after record {self._highest} was "
                    "seen: records were removed",
                    hint="put them back, or promote anew until the numbers are higher",
                )
            self._highest = number
            if not number:
                return None
            record, taken = self._channel.read(number), self._taken
            if taken is not None and taken.number == number and taken != record:
                raise RecordError(
                    f"{self._channel!r}: {record}, but it was seen as {taken}: it was changed",
                    hint="put it back; promote and rollback add records and change none",
                )
            if taken is not None and taken.pointer == record.pointer:
                self._taken, self._told = record, ""
                return None  # nothing came, or a way back to where we are
            release = self._channel.fetch_of(record)
        except RegistryAwayError:
            raise
        except ReleaseError as error:
            is_new, self._told = str(error) != self._told, str(error)
            return Refusal(number, error) if is_new else None
        self._taken, self._told = record, ""
        return Arrival(record, release)
