"""A service that follows a channel hears of each new release once, and of nothing else."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import RegistryError
from featurelib.release import Registry
from featurelib.release.channel import Channel
from featurelib.release.registry_follow import Arrival, Away, Back, News, Refusal, follow
from parity_tests.release.object_store import ObjectStore
from parity_tests.release.small_releases import STEP, material

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")


class Clock:
    """Waits that take no time: before each look what stands in a list is done."""

    def __init__(self, actions: list[Callable[[], Any] | None]) -> None:
        self.actions = iter(actions)
        self.waited: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        action = next(self.actions, "stop")
        if action == "stop":
            return True
        if action is not None:
            action()
        return False


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """A store with three releases of rides."""
    store = ObjectStore(tmp_path)
    for version in VERSIONS:
        Registry(store.location()).release(*material(version))
    return store


def news(store: ObjectStore, actions: list[Callable[[], Any] | None]) -> tuple[list[News], Clock]:
    """What a follower of rides/stable hears while these things happen between its looks."""
    clock = Clock(actions)
    found = follow(Registry(store.location()), "rides", "stable", wait=clock.wait, seed=1)
    return list(found), clock


def said(found: list[News]) -> Iterator[Any]:
    """In short."""
    for item in found:
        yield item.release.version if isinstance(item, Arrival) else type(item)


def test_each_release_arrives_once(store: ObjectStore) -> None:
    """First what is there, then what changes; a look at an unchanged channel says nothing."""
    stable = Registry(store.location()).channel("rides", "stable")
    found, clock = news(
        store,
        [
            None,
            lambda: stable.promote("1.0.0", **STEP),
            None,
            lambda: stable.promote("1.1.0", **STEP),
            lambda: stable.rollback(**STEP),
            None,
        ],
    )
    assert list(said(found)) == ["1.0.0", "1.1.0", "1.0.0"]
    assert len(clock.waited) == 7
    assert all(4.5 <= seconds <= 5.5 for seconds in clock.waited)
    assert len(set(clock.waited)) == 7


def test_steps_between_two_looks_are_one(store: ObjectStore) -> None:
    """What counts is where the channel points: there and back again is nothing new."""
    stable = Registry(store.location()).channel("rides", "stable")
    stable.promote("1.0.0", **STEP)

    def there_and_back() -> None:
        stable.promote("1.1.0", **STEP)
        stable.promote("2.0.0", **STEP)
        stable.rollback(**STEP, to="1.0.0")

    found, _ = news(store, [there_and_back, None, lambda: stable.promote("2.0.0", **STEP)])
    assert list(said(found)) == ["1.0.0", "2.0.0"]


def test_a_registry_that_is_away_is_asked_more_and_more_rarely(store: ObjectStore) -> None:
    """Nothing is raised; the waits double up to a bound, and end when it answers again."""
    stable = Registry(store.location()).channel("rides", "stable")
    stable.promote("1.0.0", **STEP)
    registry = Registry(store.location())
    clock = Clock([None] * 7 + [lambda: store.fails.clear(), None])
    store.fails = {"ls"}
    found = list(follow(registry, "rides", "stable", wait=clock.wait, seed=3))
    assert list(said(found)) == [Away] * 8 + ["1.0.0"]
    assert [item.tries for item in found[:8] if isinstance(item, Away)] == list(range(1, 9))
    waits = clock.waited
    assert all(b > a for a, b in itertools.pairwise(waits[:4]))
    assert waits[4:8] == [60.0] * 4
    assert waits[8] <= 5.5
    assert [item.wait_s for item in found[:8] if isinstance(item, Away)] == waits[:8]


def tampering(store: ObjectStore, stable: Channel) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """What promotes release 1.1.0 and then cuts a byte off, and what puts the byte back."""
    path = "bucket/registry/releases/rides/1.1.0/bundle.json"
    whole = store.cat_file(path)

    def tampered() -> None:
        stable.promote("1.1.0", **STEP)
        store.pipe_file(path, whole[:-1])

    return tampered, lambda: store.pipe_file(path, whole)


def test_a_refused_release_is_told_once_and_looked_at_again(store: ObjectStore) -> None:
    """A tampered release is not taken; put back as it was, it arrives."""
    stable = Registry(store.location()).channel("rides", "stable")
    stable.promote("1.0.0", **STEP)
    tampered, mended = tampering(store, stable)
    found, _ = news(store, [tampered, None, None, mended, None])
    assert list(said(found)) == ["1.0.0", Refusal, "1.1.0"]
    assert isinstance(found[1], Refusal)
    assert found[1].number == 2
    assert "altered or cut off" in str(found[1].error)


def test_the_end_of_a_trouble_is_told(store: ObjectStore) -> None:
    """A registry that answers again, or a channel that was rolled back from a bad release."""
    stable = Registry(store.location()).channel("rides", "stable")
    stable.promote("1.0.0", **STEP)
    tampered, _ = tampering(store, stable)

    def away() -> None:
        store.fails = {"ls"}

    actions: list[Callable[[], Any] | None] = [away, None, lambda: store.fails.clear(), None]
    actions += [tampered, away, lambda: store.fails.clear(), lambda: stable.rollback(**STEP), None]
    found, _ = news(store, actions)
    expected = ["1.0.0", Away, Away, Back, Refusal, Away, Refusal, Back]
    assert list(said(found)) == expected
    steps = [item.record.number for item in found if isinstance(item, Back) and item.record]
    assert steps == [1, 3]


def test_torn_removed_and_changed_records_are_refused(store: ObjectStore) -> None:
    """The follower keeps what it has, and goes on with the next record that can be read."""
    stable = Registry(store.location()).channel("rides", "stable")
    stable.promote("1.0.0", **STEP)
    folder = "bucket/registry/channels/rides/stable"
    found, _ = news(
        store,
        [
            lambda: store.pipe_file(f"{folder}/000002.json", b"{"),
            None,
            lambda: stable.promote("1.1.0", **STEP),
            lambda: [store.rm_file(f"{folder}/00000{n}.json") for n in (2, 3)],
            None,
            lambda: stable.promote("2.0.0", **STEP),
            lambda: stable.promote("1.0.0", **STEP),
            lambda: stable.promote("2.0.0", **STEP),
        ],
    )
    assert list(said(found)) == ["1.0.0", Refusal, "1.1.0", *[Refusal] * 3, "2.0.0"]
    errors = [str(item.error) for item in found if isinstance(item, Refusal)]
    assert "is at record 1, after record 3 was seen" in errors[1]
    assert "is at record 2, after record 3 was seen" in errors[2]
    assert "it was changed" in errors[3]


def test_followers_of_other_seeds_do_not_ask_in_step(store: ObjectStore) -> None:
    """The waits follow from the seed alone."""
    waits = []
    for seed in (1, 2, 1):
        clock = Clock([None] * 5)
        registry = Registry(store.location())
        assert not list(follow(registry, "rides", "stable", wait=clock.wait, seed=seed))
        waits.append(clock.waited)
    assert waits[0] == waits[2] != waits[1]


def test_wrong_arguments_are_refused_at_once(store: ObjectStore) -> None:
    """Not at the first look: a follower that was made runs."""
    registry = Registry(store.location())
    with pytest.raises(RegistryError, match="cannot be the name"):
        follow(registry, "rides", "../stable", wait=lambda _: True, seed=0)
    for every, most in ((0.0, 1.0), (-1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(ValueError, match="expected 0 < every_s"):
            follow(registry, "rides", "stable", wait=lambda _: True, seed=0, every_s=every,
                   at_most_s=most)  # fmt: skip
