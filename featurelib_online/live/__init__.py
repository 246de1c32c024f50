"""Serving that follows a channel: new releases are taken between two requests, bad ones are not."""

from featurelib_online.live.kernel import LiveKernel, follow
from featurelib_online.live.status import Current, Refused, Status

__all__ = ["Current", "LiveKernel", "Refused", "Status", "follow"]
