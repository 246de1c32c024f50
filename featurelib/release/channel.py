"""Channels: numbered records made by exclusive creation, of which the highest is the pointer.

A record is never changed and none is removed, so a channel is its own history. A promotion and a
rollback each add one record: a reader sees the channel before or after it, never between. Of two
writers who read the same highest record one creates the next, and the other is told who did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featurelib.errors import (
    ConflictError,
    RecordError,
    RefusedReleaseError,
    UnknownReleaseError,
)
from featurelib.release.channel_records import (
    Pointer,
    Record,
    TornRecord,
    file_name,
    number_of,
    read_record,
    said,
)
from featurelib.release.locations import require_exclusive
from featurelib.release.release_folder import Release, sha256

if TYPE_CHECKING:
    from featurelib.release.registry import Registry

__all__ = ["Channel"]


class Channel:
    """A channel of a feature set; `featurelib.release.Registry.channel` makes it.

    Attributes:
        set: The feature set.
        name: The channel's name.
    """

    def __init__(self, registry: Registry, set_name: str, name: str) -> None:
        self.set = set_name
        self.name = name
        self._registry = registry
        self._folder = f"channels/{set_name}/{name}"

    def __repr__(self) -> str:
        return f"<channel {self.set}/{self.name} of {self._registry.where}>"

    def last(self) -> int:
        """The number of the highest record, 0 if there is none; the record is not read.

        Raises:
            RegistryAwayError: The location does not answer.
        """
        named = map(number_of, self._registry.location.names(self._folder))
        return max((number for number in named if number), default=0)

    def current(self) -> Record | None:
        """The highest record: what the channel points to. None if it was never promoted to.

        Raises:
            RecordError: The record is torn or was altered. It is not skipped: the one before it
                may be what a rollback left.
            RegistryAwayError: The location does not answer.
        """
        number = self.last()
        return self.read(number) if number else None

    def read(self, number: int) -> Record:
        """A record.

        Raises:
            RecordError: It is torn, altered or not there.
            RegistryAwayError: The location does not answer.
        """
        data, where = self._bytes(number)
        return read_record(data, self.set, self.name, number, where)

    def history(self) -> list[Record | TornRecord]:
        """All records from the first on; those that cannot be read say why.

        Raises:
            RegistryAwayError: The location does not answer.
        """
        found: list[Record | TornRecord] = []
        before: str | None = None
        for number in range(1, self.last() + 1):
            try:
                data, where = self._bytes(number)
                record = read_record(data, self.set, self.name, number, where)
                if record.before != before:
                    raise RecordError(f"{where} follows another record {number - 1}")
                found.append(record)
                before = sha256(data)
            except RecordError as error:
                found.append(TornRecord(number, str(error)))
                before = self._digest(number)
        return found

    def fetch(self) -> Release:
        """The release that the channel points to, verified, and the very one that was promoted.

        Raises:
            UnknownReleaseError: The channel points to none.
            RefusedReleaseError: The release fails its verification.
            RegistryError: The record cannot be read, or the location does not answer.
        """
        record = self.current()
        if record is None:
            raise UnknownReleaseError(
                f"{self._registry.where}: the channel {self.set}/{self.name} points to no release",
                hint=f"featurelib promote {self.set} VERSION --channel {self.name}",
            )
        return self.fetch_of(record)

    def fetch_of(self, record: Record) -> Release:
        """The release of a record; see `fetch`."""
        pointer = record.pointer
        return self._registry.fetch(self.set, pointer.version, digest=pointer.release)

    def promote(
        self, version: str, *, by: str, at: str, why: str = "", after: int | None = None
    ) -> Record:
        """Points the channel to a release, after verifying it.

        Args:
            version: The version.
            by: Who does it.
            at: When, as text; the caller has the clock.
            why: Why.
            after: The number of the record that the caller has seen as the last; it is refused
                if another came since. By default what is the last one now.

        Returns:
            The new record; the last one as it is if it points there already.

        Raises:
            UnknownReleaseError: There is no such release.
            RefusedReleaseError: It fails its verification, or is another one than a record of this
                channel has of that version.
            ConflictError: Another writer was first.
            RegistryError: The registry cannot be written.
        """
        last, current = self._now(after)
        require_exclusive(self._registry.location)
        release = self._registry.fetch(self.set, version)
        pointer = Pointer(version, release.digest)
        if current is not None and current.pointer == pointer:
            return current
        for record in self.history():
            other = record.pointer if isinstance(record, Record) else pointer
            if other.version == version and other != pointer:
                raise RefusedReleaseError(
                    f"{self._registry.where}: release {self.set} {version} has the digest "
                    f"{pointer.release}, record {record.number} of {self.name} promoted it with "
                    f"{other.release}: another one was put in its place",
                    hint="put the release back that was promoted, or release a new version",
                )
        return self._add(last, current, "promote", pointer, None, by, at, why)

    def rollback(
        self, *, by: str, at: str, why: str = "", to: str | None = None, after: int | None = None
    ) -> Record:
        """Points the channel to the release that it had before, which is verified first.

        A second rollback goes one promotion further back, and does not undo the first.

        Args:
            by: Who does it.
            at: When, as text.
            why: Why.
            to: A version that was promoted to this channel; by default the one before the current.
            after: As in `promote`.

        Returns:
            The new record; the last one as it is if it points to version ``to`` already.

        Raises:
            UnknownReleaseError: There is nothing to go back to, or ``to`` was never promoted here.
            RefusedReleaseError: The release to go back to fails its verification.
            ConflictError: Another writer was first.
            RecordError: The last record cannot be read, and ``to`` is not given.
            RegistryError: The registry cannot be written.
        """
        last, current = self._now(after)
        require_exclusive(self._registry.location)
        if to is not None and current is not None and current.pointer.version == to:
            return current
        target = self._target(last, to)
        self.fetch_of(target)
        return self._add(last, current, "rollback", target.pointer, target.number, by, at, why)

    def _target(self, last: int, to: str | None) -> Record:
        """The promotion that a rollback makes count again."""
        if to is not None:
            promoted = [r for r in self.history() if isinstance(r, Record) and not r.restores]
            found = [r for r in promoted if r.pointer.version == to]
            if found:
                return found[-1]
            versions = ", ".join(dict.fromkeys(r.pointer.version for r in promoted)) or "none"
            raise UnknownReleaseError(
                f"{self._registry.where}: {self.set} {to} was never promoted to {self.name}",
                hint=f"promoted were: {versions}; featurelib promote takes any release",
            )
        counts = self.read(last).counts if last else 0
        if counts < 2:
            raise UnknownReleaseError(
                f"{self._registry.where}: {self.set}/{self.name} has nothing to go back to: "
                + (f"record {counts} is its first promotion" if counts else "it has no record"),
                hint=f"featurelib history {self.set} --channel {self.name} shows its records",
            )
        before = self.read(counts - 1)
        return self.read(before.counts)

    def _now(self, after: int | None) -> tuple[int, Record | None]:
        """The number of the last record, and the record if it can be read."""
        last = self.last()
        try:
            current = self.read(last) if last else None
        except RecordError:
            current = None  # a new record takes its place
        if after is not None and after != last:
            raise ConflictError(
                f"{self.set}/{self.name} is at record {last} and no longer at {after}: "
                f"{current or 'a record that cannot be read'}",
                hint="look at what came since, then ask again",
            )
        return last, current

    def _add(
        self,
        last: int,
        current: Record | None,
        action: str,
        pointer: Pointer,
        restores: int | None,
        by: str,
        at: str,
        why: str,
    ) -> Record:
        record = Record(
            self.set,
            self.name,
            last + 1,
            action,
            pointer,
            current.pointer if current else None,
            self._digest(last),
            restores,
            said(by, "by"),
            said(at, "at"),
            said(why, "why"),
        )
        path = f"{self._folder}/{file_name(record.number)}"
        try:
            self._registry.location.create(path, record.to_bytes())
        except FileExistsError:
            try:
                won = str(self.read(record.number))
            except RecordError as error:
                won = str(error)
            raise ConflictError(
                f"{self._registry.where}: another writer was first, and nothing of yours was "
                f"written: {won}",
                hint="look at what is there now, then ask again if you still want it: "
                f"featurelib history {self.set} --channel {self.name}",
            ) from None
        return record

    def _bytes(self, number: int) -> tuple[bytes, str]:
        path = f"{self._folder}/{file_name(number)}"
        where = f"{self._registry.where}/{path}"
        try:
            return self._registry.location.read(path), where
        except FileNotFoundError:
            raise RecordError(
                f"{where} is not there: records are never removed",
                hint="put it back from a copy of the registry; the channel goes by the last one",
            ) from None

    def _digest(self, number: int) -> str | None:
        """SHA-256 of a record's bytes, whatever they are; None if there is none."""
        try:
            return sha256(self._bytes(number)[0]) if number else None
        except RecordError:
            return None
