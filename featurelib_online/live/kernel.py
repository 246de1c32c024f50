"""A kernel that follows a channel: each call is answered whole by one release."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from featurelib.errors import DefinitionError, LiveError
from featurelib_online.batch import Batch
from featurelib_online.entities import EntityShare
from featurelib_online.live.follower import Follower
from featurelib_online.live.loading import Loading
from featurelib_online.live.serving import Serving
from featurelib_online.live.shadow import ShadowQueue
from featurelib_online.live.status import Current, Status
from featurelib_online.live.trial import Trial
from featurelib_online.outputs import Row

if TYPE_CHECKING:
    from featurelib.release import Registry

__all__ = ["LiveKernel"]


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
        self._registry, self._loading, self._every_s = registry, loading, every_s
        self._lock = threading.Lock()
        self._shadow: tuple[Trial, ShadowQueue] | None = None
        self._canary: Trial | None = None
        self._serving: Serving | None = None
        self._follower = Follower(registry, set_name, channel, loading, self._take, every_s=every_s)

    @property
    def current(self) -> Current:
        """The release that answers now, its kernel, the channel's record, and since when."""
        assert self._serving is not None  # `follow` gives no kernel without one
        return self._serving.current

    def __call__(self, row: Any, *, out: Mapping[str, Any] | None = None) -> Row:
        """The features of one row; see `featurelib_online.RowKernel`."""
        serving = self._serving
        assert serving is not None
        if serving.trials:
            return serving.tried(row, out)
        return serving.kernel(row, out=out)

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

    def shadow(
        self,
        *,
        channel: str = "candidate",
        share: float = 1.0,
        entity: str | None = None,
        halts: bool = True,
    ) -> Trial:
        """Has the release of another channel answer too, where nobody waits for it.

        The stable release answers. What the candidate answers to the same requests (calls with one
        row) is compared by another thread; when it does not keep up, requests are dropped and
        counted. Keep the values of a request as they are: only the mapping is copied.

        Args:
            channel: The channel of the candidate.
            share: Part of the entities whose requests are compared.
            entity: The input that names the entity; needed for a share below 1.
            halts: Whether it halts at a value that moves undeclared. A new major version moves
                values everywhere: ``halts=False`` counts them.

        Returns:
            The trial; its ``close()`` ends it.

        Raises:
            DefinitionError: There is a shadow already, or share and entity do not fit.
        """
        trial = self._trial("shadow", self._shadow, share, entity, halts)
        self._shadow = (trial, ShadowQueue(trial))
        return self._begin(trial, channel)

    def canary(
        self, *, channel: str = "canary", share: float = 0.05, entity: str, seed: int = 0
    ) -> Trial:
        """Has the release of another channel answer a share of entities, the same ones every time.

        Each such request (a call with one row) is answered by both releases and compared before
        the answer is given: a value that moved undeclared is never served.

        Args:
            channel: The channel of the canary.
            share: Part of the entities.
            entity: The input that names the entity: a String or an integer that is never null.
            seed: Of the hash that chooses them, XXH64 as in `featurelib_online.request_log`.

        Returns:
            The trial; its ``close()`` ends it.

        Raises:
            DefinitionError: There is a canary already, or share and entity do not fit.
        """
        trial = self._trial("canary", self._canary, share, entity, True, seed)
        self._canary = trial
        return self._begin(trial, channel)

    def status(self) -> Status:
        """What is served, what was not taken and why, and how trials stand."""
        return self._follower.status(tuple(trial.status() for trial in self._trials()))

    @property
    def metrics(self) -> dict[str, int]:
        """Counts since the start, and the number of the record that is served.

        ``taken`` and ``refused`` releases, ``refused_<stage>`` (see `Refused.stage`), ``away``
        (looks at a registry that did not answer), ``record``; of trials ``shadow_compared``,
        ``shadow_moved``, ``shadow_dropped``, ``shadow_halted``, and the same of ``canary``.
        """
        counts = {"taken": 0, "refused": 0, "away": 0, **self._follower.counts}
        for trial in self._trials():
            status = trial.status()
            counts[f"{trial.kind}_compared"] = status.compared
            counts[f"{trial.kind}_moved"] = sum(status.moved.values())
            counts[f"{trial.kind}_dropped"] = status.dropped
            counts[f"{trial.kind}_halted"] = int(status.halt is not None)
        return {**counts, "record": self.current.number}

    def close(self) -> None:
        """Stops following; the kernel goes on with what it has. A second call does nothing."""
        for trial in self._trials():
            trial.close()
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

    def _trials(self) -> tuple[Trial, ...]:
        shadow = () if self._shadow is None else (self._shadow[0],)
        return shadow if self._canary is None else (*shadow, self._canary)

    def _trial(
        self, kind: str, running: Any, share: float, entity: str | None, halts: bool, seed: int = 0
    ) -> Trial:
        if running is not None:
            raise DefinitionError(
                f"{self.set}: there is a {kind} already", hint=f"close it first: {kind}.close()"
            )
        EntityShare(self.current.release.bundle, entity, share, seed)  # refuses what does not fit
        return Trial(kind, share, entity, seed, halts=halts, changed=self._arrange, ended=self._end)

    def _begin(self, trial: Trial, channel: str) -> Trial:
        trial.follower = Follower(
            self._registry,
            self.set,
            channel,
            self._loading,
            trial.take,
            every_s=self._every_s,
            like=self.current.kernel,
        )
        trial.follower.start()
        return trial

    def _end(self, trial: Trial) -> None:
        shadow = self._shadow
        if trial is self._canary:
            self._canary = None
        elif shadow is not None and trial is shadow[0]:
            self._shadow = None
            shadow[1].close()
        self._arrange()

    def _take(self, current: Current) -> None:
        self._arrange(current)

    def _arrange(self, taken: Current | None = None) -> None:
        """Puts together what answers from the next request on; one assignment makes it so."""
        with self._lock:
            current = taken or self.current
            shadow, canary = self._shadow, self._canary
            self._serving = Serving(
                current,
                shadow if shadow is not None and shadow[0].pair(current) else None,
                canary if canary is not None and canary.pair(current) else None,
            )

    def start(self, within_s: float) -> None:
        """Waits for the first release; `follow` calls it.

        Raises:
            LiveError: It cannot be taken, or did not come in time.
        """
        self._follower.start()
        if not self._follower.wait_first(within_s):
            status = self._follower.status()
            self.close()
            raise LiveError(
                f"no release of {self.set}/{self.channel} within {within_s:g} s: "
                + (status.away or f"the service was {status.state}"),
                hint="look at the registry (featurelib status), or give it longer: first_within_s",
            )
        if self._serving is None:
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
