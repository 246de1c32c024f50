"""Filling a store for the recommender, and the commands around it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib_offline import transform
from featurelib_online.staged import Staged
from serving_example.caches import FeatureCache, FeaturePolicy
from serving_example.features import Features, FilmTable, Views, compile_stages
from serving_example.instants import instant
from serving_example.store import NEVER, Batch, Letter, LmdbLog, LmdbStore, Move
from serving_example.store.__main__ import main
from serving_example.store.filling import STEPS, fill
from serving_example.tests.features import worlds

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"  # some arrive too late
)
EVENTS = worlds.ratings(0)
NOW = worlds.START + 300 * worlds.HOUR


@functools.cache
def staged() -> Staged:
    return compile_stages(worlds.bundle())


def frames() -> dict[str, Any]:
    """What a job reads; one film has no ratings."""
    films = [{"item_id": film, **known} for film, known in worlds.catalogue().items()]
    films.append({"item_id": 999, "title": "Unseen", "release_year": 1999, "genres": "Drama"})
    people = [{"user_id": user, **told} for user, told in worlds.profiles().items()]
    return {
        "events": worlds.frame(EVENTS),
        "profiles": pl.DataFrame(people, schema_overrides={"age": pl.Int64}),
        "catalogue": pl.DataFrame(films, schema_overrides={"release_year": pl.Int64}),
    }


def test_a_filled_store_serves_the_offline_features(tmp_path: Path) -> None:
    """Every user with every film: the bits of the batch job, and a bar that comes to its end."""
    store = LmdbStore(tmp_path, clock=lambda: NOW)
    shown: dict[str, int] = dict.fromkeys(STEPS, 0)
    totals = {}

    def advance(step: str, done: int, total: int) -> None:
        shown[step] += done
        totals[step] = total

    made = fill(store, staged(), **frames(), run="a", clock=lambda: NOW, advance=advance)
    assert shown == totals == {step: told.entities for step, told in made.items()}
    assert made["vectors"].written == 1 + worlds.FILMS - len({e["item_id"] for e in EVENTS})
    check(store, worlds.catalogue())
    store.close()


def test_dropped_vectors_of_films_are_made_of_their_states(tmp_path: Path) -> None:
    """So a catalogue that has changed comes into them: drop the view, and fill again."""
    store, films = LmdbStore(tmp_path, clock=lambda: NOW), Views.of(staged()).film
    fill(store, staged(), **frames(), run="a", clock=lambda: NOW)
    changed = {film: known | {"release_year": 1901} for film, known in worlds.catalogue().items()}
    rows = [{"item_id": film, **known} for film, known in changed.items()]
    given = frames() | {"catalogue": pl.DataFrame(rows)}
    assert store.sweep(films, NEVER) == worlds.FILMS + 1
    made = fill(store, staged(), **given, run="b", clock=lambda: NOW + 1)
    assert (made["films"].written, made["vectors"].written) == (0, worlds.FILMS)
    check(store, changed)
    store.close()


def check(store: LmdbStore, catalogue: dict[int, dict[str, Any]]) -> None:
    """Every user with every film: the features are the batch job's, bit for bit."""
    views = Views.of(staged())
    films = FilmTable(staged(), views, store, lambda: NOW + 1)
    assert films.load() >= worlds.FILMS
    reads = FeatureCache(store, (), policy=FeaturePolicy(max_bytes=0))
    features = Features(staged(), views, reads, films, lambda: NOW + 2)
    asked, ids = [], list(catalogue)
    users = [features.user(user) for user in worlds.profiles()]
    rows = [films.rows(ids)] * len(users)
    tensors, shown_users = features.fill(users, rows)
    for user in shown_users:
        asked += [(user.user_id, film, user.as_of) for film in ids]
    years = {film: known["release_year"] for film, known in catalogue.items()}
    pairs = worlds.pairs(asked).with_columns(
        release_year=pl.col("item_id").replace_strict(years, return_dtype=pl.Int64)
    )
    offline = transform(
        worlds.bundle(),
        pairs,
        events=dict.fromkeys(worlds.SOURCES, frames()["events"]),
    )
    for tensor in worlds.bundle().layout.tensors:
        columns = offline.select(tensor.members).to_numpy()
        assert (
            tensors[tensor.name].tobytes() == columns.astype(tensors[tensor.name].dtype).tobytes()
        )


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    """Of the same name; one of another name finds states as they are, and replaces the rest."""
    store = LmdbStore(tmp_path)
    fill(store, staged(), **frames(), run="a", clock=lambda: NOW)
    head = store.changes(0, 1).head
    again = fill(store, staged(), **frames(), run="a", clock=lambda: NOW)
    assert sum(told.written for told in again.values()) == 0
    assert store.changes(0, 1).head == head
    other = fill(store, staged(), **frames(), run="b", clock=lambda: NOW + 1)
    assert {step: told.written for step, told in other.items()} == {
        "profiles": worlds.USERS, "catalogue": worlds.FILMS + 1, "users": 0, "films": 0,
        "vectors": 0,
    }  # fmt: skip
    store.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A bundle and frames as files, and places of a store and a log."""
    worlds.bundle().save(tmp_path / "bundle.json")
    made = {"bundle": str(tmp_path / "bundle.json")}
    names = {"events": "ratings", "profiles": "profiles", "catalogue": "catalogue"}
    for name, frame in frames().items():
        made[names[name]] = str(tmp_path / f"{name}.parquet")
        frame.write_parquet(made[names[name]])
    return made | {"store": str(tmp_path / "store"), "log": str(tmp_path / "log")}


def command(
    name: str, files: dict[str, str], *more: str, uses: tuple[str, ...] = ("store",)
) -> int:
    given = [part for use in uses for part in (f"--{use}", files[use])]
    return main([name, *given, *more])


def test_the_commands(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Materialize, look, and clear a view; a job that is done does nothing."""
    needs = ("store", "bundle", "ratings", "profiles", "catalogue")
    assert command("materialize", files, uses=needs) == 0
    told = capsys.readouterr().out
    assert "profiles" in told and "386 taken" in told
    assert command("materialize", files, "--offset", "1", uses=needs) == 0
    assert "386 taken" not in capsys.readouterr().out
    log = LmdbLog(files["log"])
    log.append([b"{}", b"{"])
    log.close()
    assert command("status", files, uses=("store", "log")) == 0
    assert "events behind: 1" in capsys.readouterr().out
    store = LmdbStore(files["store"])
    store.write(Batch(move=Move(1, 2), letters=[Letter(2, "bad_value: [x]", b"{\xff")]))
    store.close()
    assert command("letters", files) == 0
    assert capsys.readouterr().out == "2  bad_value: [x]  {\\xff\n"
    assert command("drop", files, Views.of(staged()).profile.id) == 0
    assert f"{worlds.USERS} vectors" in capsys.readouterr().out


def test_commands_say_what_is_wrong(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With a way out, and an exit status, and no traceback."""
    needs: tuple[str, ...] = ("store", "bundle", "ratings", "profiles", "catalogue")
    wrong: list[tuple[str, dict[str, Any], tuple[str, ...], str]] = [
        ("materialize", {"ratings": files["profiles"]}, needs, "`rating_id` is missing"),
        ("materialize", {"ratings": files["bundle"]}, needs, "ends in .parquet"),
        ("materialize", {"bundle": str(tmp_path / "none.json")}, needs, "none.json"),
        ("status", {"store": "redis://127.0.0.1:1/0"}, ("store",), "redis://127.0.0.1:1/0: "),
    ]
    for name, other, uses, expected in wrong:
        assert command(name, files | other, uses=uses) == 1
        assert expected in capsys.readouterr().out.replace("\n", "")
    assert command("drop", files, "profile") == 1
    assert "NAME@SCHEMA" in capsys.readouterr().out.replace("\n", " ")


def test_moments_of_the_world_are_whole() -> None:
    """What the tests above compare is asked after the last event."""
    assert max(event["received_at"] for event in EVENTS) < instant(NOW)
