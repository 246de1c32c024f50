"""From a verified release to a kernel that may serve it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featurelib.errors import FeaturelibError, LayoutMismatchError, RegistryAwayError
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.model_inputs import ModelInputs
from featurelib_online.live.child import warm_in_child, warm_release
from featurelib_online.live.golden import first_difference
from featurelib_online.row import RowKernel, compile

if TYPE_CHECKING:
    from featurelib.release import Release
    from featurelib.release.hotfix_models import Link

__all__ = ["Loading", "NotTakenError"]

_NICE = 10
_ASK_AGAIN_S = 1.0
"""Until a registry that does not answer is asked again for an earlier release."""
_HERE = 3
"""Golden rows that are computed again in the process that serves; the child computed all."""


class NotTakenError(Exception):
    """A release is not taken.

    Attributes:
        stage: At what (see `featurelib_online.live.Refused`).
    """

    def __init__(self, stage: str, error: str) -> None:
        super().__init__(error)
        self.stage = stage


@dataclass(frozen=True)
class Loading:
    """How a service takes releases.

    Attributes:
        model_inputs: What the model was trained with that the service serves, if it has one.
        text_limit: The row limit of text, as for `featurelib_online.compile`.
        within_s: Seconds that compiling a release and replaying its golden rows may take.
        in_child: Whether a process of its own does that, so that no request waits for it.
        python: The interpreter of that process.
    """

    model_inputs: ModelInputs | None = None
    text_limit: int = DEFAULT_LIMIT
    within_s: float = 300.0
    in_child: bool = True
    python: str = sys.executable

    def load(
        self,
        release: Release,
        like: RowKernel | None,
        wait: Callable[[float], bool],
        earlier: Callable[[str], Link],
    ) -> RowKernel:
        """The kernel of a release, ready for its first request.

        Args:
            release: The release, verified.
            like: The kernel before it: what that one has made ready, this one has too.
            wait: Waits so many seconds and says whether to stop.
            earlier: Gives the releases before it, for what their hotfixes say of the model.

        Raises:
            NotTakenError: The release may not serve here.
        """
        self._check_model(release, wait, earlier)
        warmed = (
            warm_in_child(
                release,
                text_limit=self.text_limit,
                within_s=self.within_s,
                wait=wait,
                python=self.python,
                nice=0 if like is None else _NICE,  # before the first one nobody waits
            )
            if self.in_child
            else warm_release(release, text_limit=self.text_limit)
        )
        if not warmed.is_ready:
            raise NotTakenError(warmed.outcome, warmed.error)
        try:
            kernel = compile(release.bundle, text_limit=self.text_limit)
            difference = first_difference(kernel, release.golden, most=_HERE)
            _prepare(kernel, like)
        except FeaturelibError as error:
            raise NotTakenError("load", str(error)) from error
        if difference is not None:
            raise NotTakenError("golden", f"in the process that serves: {difference}")
        return kernel

    def _check_model(
        self, release: Release, wait: Callable[[float], bool], earlier: Callable[[str], Link]
    ) -> None:
        """Refuses a release that the model was not trained for, and that no hotfix links to it."""
        from featurelib.release.hotfix_models import Link, check_model

        if self.model_inputs is None:
            return
        until = time.monotonic() + self.within_s
        while True:
            try:
                return check_model(self.model_inputs, Link.of(release), earlier)
            except LayoutMismatchError as error:
                raise NotTakenError("model", str(error)) from error
            except RegistryAwayError as error:
                if wait(_ASK_AGAIN_S) or time.monotonic() > until:
                    raise NotTakenError("time", str(error)) from error


def _prepare(kernel: RowKernel, like: RowKernel | None) -> None:
    """Memory for as many calls at once as the kernel before has served."""
    calls = 1 if like is None else len(like._free)
    for work in [kernel.take() for _ in range(calls)]:
        kernel.give(work)
