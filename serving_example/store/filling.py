"""Fills a store for the recommender of films: profiles, the catalogue, states, vectors of films."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from serving_example.definition import BY_FILM, BY_USER
from serving_example.features import FilmVectors, Views
from serving_example.store.applying import Updated
from serving_example.store.interface import Batch, Clock, OnlineStore, Put, wall_clock
from serving_example.store.materialize import (
    Materialized,
    check_columns,
    materialize_rows,
    materialize_states,
)

if TYPE_CHECKING:
    import polars as pl

    from featurelib_online.staged import Staged

__all__ = ["STEPS", "fill"]

STEPS = ("profiles", "catalogue", "users", "films", "vectors")
"""What is filled, in this order."""


def fill(
    store: OnlineStore,
    staged: Staged,
    *,
    events: pl.DataFrame,
    profiles: pl.DataFrame,
    catalogue: pl.DataFrame,
    run: str,
    clock: Clock = wall_clock,
    advance: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> dict[str, Materialized]:
    """Materializes all that the recommender reads. A tailer is best started after it.

    Args:
        store: The store.
        staged: The stages of the bundle.
        events: Ratings with the columns of `definition.Rating`.
        profiles: ``user_id`` and the fields of a profile.
        catalogue: ``item_id``, ``title``, and the fields of a film.
        run: The job's name: one that was ended goes on under it.
        clock: As of when profiles, catalogue and vectors are.
        advance: Is told the step, how many entities were written, and of how many.

    Returns:
        What each of `STEPS` did.

    Raises:
        InputError: A column is missing, or holds what the schema does not take.
    """
    views, now = Views.of(staged), clock()
    check_columns(profiles, ("user_id", *views.profile_fields.names), "profiles")
    check_columns(catalogue, ("item_id", *views.catalogue_fields.names), "catalogue")
    check_columns(events, BY_USER.schema.names, "ratings")
    films = dict(_rows(catalogue, "item_id", views.catalogue_fields.names))
    vectors = FilmVectors(staged, views, films, clock)

    def told(step: str, total: int) -> Callable[[int], None]:
        return lambda done: advance(step, done, total)

    made = {}
    made["profiles"] = materialize_rows(
        store, views.profile, views.profile_fields,
        _rows(profiles, "user_id", views.profile_fields.names),
        run=run, event_time=now, advance=told("profiles", len(profiles)),
    )  # fmt: skip
    made["catalogue"] = materialize_rows(
        store, views.catalogue, views.catalogue_fields, films.items(),
        run=run, event_time=now, advance=told("catalogue", len(films)),
    )  # fmt: skip
    for step, source, view in (
        ("users", BY_USER, views.users),
        ("films", BY_FILM, views.films),
    ):
        made[step] = materialize_states(
            store, view, events, run=run, on_state=vectors,
            advance=told(step, events[source.key].n_unique()),
        )  # fmt: skip
    made["vectors"] = _missing(store, views, vectors, films, now, told("vectors", len(films)))
    return made


def _missing(
    store: OnlineStore,
    views: Views,
    vectors: FilmVectors,
    films: Iterable[int],
    now: int,
    advance: Callable[[int], None],
) -> Materialized:
    """Vectors of films that have none: nobody has rated them, or the view was dropped."""
    made, keys, puts = Materialized(), sorted(films), list[Put]()
    made.entities = len(keys)
    missing = [k for k, v in zip(keys, store.get_many(views.film, keys), strict=True) if v is None]
    states = store.get_many(views.films.view, missing)
    for key, stored in zip(missing, states, strict=True):
        if stored is None:  # any rating is newer
            payload = vectors.payload(key, None, now)
            puts.append(Put(views.film, key, views.film.vector(payload, 0, 0)))
        else:
            state = views.films.load(stored)
            puts += vectors(Updated(BY_FILM.name, key, state, stored.stamp, None))
    made.written = store.write(Batch(puts)).taken
    made.kept = len(keys) - made.written
    advance(len(keys))
    return made


def _rows(
    frame: pl.DataFrame, key: str, names: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row's entity and fields."""
    for row in frame.select(key, *names).iter_rows(named=True):
        entity = row[key]
        yield entity, {name: row[name] for name in names}
