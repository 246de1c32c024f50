"""The recommender of films behind a service: features, candidates, events, and what keeps them."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import featurelib as fl
from serving_example.app import recommend
from serving_example.app.cache_metrics import CacheMetrics
from serving_example.app.caching import CacheOptions, Caches
from serving_example.app.cases import Services
from serving_example.app.contracts import contracts, record
from serving_example.app.events import Events, EventWriter
from serving_example.app.film_index import FilmIndex
from serving_example.app.ranking import Ranking
from serving_example.app.recommend import Recommendations
from serving_example.app.recommender import Recommender
from serving_example.app.routes import Route
from serving_example.app.service import Service
from serving_example.definition import BY_USER
from serving_example.features import Features, FilmTable, FilmVectors, Views, compile_stages
from serving_example.instants import instant
from serving_example.store import Clock, EventLog, Freshness, Objective, OnlineStore, Tailer
from serving_example.store.trimming import Trimmer

__all__ = ["Films"]

log = logging.getLogger("serving_example")
_TELL_S = 1.0
"""How often the lag is told."""
_GATHER_S = 0.06
"""Ratings that come so soon one after another are applied together, unless a request waits for one;
films are looked at each 0.05 s anyway."""
_TRIM_S = 60.0
"""How often the log is trimmed."""
_SAVE_S = 60.0
"""How often latency profiles are kept."""
BROUGHT = ("genres", "received_at")
"""Fields of an event that the service adds."""


class Films:
    """Makes a service recommend films.

    Make it before the service loads its models: the towers' vectors of films are computed as they
    are loaded.

    Args:
        service: What it is added to.
        bundle: The features.
        store: States, profiles, the catalogue, vectors of films.
        event_log: Where ratings go.
        clock: Microseconds since 1970.
        towers: The name of the model that finds candidates.
        ranker: The name of the model that ranks where a request names none.
        lag_objective_s: The watermark lag that should not be exceeded.
        caches: Which caches there are; None: none, as for a store in this process.
        tails: Whether this process applies the log; one of those that share a store is enough.
        trimmer: Makes the log forget, once a minute; None where another process does.

    Attributes:
        service: What it was added to.
        features: Makes tensors.
        index: The films' vectors.
        services: What the programs of rankers use.
        caches: Of recommendations, and of what is read of users.
        tailer: Applies ratings, and tells how far behind they are.
        contracts: The versions of the contract.
        events_request: The type of a request with events, once there are routes.
    """

    def __init__(
        self,
        service: Service,
        bundle: fl.Bundle,
        store: OnlineStore,
        event_log: EventLog,
        clock: Clock,
        *,
        towers: str = "towers",
        ranker: str = "ranker",
        lag_objective_s: float = 5.0,
        caches: CacheOptions | None = None,
        tails: bool = True,
        trimmer: Trimmer | None = None,
    ) -> None:
        self.service, self._log, self._clock = service, event_log, clock
        self._tails, self._trimmer = tails, trimmer
        staged = compile_stages(bundle)
        views = Views.of(staged)
        self._catalogue = {
            film: views.catalogue_fields.decode(vector.payload)
            for film, vector in store.scan(views.catalogue)
            if vector.payload is not None
        }
        self.caches = Caches(caches or CacheOptions(), store, views, clock, service.clock)
        table = FilmTable(staged, views, store, clock, self.caches.catch_up)
        table.load()
        self.features = Features(staged, views, self.caches.reads, table, clock)
        vectors = FilmVectors(staged, views, self._catalogue, clock)
        _warm(self.features, views, vectors, self._catalogue, clock())
        self.tailer = Tailer(event_log, store, views.states, vectors, clock=clock)
        # What nothing happens to is not out of date; what the store does not know yet is.
        objectives = [Objective(view, "lag", lag_objective_s) for view in ("user_state", "film")]
        self.freshness = Freshness(objectives, clock=clock)
        self.index = FilmIndex(self.features, service.background, towers)
        self.index.watermark.hurry = self.tailer.hurry
        fields = {field.name: field for field in bundle.request.fields}
        self.contracts = contracts(fields, service.limits)
        self.services = Services(
            self.features, self.index, service.metrics, service.clock, self.freshness,
            bundle.fingerprint, candidates=100, most_rows=service.limits.candidates,
        )  # fmt: skip
        repository, ranking = service.repository, Ranking(self.services, service.repository)
        repository.companion, service.load_first = ranking, towers
        self._recommender = Recommender(
            self.services, repository, ranking, service.door, ranker=ranker
        )
        self.events_request: Any = None
        self._writer: EventWriter | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self.tailer.run, args=(self._stop,), kwargs={"gather_s": _GATHER_S},
            name="tailer", daemon=True,
        )  # fmt: skip
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        service.metrics.freshness(self.freshness)
        service.metrics.registry.register(CacheMetrics([*service.caches, *self.caches.all()]))
        service.metrics.watch("lag_seconds", "The store is so far behind the log.", self._lag)
        if trimmer is not None:
            service.metrics.watch(
                "log_trimmed", "Events that the log has forgotten.", lambda: float(trimmer.trimmed)
            )

    def start(self) -> None:
        """Applies ratings and refreshes vectors from now on."""
        if self._tails:
            self._thread.start()
            self.service.readiness.add("tailer", self._thread.is_alive)
        self._keeper.start()
        self.caches.start()
        self.index.start()

    def routes(self, on_loop: Callable[[Callable[[], None]], None]) -> list[Route]:
        """``/v1/recommend`` and ``/v1/events``.

        Args:
            on_loop: Runs a function on the event loop, from any thread.
        """
        service = self.service
        self._writer = writer = EventWriter(self._log, on_loop)
        service.readiness.add("event_log", lambda: writer.is_alive)
        schema = BY_USER.schema
        told = [field for field in schema.fields if field.name not in BROUGHT]
        events = Events(
            writer, BY_USER, record("Rating", told), self._catalogue, self._clock, service.limits,
            service.metrics,
        )  # fmt: skip
        self.events_request = events.request
        asked = Recommendations(
            self._recommender, self.contracts, service.limits, self.index.watermark, service.clock,
            service.metrics,
            self.caches.before(self._recommender, self.features, service, on_loop),
        )  # fmt: skip
        return recommend.routes(asked, events, service.idempotency)

    def close(self) -> None:
        """Ends the threads; events that were taken are in the log."""
        self._stop.set()
        if self._writer is not None:
            self._writer.close()
        self.index.close()
        for thread in (self._thread, self._keeper):
            if thread.is_alive():
                thread.join()
        self.caches.close()

    def _keep(self) -> None:
        """Tells the lag, trims the log and keeps latency profiles, on a period."""
        trim_at, save_at = 0.0, self.service.clock() + _SAVE_S
        while not self._stop.wait(_TELL_S):
            with contextlib.suppress(fl.FeaturelibError):  # what nobody tells, grows
                self.freshness.tell_lag(self.tailer.lag())
            if self._trimmer is not None and self.service.clock() >= trim_at:
                trim_at = self.service.clock() + _TRIM_S
                try:
                    self._trimmer.step()
                except fl.FeaturelibError as error:
                    log.warning("the event log is not trimmed: %s", error)
            if self.service.clock() >= save_at:
                save_at = self.service.clock() + _SAVE_S
                self.service.save_profiles()

    def _lag(self) -> float:
        try:
            return self.tailer.lag().seconds
        except fl.FeaturelibError:
            return float("nan")  # the store does not answer: nobody knows


def _warm(
    features: Features, views: Views, vectors: FilmVectors, catalogue: Mapping[int, Any], now: int
) -> None:
    """Compiles what the first rating, and the first user who has rated, would wait for."""
    at = instant(now)
    event = {
        "rating_id": 0, "user_id": 0, "item_id": 0, "rating": 1.0, "genres": "", "rated_at": at,
        "received_at": at,
    }  # fmt: skip
    for view in views.states.values():
        state = view.stream.new()
        view.stream.apply(state, event)
        view.put(0, state, None, 1)
        state = view.stream.load(bytes(state))
        if view is views.users:
            request: dict[str, Any] = {
                "user_id": 0,
                "age": None,
                "gender": None,
                "occupation": None,
            }
            request["requested_at"] = at
            features.staged.vector("user", request, {BY_USER.name: state})
        elif catalogue:
            vectors.payload(next(iter(catalogue)), state, now + 1)
