"""Trimming: a log forgets what every store that is filled from it has applied."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.store.interface import EventLog, OnlineStore

__all__ = ["LEAST", "Trimmer"]

LEAST = 4_096
"""What a service keeps at least: more than a batch of a tailer. A machine that dies may undo the
last one, and the log must have its events still."""


class Trimmer:
    """Trims a log behind its readers.

    Only what is applied everywhere goes, so a process that is killed anywhere, a trimmer too, loses
    nothing; and a reader goes on at its own offset, so nothing is counted twice.

    Args:
        log: The log.
        readers: The stores that tailers fill from it. While one of them does not answer nothing is
            trimmed, because nobody knows how far it is.
        keep: Events that stay although all have applied them.

    Attributes:
        trimmed: Events that it made the log forget.

    Raises:
        ValueError: There is no reader, or `keep` is negative.
    """

    def __init__(self, log: EventLog, readers: Sequence[OnlineStore], *, keep: int) -> None:
        if not readers or keep < 0:
            raise ValueError(f"expected readers and keep >= 0, got {len(readers)}, keep={keep}")
        self._log, self._readers, self._keep = log, tuple(readers), keep
        self.trimmed = 0

    def step(self) -> int:
        """Trims what may go now; gives how many events went.

        Raises:
            StoreUnavailable: The log or a reader does not answer.
        """
        upto = min(reader.offset() for reader in self._readers) - self._keep
        gone = self._log.trim(upto) if upto > 0 else 0
        self.trimmed += gone
        return gone
