"""Why a pool gives no answer.

DeviceError
├── RefusedError     the scheduler does not take the job
├── DroppedError     a job that was taken will not run, or nobody wants it any more
└── PoolDownError    the pool stops, or has stopped
"""

from __future__ import annotations

from typing import Literal

from featurelib.errors import DeviceError
from serving_example.scheduler import DropReason, Refusal

__all__ = ["DroppedError", "PoolDownError", "RefusedError"]


class RefusedError(DeviceError):
    """The scheduler does not take the job; nothing is remembered of it.

    Attributes:
        refusal: The reason for machines, and when to come again.
    """

    def __init__(self, model: str, refusal: Refusal) -> None:
        super().__init__(f"model {model}: the work was refused: {refusal.reason}")
        self.refusal = refusal


class DroppedError(DeviceError):
    """A job that was taken has no answer, and no batch of it failed.

    Attributes:
        why: ``expired`` and ``late``: its deadline has passed, or no batch would have met it;
            ``device_lost``: there was no time left for another device; ``model_removed``;
            ``cancelled``: nobody wants it any more.
    """

    def __init__(self, model: str, why: DropReason | Literal["cancelled"]) -> None:
        super().__init__(f"model {model}: the work was dropped: {why}")
        self.why = why


class PoolDownError(DeviceError):
    """The pool takes no more jobs, or was stopped before it could do this one."""
