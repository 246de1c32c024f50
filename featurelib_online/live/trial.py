"""Trials: a candidate release beside the stable one, on the requests of a service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.errors import DefinitionError, FeaturelibError
from featurelib_online.entities import EntityShare
from featurelib_online.live.comparison import Comparison, Halt, Sample
from featurelib_online.live.follower import Follower, now
from featurelib_online.live.status import Current, Status
from featurelib_online.outputs import Row
from featurelib_online.row import RowKernel

__all__ = ["Trial", "TrialStatus"]

_LOGGER = logging.getLogger("featurelib.live")


@dataclass(frozen=True)
class TrialStatus:
    """How a trial stands.

    Attributes:
        kind: ``shadow`` or ``canary``.
        channel: The channel of the candidate.
        state: ``comparing``; ``halted``; ``idle`` (the candidate is the stable release, or there is
            no entity to choose by); else that of `following` while there is no candidate.
        following: How it stands to its channel.
        halt: Why it stopped, if it did.
        compared: Requests of which both answers were compared.
        moved: Values that moved, by feature.
        samples: The first of each feature.
        dropped: Requests of a shadow that were not compared, because the queue was full.
    """

    kind: str
    channel: str
    state: str
    following: Status
    halt: Halt | None
    compared: int
    moved: Mapping[str, int]
    samples: Mapping[str, list[Sample]]
    dropped: int

    def to_json(self) -> dict[str, Any]:
        """Plain data for a probe."""
        return {
            "kind": self.kind,
            "channel": self.channel,
            "state": self.state,
            "following": self.following.to_json(),
            "halt": self.halt.to_json() if self.halt else None,
            "compared": self.compared,
            "moved": dict(self.moved),
            "samples": {n: [s.to_json() for s in kept] for n, kept in self.samples.items()},
            "dropped": self.dropped,
        }

    def __str__(self) -> str:
        candidate = self.following.current
        what = candidate.version if candidate else "no release"
        head = f"{self.kind} of {what} ({self.channel}): {self.state}"
        moved = ", ".join(f"{name} {n:,}" for name, n in sorted(self.moved.items())) or "none"
        lines = [f"{head}; {self.compared:,} requests compared, values moved: {moved}"]
        if self.halt is not None:
            lines.append(f"  {self.halt.why}")
        if self.following.refused is not None:
            lines.append(f"  not taken: {self.following.refused.error}")
        return "\n  ".join(lines)


class Trial:
    """A candidate that follows a channel of its own. Made by `LiveKernel.shadow` and `.canary`.

    It halts by itself when a value moves that the candidate's hotfix did not declare, when the
    candidate lacks a feature, or does not answer what the stable release answers. It begins again
    with the next candidate; one that halted it is not tried again by this trial.

    Args:
        kind: ``shadow`` or ``canary``.
        share: Part of the entities.
        entity: The input that names the entity.
        seed: Of the hash that chooses entities.
        halts: Whether it halts; else it only counts.
        changed: Called when there is another candidate.
        ended: Called when the trial is over.
    """

    def __init__(
        self,
        kind: str,
        share: float,
        entity: str | None,
        seed: int,
        *,
        halts: bool,
        changed: Callable[[], None],
        ended: Callable[[Trial], None],
    ) -> None:
        self.kind = kind
        self.dropped = 0
        self.comparison: Comparison | None = None
        self._choice = (entity, share, seed)
        self._halts = halts
        self._share: EntityShare | None = None
        self._is_paired = False
        self._changed, self._ended = changed, ended
        self._candidate: Current | None = None
        self._halted: dict[str, Halt] = {}
        self.follower: Follower

    def take(self, candidate: Current) -> None:
        """Takes a candidate; called by the follower."""
        self._candidate = candidate
        self._changed()

    def pair(self, stable: Current) -> bool:
        """Compares with this stable release from now on; whether there is anything to compare."""
        candidate, comparison = self._candidate, self.comparison
        self._is_paired = False
        try:
            self._share = EntityShare(stable.release.bundle, *self._choice)
        except DefinitionError as error:  # a release is taken, whatever becomes of trials
            _LOGGER.error("%s: no entity to choose by: %s", self.kind, error)
            return False
        if candidate is None or candidate.release.digest == stable.release.digest:
            return False
        if (
            comparison is None
            or comparison.stable is not stable
            or comparison.candidate is not candidate
        ):
            comparison = Comparison(stable, candidate)
            comparison.prepare()
            if comparison.missing and self._halts:
                self._halt(candidate, f"it has no feature `{comparison.missing[0]}`", None)
            self.comparison = comparison
        self._is_paired = candidate.release.digest not in self._halted
        return self._is_paired

    def takes(self, request: Mapping[str, Any]) -> bool:
        """Whether a request is one of the share."""
        return self._share is not None and self._share.takes(request)

    def candidate_answer(
        self, request: Mapping[str, Any], stable: Row, by: Current
    ) -> tuple[RowKernel, Row] | None:
        """The candidate's answer, after comparing it; None where it may not be given.

        Args:
            request: The request.
            stable: The answer of the stable release.
            by: The stable release that gave it; an answer of one before is not compared.
        """
        comparison = self.comparison
        if comparison is None or comparison.stable is not by:
            return None
        candidate = comparison.candidate
        if candidate.release.digest in self._halted:
            return None
        try:
            row = candidate.kernel(request)
            sample = comparison.undeclared(request, stable, row)
        except Exception as error:  # whatever it is, the stable release has answered
            what = f"{error}" if isinstance(error, FeaturelibError) else repr(error)
            self._halt(candidate, f"it does not answer what {comparison.stable.version} answers: "
                       f"{what}", None)  # fmt: skip
            return None
        if sample is not None and self._halts:
            self._halt(
                candidate,
                f"feature `{sample.feature}` moved and no hotfix from {comparison.stable.version} "
                f"declares it there: {sample.stable!r}, now {sample.candidate!r}, of "
                f"{sample.request}",
                sample,
            )
            return None
        return candidate.kernel, row

    def status(self) -> TrialStatus:
        """How it stands."""
        following, comparison, candidate = self.follower.status(), self.comparison, self._candidate
        halt = self._halted.get(candidate.release.digest) if candidate else None
        state = following.state
        if halt is not None:
            state = "halted"
        elif state == "serving":
            state = "comparing" if self._is_paired else "idle"
        return TrialStatus(
            self.kind,
            self.follower.channel,
            state,
            following,
            halt,
            comparison.compared if comparison else 0,
            dict(comparison.moved) if comparison else {},
            {n: list(kept) for n, kept in comparison.samples.items()} if comparison else {},
            self.dropped,
        )

    def close(self) -> None:
        """Ends the trial: the stable release answers everything. A second call does nothing."""
        self._candidate = None
        self.follower.close()
        self._ended(self)

    def _halt(self, candidate: Current, why: str, sample: Sample | None) -> None:
        if candidate.release.digest in self._halted:
            return
        halt = Halt(f"{candidate.version}: {why}", sample, now())
        self._halted.setdefault(candidate.release.digest, halt)
        _LOGGER.error("%s of %s halted: %s", self.kind, self.follower.channel, halt.why)
