"""The audit of kept answers beside films that change: only what should be the same is compared."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serving_example.app.audit import Auditor
from serving_example.app.cases import Wanted
from serving_example.app.http import Response, encode
from serving_example.app.rank_program import RankProgram
from serving_example.devices import cpu_device
from serving_example.instants import instant
from serving_example.tests.app.film_world import FilmWorld
from serving_example.tests.features.worlds import as_json, catalogue

FILM, OTHER = 105, 106
pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: Any) -> Any:
    """A world of films whose changes are shown when a test says so."""
    made = FilmWorld(tmp_path_factory.mktemp("audit"))
    yield made
    made.films.close()
    made.service.close()
    made.store.close()
    made.log.close()


def rate(world: Any, first: int, rating: float) -> None:
    """Others rate the film again and again; the store knows it, and no request yet."""
    at, before = instant(world.clock()), world.store.offset()
    events = [
        {
            "rating_id": first + n, "user_id": 2 + n % 8, "item_id": FILM, "rating": rating,
            "genres": catalogue()[FILM]["genres"], "rated_at": at, "received_at": at,
        }
        for n in range(40)
    ]  # fmt: skip
    world.log.append([as_json(event) for event in events])
    while world.films.tailer.step():
        pass
    assert not world.store.letters(before, 1)


def answer(world: Any, films: list[int]) -> bytes:
    """What user 1 is told of some films now."""
    rows = world.films.features.films.rows(films)
    program = RankProgram(world.service.repository.get("ranker"), None, world.films.services)
    wanted = Wanted(1, len(films), rows, lambda made: Response(body=encode(made)))
    (made,) = program.placed(cpu_device()).run([wanted])
    return bytes(made.response.body)


def score(body: bytes) -> float:
    """Of the first film of an answer."""
    return float(msgspec.json.decode(body)["items"][0]["score"])


@pytest.fixture
def auditor(world: Any) -> Any:
    made = Auditor(
        world.films.features, world.service.repository, world.service.background,
        lambda: None, lambda function: function(),
    )  # fmt: skip
    yield made
    made.close()


def test_a_vector_that_was_shown_after_an_answer_is_not_held_against_it(
    world: Any, auditor: Any
) -> None:
    """It was computed before the answer's moment, and reached this process after it."""
    rate(world, 90_000, 1.0)
    one, both = answer(world, [FILM]), answer(world, [FILM, OTHER])
    assert auditor.is_right(one) is True and auditor.is_right(both) is True
    world.films.features.films.refresh()
    assert auditor.is_right(one) is None, "nothing is left to compare"
    assert auditor.is_right(both) is True, "the other film is compared"
    later = answer(world, [FILM])
    assert auditor.is_right(later) is True and score(later) != score(one)


def test_other_bits_are_found_beside_films_that_have_changed(world: Any, auditor: Any) -> None:
    """A score of a film to which nothing has happened differs: the answer is wrong."""
    both = answer(world, [FILM, OTHER])
    rate(world, 91_000, 5.0)
    world.films.features.films.refresh()
    told = msgspec.json.decode(both)
    for item in told["items"]:
        item["score"] += 1e-3 * (item["item_id"] == OTHER)
    assert auditor.is_right(msgspec.json.encode(told)) is False
    assert auditor.is_right(both) is True
