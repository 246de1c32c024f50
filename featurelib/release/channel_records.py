"""The records of a channel: what stands in them, and what is believed of them.

A record begins with the digest of its bytes, so a torn one is told from a whole one. It names the
record before it by SHA-256: who changes an old one breaks the chain behind it.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from featurelib import canonical_json, digest_file
from featurelib.canonical_json import UNREADABLE
from featurelib.errors import BundleError, RecordError, RegistryError, ReleaseError
from featurelib.release.registry_names import check_name
from featurelib.release.versions import parse

__all__ = ["Pointer", "Record", "TornRecord", "file_name", "number_of", "read_record", "said"]

FORMAT = 1
_FILE = re.compile(r"([0-9]{6,12})\.json")
_ACTIONS = ("promote", "rollback")
_HEX = re.compile(r"[0-9a-f]{64}")
_MAX_TEXT = 10_000


@dataclass(frozen=True)
class Pointer:
    """A release, by its version and the SHA-256 of its ``release.json``.

    Attributes:
        version: The version of the set.
        release: The digest.
    """

    version: str
    release: str


@dataclass(frozen=True)
class Record:
    """One step of a channel.

    Attributes:
        set: The feature set.
        channel: The channel.
        number: Its number, from 1 on.
        action: ``promote`` or ``rollback``.
        pointer: The release that the channel points to from here on.
        previous: The release that it pointed to before, None for none (or an unreadable record).
        before: SHA-256 of the record before it, None for the first.
        restores: Of a rollback the number of the promotion that counts again, else None.
        by: Who did it, as the caller said.
        at: When, as the caller said.
        why: Why, as the caller said.
    """

    set: str
    channel: str
    number: int
    action: str
    pointer: Pointer
    previous: Pointer | None
    before: str | None
    restores: int | None
    by: str
    at: str
    why: str

    @property
    def counts(self) -> int:
        """The number of the promotion that counts from here on: itself, or what it restores."""
        return self.restores or self.number

    def to_bytes(self) -> bytes:
        """The file's content: canonical JSON that begins with its digest."""
        return digest_file.with_digest({"format": FORMAT, "record": asdict(self)})

    def __str__(self) -> str:
        said = f" ({self.why})" if self.why else ""
        return (
            f"record {self.number} of {self.set}/{self.channel}: {self.action} to "
            f"{self.pointer.version} by {self.by} at {self.at}{said}"
        )


@dataclass(frozen=True)
class TornRecord:
    """A record that cannot be read, in a history.

    Attributes:
        number: Its number.
        error: What is wrong with it.
    """

    number: int
    error: str


def file_name(number: int) -> str:
    """The name of a record's file."""
    return f"{number:06d}.json"


def number_of(name: str) -> int | None:
    """The number of the record in a file of this name, None if it is no record's."""
    found = _FILE.fullmatch(name)
    number = int(found[1]) if found else 0
    return number if number and file_name(number) == name else None


def read_record(data: bytes, set_name: str, channel: str, number: int, where: str) -> Record:
    """The record in a file.

    Args:
        data: The file's bytes.
        set_name: Whose record it must be.
        channel: Of which channel.
        number: Its number.
        where: The file, for errors.

    Raises:
        RecordError: It is torn, altered, of a newer format, or of another place.
    """
    hint = (
        "the channel does not move; promote a version, or roll back with --to: "
        "the next record takes its place"
    )
    try:
        digest_file.check_digest(data, where, "record")
        content = json.loads(data)
        got = content["format"]
        if type(got) is int and got > FORMAT:
            raise RecordError(
                f"{where} has format {got}, this featurelib reads up to {FORMAT}",
                hint="pip install -U featurelib",
            )
        record = _record(content["record"])
        if record.to_bytes() != data:
            raise ValueError("it is not written as featurelib writes it")
    except BundleError:
        raise RecordError(f"{where}: the record is torn or was altered", hint=hint) from None
    except (*UNREADABLE, ReleaseError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{where}: no readable record: {error!r}", hint=hint) from None
    place = (record.set, record.channel, record.number)
    if place != (set_name, channel, number):
        raise RecordError(
            f"{where}: expected record {number} of {set_name}/{channel}, got record {place[2]} of "
            f"{place[0]}/{place[1]}",
            hint=hint,
        )
    return record


def said(text: Any, what: str) -> str:
    """What a caller says of a step.

    Raises:
        RegistryError: It is no text, too long, or cannot be written as UTF-8.
    """
    is_text = isinstance(text, str) and len(text) <= _MAX_TEXT
    if not is_text or text.encode("utf-8", "replace").decode() != text:
        raise RegistryError(f"expected `{what}` as text, got {text!r}", hint="say it in a sentence")
    canonical_json.dumps(text)
    return str(text)


def _record(content: Any) -> Record:
    pointers = {key: _pointer(content[key]) for key in ("pointer", "previous")}
    record = Record(**{**content, **pointers})
    check_name(record.set, "feature set")
    check_name(record.channel, "channel")
    texts = [said(text, what) for what, text in (("by", record.by), ("at", record.at))]
    texts.append(said(record.why, "why"))
    is_good = (
        type(record.number) is int
        and record.number >= 1
        and (record.restores is None or type(record.restores) is int)
        and 1 <= (record.restores or 1) <= record.number
        and record.action in _ACTIONS
        and (record.action == "rollback") == (record.restores is not None)
        and record.pointer is not None
        and (record.before is None or bool(_HEX.fullmatch(record.before)))
    )
    if not is_good:
        raise ValueError("its parts do not fit together")
    return record


def _pointer(content: Any) -> Pointer | None:
    if content is None:
        return None
    pointer = Pointer(**content)
    parse(pointer.version)
    if not _HEX.fullmatch(pointer.release):
        raise ValueError(f"expected a SHA-256, got {pointer.release!r}")
    return pointer
