"""Histories under other ids."""

from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import InputError
from serving_example.features import FilmVectors, Views
from serving_example.store import LmdbLog, LmdbStore, Tailer, wall_clock
from serving_example.store.filling import fill
from serving_example.store.salting import salt
from serving_example.tests.features import worlds
from serving_example.tests.store.test_filling import EVENTS, NOW, frames, staged

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)
LAST = 3 * worlds.USERS + 2


@pytest.fixture
def filled(tmp_path: Path) -> Any:
    """A store with the histories of the world, and its views."""
    store = LmdbStore(tmp_path / "store", clock=lambda: NOW)
    fill(store, staged(), **frames(), run="a", clock=lambda: NOW)
    yield store, Views.of(staged())
    store.close()


def test_a_salted_user_is_his_model_in_everything(filled: Any) -> None:
    """State, profile and stamp of h + H * salt are those of h, up to the last id and no further."""
    store, views = filled
    told: list[int] = []
    written = salt(store, views, worlds.USERS, LAST, told.append)
    states = 0
    for user in range(1, LAST + 1):
        model = (user - 1) % worlds.USERS + 1
        for view in (views.users.view, views.profile):
            assert store.get(view, user) == store.get(view, model)
        states += user > worlds.USERS and store.get(views.users.view, user) is not None
    assert sum(told) == states and written > states
    assert store.get(views.profile, LAST + 1) is None


def test_a_second_run_leaves_what_has_happened_since(filled: Any, tmp_path: Path) -> None:
    """Nothing is written twice, and a salted user's own rating stays."""
    store, views = filled
    salt(store, views, worlds.USERS, LAST)
    user, log = worlds.USERS + 2, LmdbLog(tmp_path / "log")
    log.append([worlds.as_json({**EVENTS[-1], "user_id": user, "rating_id": 10**6})])
    tailer = Tailer(
        log, store, views.states, FilmVectors(staged(), views, worlds.catalogue(), wall_clock)
    )
    assert tailer.step() == 1
    after = store.get(views.users.view, user)
    assert after != store.get(views.users.view, 2)
    assert salt(store, views, worlds.USERS, LAST) == 0
    assert store.get(views.users.view, user) == after
    log.close()


def test_what_cannot_be_copied_is_refused(filled: Any, tmp_path: Path) -> None:
    """With the numbers, and the way out."""
    store, views = filled
    with pytest.raises(InputError, match="got histories=9 and users=8"):
        salt(store, views, 9, 8)
    empty = LmdbStore(tmp_path / "empty")
    with pytest.raises(InputError, match="none of the users 1 to 5") as raised:
        salt(empty, views, 5, 50)
    assert "materialize" in str(raised.value)
    empty.close()
