"""A thread that follows a channel and makes each release ready that it points to."""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from featurelib_online.live.gentle import at_rest, gently
from featurelib_online.live.loading import Loading, NotTakenError
from featurelib_online.live.status import Current, Refused, Status

if TYPE_CHECKING:
    from featurelib.release import Registry
    from featurelib.release.channel_records import Record
    from featurelib.release.registry_follow import News
    from featurelib_online.row import RowKernel

__all__ = ["Follower", "now"]

_AT_MOST_S = 60.0
"""Seconds between two looks at a registry that is away, at the most."""
_LOGGER = logging.getLogger("featurelib.live")


def now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


class Follower:
    """Follows a channel in a thread of its own, which never keeps the process alive.

    Args:
        registry: The registry, with the public keys of the service.
        set_name: The feature set.
        channel: The channel.
        loading: How releases are taken.
        take: Given each release that is ready, in the follower's thread.
        every_s: Seconds between two looks at the channel.
        like: What serves already, before the first release of this channel.

    Attributes:
        counts: ``taken``, ``refused`` and ``refused_<stage>``, ``away``.
    """

    def __init__(
        self,
        registry: Registry,
        set_name: str,
        channel: str,
        loading: Loading,
        take: Callable[[Current], None],
        *,
        every_s: float,
        like: RowKernel | None = None,
    ) -> None:
        from featurelib.release.hotfix_models import earlier_in
        from featurelib.release.registry_follow import follow

        self.set, self.channel = set_name, channel
        self.counts: Counter[str] = Counter()
        self._loading, self._take, self._like = loading, take, like
        self._earlier = partial(earlier_in, registry, set_name)
        self._stop = threading.Event()
        self._first = threading.Event()
        self._current: Current | None = None
        self._before: Current | None = None
        self._refused: Refused | None = None
        self._not_taken: Refused | None = None  # what arrived last, if it was not taken
        self._away = ""
        self._is_warming = False
        self._news: Callable[[], Iterator[News]] = partial(
            follow,
            registry,
            set_name,
            channel,
            wait=self._wait,
            seed=os.getpid(),
            every_s=every_s,
            at_most_s=max(_AT_MOST_S, every_s),
        )
        self._news()  # wrong names and times are the caller's to hear of
        self._thread = threading.Thread(
            target=self._run, name=f"featurelib {set_name}/{channel}", daemon=True
        )

    def start(self) -> None:
        """Begins to follow."""
        self._thread.start()

    def wait_first(self, within_s: float) -> bool:
        """Waits until a release was taken or refused; whether one was."""
        return self._first.wait(within_s)

    def close(self) -> None:
        """Ends the thread, and the child process that it may have; a second call does nothing."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def status(self, trials: tuple[Any, ...] = ()) -> Status:
        """How things stand."""
        current, refused, away = self._current, self._refused, self._away
        if self._stop.is_set():
            state = "closed"
        elif self._is_warming:
            state = "warming"
        elif away:
            state = "away"
        elif refused is not None:
            state = "refused"
        else:
            state = "starting" if current is None else "serving"
        return Status(self.set, self.channel, state, current, refused, away, trials)

    def _run(self) -> None:
        with gently():
            while not self._stop.is_set():
                try:
                    for news in self._news():
                        self._hear(news)
                        if self._stop.is_set():
                            return
                except Exception as error:  # what nobody foresaw must not end the following
                    _LOGGER.exception("%s/%s: following failed", self.set, self.channel)
                    self._refuse(0, None, "verify", f"{type(error).__name__}: {error}")
                    self._wait(_AT_MOST_S)

    def _wait(self, seconds: float) -> bool:
        with at_rest():
            return self._stop.wait(seconds)

    def _hear(self, news: News) -> None:
        from featurelib.release.registry_follow import Arrival, Away, Back

        self._away = ""
        if isinstance(news, Away):
            self.counts["away"] += 1
            self._away = str(news.error)
        elif isinstance(news, Arrival):
            self._arrive(news)
        elif isinstance(news, Back):
            self._go_back()
        else:
            self._refuse(news.number, None, "verify", str(news.error))

    def _go_back(self) -> None:
        """The channel points to what had arrived last, be it served or not taken."""
        if self._refused is not None and self._refused.stage == "verify":
            self._refused = self._not_taken

    def _arrive(self, news: Any) -> None:
        record: Record = news.record
        release = news.release
        current, before = self._current, self._before
        if current is not None and current.release.digest == release.digest:
            self._refused = self._not_taken = None  # the channel went back to what is served
            return
        try:
            if before is not None and before.release.digest == release.digest:
                kernel = before.kernel  # a rollback needs no compiler
            else:
                self._is_warming = True
                like = current.kernel if current else self._like
                kernel = self._loading.load(release, like, self._wait, self._earlier())
            if self._stop.is_set():
                return
            taken = Current(release, kernel, record.number, now())
            self._take(taken)
        except NotTakenError as error:
            if not self._stop.is_set():
                self._refuse(record.number, release.version, error.stage, str(error))
                self._not_taken = self._refused
            return
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._refuse(record.number, release.version, "load", text)
            self._not_taken = self._refused
            return
        finally:
            self._is_warming = False
        # The one before is kept for a rollback; calls in flight may still be running on it.
        self._before, self._current = current, taken
        self._refused = self._not_taken = None
        self.counts["taken"] += 1
        _LOGGER.info("%s/%s: serves %s, %s", self.set, self.channel, release.version, record)
        self._first.set()

    def _refuse(self, number: int, version: str | None, stage: str, error: str) -> None:
        self._refused = Refused(number, version, stage, error, now())
        self.counts["refused"] += 1
        self.counts[f"refused_{stage}"] += 1
        kept = self._current.version if self._current else "nothing"
        _LOGGER.error(
            "%s/%s: record %d (%s) was not taken (%s): %s; serves %s on",
            *(self.set, self.channel, number, version, stage, error, kept),
        )
        self._first.set()
