"""What answers one request of a service, put together whenever a release or a trial comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featurelib_online import buffers
from featurelib_online.live.shadow import ShadowQueue
from featurelib_online.live.status import Current
from featurelib_online.live.trial import Trial
from featurelib_online.outputs import Row
from featurelib_online.row import as_mapping

__all__ = ["Serving"]


class Serving:
    """What answers a request: the stable release, and the trials that are under way.

    Attributes:
        current: The stable release.
        kernel: Its kernel.
        shadow: A shadow that compares with this very release, and its queue.
        canary: A canary that does.
        trials: Whether there is one of them.
    """

    __slots__ = ("canary", "current", "kernel", "shadow", "trials")

    def __init__(
        self, current: Current, shadow: tuple[Trial, ShadowQueue] | None, canary: Trial | None
    ) -> None:
        self.current, self.kernel = current, current.kernel
        self.shadow, self.canary = shadow, canary
        self.trials = shadow is not None or canary is not None

    def tried(self, row: Any, out: Mapping[str, Any] | None) -> Row:
        """The answer to a row, which trials see too."""
        kernel, answer = self.kernel, self.kernel(row)
        request = as_mapping(row)
        if self.shadow is not None and self.shadow[0].takes(request):
            self.shadow[1].offer(request, answer, self.current)
        if self.canary is not None and self.canary.takes(request):
            made = self.canary.candidate_answer(request, answer, self.current)
            if made is not None:
                kernel, answer = made
        if out is not None:
            kernel.put(answer, buffers.of(out, kernel.bundle, 1))
        return answer
