"""A kernel that follows a channel: each call is answered whole by one release."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from featurelib.errors import DefinitionError, LiveError
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.model_inputs import ModelInputs
from featurelib_online.batch import Batch
from featurelib_online.live.follower import Follower
from featurelib_online.live.loading import Loading
from featurelib_online.live.status import Current, Status
from featurelib_online.outputs import Row

if TYPE_CHECKING:
    from featurelib.release import Registry

__all__ = ["LiveKernel", "follow"]


class LiveKernel:
    """A row kernel that is exchanged between two requests. Made by `follow`.

    Called as a `featurelib_online.RowKernel` is, from many threads. A call that is under way when a
    release is taken ends on the one before; every call is answered by one release alone.

    Attributes:
        set: The feature set.
        channel: The channel that is followed.
    """

    def __init__(
        self, registry: Registry, set_name: str, channel: str, loading: Loading, every_s: float
    ) -> None:
        self.set, self.channel = set_name, channel
        self._loading = loading
        self._current: Current | None = None
        self._follower = Follower(registry, set_name, channel, loading, self._take, every_s=every_s)

    @property
    def current(self) -> Current:
        """The release that answers now, its kernel, the channel's record, and since when."""
        assert self._current is not None  # `follow` gives no kernel without one
        return self._current

    def __call__(self, row: Any, *, out: Mapping[str, Any] | None = None) -> Row:
        """The features of one row; see `featurelib_online.RowKernel`."""
        return self.current.kernel(row, out=out)

    def many(
        self, rows: Sequence[Any], *, errors: str = "raise", out: Mapping[str, Any] | None = None
    ) -> Batch:
        """The features of several rows, all of one release."""
        return self.current.kernel.many(rows, errors=errors, out=out)

    def columns(
        self, data: Any, *, out: Mapping[str, Any] | None = None, threads: int = 1
    ) -> Batch:
        """The features of columns, all of one release."""
        return self.current.kernel.columns(data, out=out, threads=threads)

    def json(self, data: bytes | str, *, out: Mapping[str, Any] | None = None) -> Row | Batch:
        """The features of a JSON object, or of an array of them, all of one release."""
        return self.current.kernel.json(data, out=out)

    def filler(self, out: Mapping[str, Any]) -> Callable[[Any], None]:
        """A function of one row that writes its tensors to the same memory each time.

        The first call after a release was taken binds the memory to its kernel, which takes about
        as long as a hundred calls.

        Args:
            out: Buffers for the tensors of the layout, as for `featurelib_online.RowKernel.filler`.

        Raises:
            DefinitionError: The service has no ``model_inputs``: another release might have other
                tensors, which this memory would not fit.
            InputError: A buffer does not fit.
        """
        if self._loading.model_inputs is None:
            raise DefinitionError(
                f"{self.set}: a filler keeps its memory, and a release may have other tensors",
                hint="follow(..., model_inputs=fl.ModelInputs.load(path)): then all that is taken "
                "has the model's tensors; or call live(row, out=...)",
            )
        bound = self.current
        fill = bound.kernel.filler(out)

        def fill_live(row: Any) -> None:
            nonlocal bound, fill
            now = self.current
            if now is not bound:
                fill, bound = now.kernel.filler(out), now
            fill(row)

        return fill_live

    def status(self) -> Status:
        """What is served, and what was not taken and why."""
        return self._follower.status()

    @property
    def metrics(self) -> dict[str, int]:
        """Counts since the start, and the number of the record that is served.

        ``taken`` and ``refused`` releases, ``refused_<stage>`` (see `Refused.stage`), ``away``
        (looks at a registry that did not answer), ``record``.
        """
        counts = {"taken": 0, "refused": 0, "away": 0, **self._follower.counts}
        return {**counts, "record": self.current.number}

    def close(self) -> None:
        """Stops following; the kernel goes on with what it has. A second call does nothing."""
        self._follower.close()

    def __enter__(self) -> LiveKernel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<live kernel {self.set}/{self.channel}: {self.current.version}>"

    def _take(self, current: Current) -> None:
        self._current = current

    def _start(self, within_s: float) -> None:
        self._follower.start()
        if not self._follower.wait_first(within_s):
            status = self._follower.status()
            self.close()
            raise LiveError(
                f"no release of {self.set}/{self.channel} within {within_s:g} s: "
                + (status.away or f"the service was {status.state}"),
                hint="look at the registry (featurelib status), or give it longer: first_within_s",
            )
        if self._current is None:
            refused = self._follower.status().refused
            self.close()
            assert refused is not None
            raise LiveError(
                f"{self.set}/{self.channel}: record {refused.number} points to "
                f"{refused.version or 'a release'} that cannot be taken ({refused.stage}): "
                f"{refused.error}",
                hint=f"featurelib rollback {self.set} --channel {self.channel}, or release a "
                "version without the fault and promote it",
            )


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
    live._start(first_within_s)
    return live
