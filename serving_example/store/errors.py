"""What the store and the log raise.

FeaturelibError
└── StoreError               the online store or the event log cannot be used as asked
    ├── StoreConflictError   another writer was first; read again and write again
    ├── StoreFullError       no room on the disk or in the map
    ├── StoreUnavailable     it does not answer in time; it may a moment later
    ├── VectorError          bytes are no vector, cut off, damaged, or of another schema
    └── LogGapError          events that the store has not applied are not in the log any more
"""

from __future__ import annotations

from featurelib.errors import FeaturelibError

__all__ = [
    "LogGapError",
    "StoreConflictError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailable",
    "VectorError",
]


class StoreError(FeaturelibError):
    """The online store or the event log cannot be used as asked."""


class StoreConflictError(StoreError):
    """What a batch was computed from has changed; nothing of the batch was written."""


class StoreFullError(StoreError):
    """There is no room; nothing of the batch was written."""


class StoreUnavailable(StoreError):
    """No answer in time, or no connection. Of a write nobody knows whether it was done."""


class VectorError(StoreError):
    """Bytes are no vector, were cut off or damaged, or have another schema."""


class LogGapError(StoreError):
    """The log and the store do not fit together: events between them are not there."""
