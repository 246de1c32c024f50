"""Starting to follow a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.model_inputs import ModelInputs
from featurelib_online.live.kernel import LiveKernel
from featurelib_online.live.loading import Loading

if TYPE_CHECKING:
    from featurelib.release import Registry

__all__ = ["follow"]


def follow(
    registry: Registry,
    set_name: str,
    *,
    channel: str = "stable",
    every_s: float = 5.0,
    model_inputs: ModelInputs | None = None,
    first_within_s: float = 600.0,
    warm_within_s: float = 300.0,
    text_limit: int = DEFAULT_LIMIT,
    in_child: bool = True,
    python: str | None = None,
) -> LiveKernel:
    """Follows a channel, and serves the release that it points to.

    It returns when the first release serves. From then on nothing that the registry does stops the
    service: a release that does not verify, compile, or give its own golden rows is not taken, the
    one before goes on, and `LiveKernel.status` says why.

    Call it in each process of a service, after the fork. The thread that follows never keeps a
    process alive.

    Args:
        registry: The registry: ``Registry("s3://...", public_keys=["release.pub"])``.
        set_name: The feature set.
        channel: The channel.
        every_s: Seconds between two looks at the channel.
        model_inputs: What the model was trained with. A release with other tensors or other values
            in them is not taken, but for a hotfix whose declaration accepts the model.
        first_within_s: Seconds that the first release may take.
        warm_within_s: Seconds that compiling and replaying a release may take.
        text_limit: The row limit of text, as for `featurelib_online.compile`.
        in_child: Whether releases are compiled and replayed in a process of their own. Without it
            requests wait for the compiler: for tests, and where no process may be started.
        python: The interpreter of that process, by default this one.

    Raises:
        LiveError: The first release cannot be taken, or did not come in time.
        RegistryError: A name cannot be that of a folder.
        ValueError: A time is not above 0.
    """
    options: dict[str, Any] = {} if python is None else {"python": python}
    loading = Loading(model_inputs, text_limit, warm_within_s, in_child, **options)
    live = LiveKernel(registry, set_name, channel, loading, every_s)
    live.start(first_within_s)
    return live
