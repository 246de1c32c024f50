"""Serving that follows a channel: new releases are taken between two requests, bad ones are not."""

from featurelib_online.live.following import follow
from featurelib_online.live.kernel import LiveKernel
from featurelib_online.live.status import Current, Refused, Status
from featurelib_online.live.trial import Trial, TrialStatus

__all__ = ["Current", "LiveKernel", "Refused", "Status", "Trial", "TrialStatus", "follow"]
