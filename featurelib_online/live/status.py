"""What a service serves, and what it did not take: for dashboards, probes and people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featurelib.release import Release
    from featurelib_online.row import RowKernel

__all__ = ["Current", "Refused", "Status"]


@dataclass(frozen=True)
class Current:
    """A release that is served.

    Attributes:
        release: The release, as it was verified.
        kernel: Its kernel.
        number: The record of the channel that pointed to it when it was taken.
        since: When it was taken.
    """

    release: Release
    kernel: RowKernel
    number: int
    since: dt.datetime

    @property
    def version(self) -> str:
        """The version of the set."""
        return self.release.version

    def to_json(self) -> dict[str, Any]:
        """Plain data for a probe."""
        return {
            "version": self.version,
            "fingerprint": self.release.bundle.fingerprint,
            "release": self.release.digest,
            "record": self.number,
            "since": self.since.isoformat(),
        }


@dataclass(frozen=True)
class Refused:
    """What the channel points to, and the service did not take.

    Attributes:
        number: The record of the channel, 0 if it cannot be told.
        version: The version, None if the record or the release cannot be read.
        stage: ``verify`` (the registry refused it), ``model`` (other tensors or values than the
            model's), ``compile``, ``golden``, ``time`` or ``died`` (see
            `featurelib_online.live.warming.Warmed`), ``load`` (in this process).
        error: What was wrong.
        at: When.
    """

    number: int
    version: str | None
    stage: str
    error: str
    at: dt.datetime

    def to_json(self) -> dict[str, Any]:
        """Plain data for a probe."""
        made = {"record": self.number, "version": self.version, "stage": self.stage}
        return {**made, "error": self.error, "at": self.at.isoformat()}


@dataclass(frozen=True)
class Status:
    """How a service stands to its channel.

    Attributes:
        set: The feature set.
        channel: The channel.
        state: ``serving`` (what the channel points to), ``warming`` (a release is being made
            ready), ``refused`` (the channel points to one that was not taken), ``away`` (the
            registry does not answer), ``closed``; ``starting`` before the first release.
        current: What is served, None before the first release.
        refused: What was not taken; stays until another release is taken or the channel goes back.
        away: What the registry said when it did not answer, empty if it does.
        trials: Those that are running, shadows and canaries, by their channel.
    """

    set: str
    channel: str
    state: str
    current: Current | None
    refused: Refused | None
    away: str
    trials: tuple[Any, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data for a probe."""
        return {
            "set": self.set,
            "channel": self.channel,
            "state": self.state,
            "current": self.current.to_json() if self.current else None,
            "refused": self.refused.to_json() if self.refused else None,
            "away": self.away,
            "trials": [trial.to_json() for trial in self.trials],
        }

    def __str__(self) -> str:
        serves = "nothing yet"
        if self.current is not None:
            at = f"record {self.current.number} of {self.channel}"
            serves = f"{self.current.version} ({at}, since {self.current.since:%Y-%m-%d %H:%M:%S})"
        lines = [f"{self.set}: {self.state}, serves {serves}"]
        if self.refused is not None:
            what = self.refused.version or f"record {self.refused.number}"
            lines.append(f"  {what} was not taken ({self.refused.stage}): {self.refused.error}")
        if self.away:
            lines.append(f"  the registry does not answer: {self.away}")
        return "\n".join([*lines, *(f"  {trial}" for trial in self.trials)])
