"""What is wrong with how a scheduler is set up or asked.

FeaturelibError
└── SchedulerError    a device, model, policy or work is declared wrongly, or not known
"""

from __future__ import annotations

from featurelib.errors import FeaturelibError

__all__ = ["SchedulerError"]


class SchedulerError(FeaturelibError):
    """A device, model, policy or work is declared wrongly, or not known.

    It says that the caller is wrong, never that a request comes at a bad time: that is a
    `Refusal`, which is an answer.
    """
