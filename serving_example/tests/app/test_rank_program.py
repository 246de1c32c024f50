"""A micro-batch of recommendations: what each request gets does not depend on the others."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from featurelib.jit.windows.plain import Plain
from featurelib_online.stage_fill import StageFill
from serving_example.app import ranking_code
from serving_example.app.cases import Wanted
from serving_example.app.http import Response, encode
from serving_example.app.rank_program import RankProgram
from serving_example.devices import cpu_device
from serving_example.features import Views
from serving_example.store import Batch, Put
from serving_example.tests.app.film_world import FilmWorld
from serving_example.tests.app.test_nearest import product
from serving_example.tests.app.world import offline
from serving_example.tests.features.worlds import catalogue

FILMS = sorted(catalogue())
pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: Any) -> Any:
    """A world of films without a server."""
    made = FilmWorld(tmp_path_factory.mktemp("films"))
    yield made
    made.films.close()
    made.service.close()
    made.store.close()
    made.log.close()


def placed(world: Any, with_towers: Any = True) -> Any:
    """A program on a device of its own: it knows no film yet."""
    models = world.service.repository
    towers = models.get("towers") if with_towers else None
    return RankProgram(models.get("ranker"), towers, world.films.services).placed(cpu_device())


def keep(made: Any) -> Response:
    """The whole answer, as JSON."""
    return Response(body=encode(made))


def scored(made: Any) -> list[tuple[int, str]]:
    """Films and the bits of their scores, best first."""
    return [(item.item_id, item.score.hex()) for item in made.items]


def test_a_request_has_the_same_answer_alone_and_in_any_batch(world: Any, monkeypatch: Any) -> None:
    """Users with and without ratings, found and named candidates, repeated users, all at once."""
    features, told = world.films.features, []
    moment = world.clock()
    monkeypatch.setattr(features, "_clock", lambda: moment)  # scores may look at the moment
    rng = np.random.default_rng(3)
    asked: list[tuple[int, int, Any]] = []
    for user in (1, 2, 3, 999, 5, 2, 12):
        named = [int(film) for film in rng.choice(FILMS, rng.integers(1, 30), replace=False)]
        asked += [(user, 30, None), (user, 5, features.films.rows(named))]

    def answer(made: Any) -> Response:
        told.append((made.user_id, scored(made), made.flags, made.retrieval is not None))
        return Response()

    for made in placed(world).run([Wanted(*ask, answer) for ask in asked]):
        assert made.stages[0][0] == "features"
    together, told[:] = list(told), []
    for ask in asked:
        (made,) = placed(world).run([Wanted(*ask, answer)])
        assert made.response.status == 200
    assert len(told) == len(asked) and told == together


def test_the_first_request_waits_for_no_machine_code(world: Any, monkeypatch: Any) -> None:
    """All of it was made or read while the program was loaded, which is before a service is ready.

    Else the loop stood still for seconds at the first request, and the next ones were refused.
    """
    monkeypatch.setattr(world.films.features.staged, "_fills", {})
    program, made, late = placed(world), StageFill.__init__, []

    def seen(self: StageFill, *args: Any) -> None:
        late.append(args)
        made(self, *args)

    monkeypatch.setattr(StageFill, "__init__", seen)
    answers = program.run([Wanted(2, 5, None, keep), Wanted(3, 5, None, keep)])
    assert [made.response.status for made in answers] == [200, 200] and not late


def test_answers_are_those_of_an_oracle(world: Any, monkeypatch: Any) -> None:
    """Features by Polars, torch's own calls, and by hand the products, the choice and the order.

    Of all users of one batch, bit for bit, with fewer candidates than there are films.
    """
    features, moment, some = world.films.features, world.clock(), 5
    monkeypatch.setattr(features, "_clock", lambda: moment)
    monkeypatch.setattr(world.films, "services", replace(world.films.services, candidates=some))
    users, told = [1, 2, 3, 5, 12], []

    def answer(made: Any) -> Response:
        told.append((made.user_id, scored(made)))
        return Response()

    placed(world).run([Wanted(user, 4, None, answer) for user in users])
    towers = world.models["towers"]
    for user, (whose, got) in zip(users, told, strict=True):
        tensors = world.tensors(user, FILMS, moment)
        mine, films = offline(towers, tensors, "user")[0], offline(towers, tensors, "film")
        rated = {e["item_id"] for e in world.events if e["user_id"] == user}
        left = [(-product(mine, vector), film) for vector, film in zip(films, FILMS, strict=True)]
        chosen = sorted(film for _, film in sorted(p for p in left if p[1] not in rated)[:some])
        scores = world.expected(user, chosen, moment)
        best = sorted(zip((-scores).tolist(), chosen, strict=True))[:4]
        assert (whose, got) == (user, [(film, (-score).hex()) for score, film in best])


def test_a_damaged_state_fails_its_own_request(world: Any) -> None:
    """Those beside it are answered."""
    view = Views.of(world.films.features.staged).users.view
    broken = view.vector(b"no state at all", 1 << 60, 1)
    world.store.write(Batch([Put(view, 77, broken)]))
    wanted = [Wanted(user, 3, None, keep) for user in (1, 77, 2)]
    first, none, last = placed(world).run(wanted)
    assert type(none).__name__ == "StateFormatError"
    assert first.response.body and last.response.body


def test_an_answer_that_cannot_be_made_fails_its_own_request(world: Any) -> None:
    """What a contract refuses is its request's error."""

    def fails(made: Any) -> Response:
        raise ValueError("no words for it")

    wanted = [Wanted(1, 3, None, keep), Wanted(2, 3, None, fails)]
    good, bad = placed(world).run(wanted)
    assert good.response.body and str(bad) == "no words for it"


def test_without_towers_those_who_named_films_are_answered(world: Any) -> None:
    """The others are told; nobody waits for them."""
    rows = world.films.features.films.rows(FILMS[:4])
    wanted = [Wanted(1, 3, None, keep), Wanted(2, 3, rows, keep)]
    none, good = placed(world, with_towers=False).run(wanted)
    assert "towers were unloaded" in str(none) and good.response.body


def test_a_program_that_is_loaded_compiles_nothing_more(world: Any, monkeypatch: Any) -> None:
    """All machine code of a micro-batch is there before the first request."""
    functions = [made for made in vars(ranking_code).values() if isinstance(made, Plain)]
    for made in functions:
        monkeypatch.setattr(made, "_address", 0)
        monkeypatch.delitem(vars(made), "address", raising=False)
    placed(world)
    assert len(functions) >= 3 and all(made._address for made in functions)
