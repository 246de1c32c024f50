"""The cache of artifacts: one fetch whoever asks, nothing torn, and nobody's artifact evicted."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from parity_tests.soak import examples
from serving_example.artifacts import (
    ArtifactError,
    ArtifactStore,
    Lease,
    ModelArtifact,
    UnknownModelError,
)
from serving_example.caches import ArtifactCache
from serving_example.tests.app.world import artifact


def sized(number: int, size: int = 1_000) -> ModelArtifact:
    """An artifact that nobody runs: a card, and so many bytes."""
    return ModelArtifact(bytes([number]) * size, artifact().card)


class Slow(ArtifactStore):
    """A source that counts, takes its time, and can be away."""

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.gets: list[str] = []
        self.wait_s = 0.0
        self.meets = threading.Barrier(1)
        self.is_away = False

    def get(self, digest: str) -> ModelArtifact:
        self.gets.append(digest)
        self.meets.wait(20)
        time.sleep(self.wait_s)
        if self.is_away:
            raise OSError("away")
        return super().get(digest)

    def manifest(self) -> Any:
        if self.is_away:
            raise OSError("away")
        return super().manifest()


class World:
    """A source with five artifacts, and a cache with room for about two."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.now = 0.0
        self.source = Slow(folder / "source")
        self.models = [sized(number) for number in range(5)]
        self.digests = [self.source.put(model) for model in self.models]
        self.card_bytes = len(self.models[0].card.to_bytes())
        size = 1_000 + self.card_bytes
        options = {"max_bytes": 2 * size + 10, "clock": lambda: self.now, **options}
        self.cache = ArtifactCache(self.source, folder / "here", **options)
        self.here = ArtifactStore(folder / "here")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_artifact_is_fetched_once(world: World) -> None:
    """The second time it is read from this machine, and its digest is checked all the same."""
    for _ in range(3):
        assert world.cache.get(world.digests[0]).digest == world.digests[0]
    assert world.source.gets == world.digests[:1]
    assert (world.cache.counts.hits, world.cache.counts.misses) == (2, 1)


def test_names_move_when_the_manifest_is_read_again(world: World) -> None:
    """A name is at most `revalidate_s` old; while the source is away it stays what it was."""
    world.source.publish({"ranker": world.digests[0]})
    assert world.cache.digest("ranker") == world.digests[0]
    world.source.publish({"ranker": world.digests[1]})
    assert world.cache.digest("ranker") == world.digests[0]
    world.now = 1.0
    assert world.cache.digest("ranker") == world.digests[1]
    world.source.is_away, world.now = True, 100.0
    assert world.cache.digest("ranker") == world.digests[1] and world.cache.counts.stale == 1
    with pytest.raises(UnknownModelError, match="there are: ranker"):
        world.cache.digest("towers")


def test_a_source_that_never_answered_is_an_error(world: World) -> None:
    """There is nothing to go on with; the next try asks again."""
    world.source.is_away = True
    with pytest.raises(OSError, match="away"):
        world.cache.manifest()
    with pytest.raises(OSError, match="away"):
        world.cache.lease(world.digests[0])
    world.source.is_away = False
    assert world.cache.get(world.digests[0]).digest == world.digests[0]
    assert world.cache.counts.failures == 1


def test_what_is_held_is_not_evicted(world: World) -> None:
    """With all room held, another one is served and not kept; released, it makes room."""
    held = [world.cache.lease(digest) for digest in world.digests[:2]]
    assert world.cache.get(world.digests[2]).digest == world.digests[2]
    assert sorted(world.here.digests()) == sorted(world.digests[:2])
    assert world.cache.counts.refused == 1
    held[0].release()
    held[0].release()
    world.cache.get(world.digests[2])
    assert sorted(world.here.digests()) == sorted(world.digests[1:3])
    held[1].release()


def test_what_is_worth_least_goes_first(world: World) -> None:
    """Frequency times load time over bytes: what is slow to load stays, used equally often."""
    world.source.get = _timed(world, [5.0, 1.0, 1.0])  # type: ignore[method-assign]
    for digest in world.digests[:3]:
        world.cache.get(digest)
    assert sorted(world.here.digests()) == sorted([world.digests[0], world.digests[2]])
    for _ in range(9):
        world.cache.get(world.digests[2])
    world.cache.get(world.digests[1])
    assert sorted(world.here.digests()) == sorted([world.digests[1], world.digests[2]])
    world.now += 20 * 3600.0
    world.cache.get(world.digests[1])
    world.cache.get(world.digests[3])
    assert sorted(world.here.digests()) == sorted([world.digests[1], world.digests[3]]), (
        "ten uses of yesterday are worth less than two of today"
    )


def _timed(world: World, seconds: list[float]) -> Any:
    get, times = world.source.get, iter(seconds)

    def timed(digest: str) -> ModelArtifact:
        world.now += next(times, 1.0)
        return get(digest)

    return timed


def test_what_was_torn_is_fetched_again(world: World) -> None:
    """Bits that changed on this disk are found, and replaced; those of the source are an error."""
    for name in ("weights.safetensors", "card.json"):
        world.cache.get(world.digests[0])
        path = world.here.folder / world.digests[0] / name
        path.write_bytes(path.read_bytes()[:-1])
        assert world.cache.get(world.digests[0]).digest == world.digests[0]
    (world.here.folder / world.digests[0] / "card.json").unlink()
    assert world.cache.get(world.digests[0]).digest == world.digests[0]
    path = world.source.folder / world.digests[1] / "weights.safetensors"
    path.write_bytes(b"other")
    with pytest.raises(ArtifactError, match="altered"):
        world.cache.get(world.digests[1])
    assert world.digests[1] not in world.here.digests()


def test_threads_that_want_one_digest_fetch_it_once_and_others_at_once(world: World) -> None:
    """A lock for each digest: ten threads, two digests, two fetches that meet."""
    world.source.wait_s, world.source.meets = 0.1, threading.Barrier(2)
    leases: list[Lease] = []
    threads = [
        threading.Thread(target=lambda i=i: leases.append(world.cache.lease(world.digests[i % 2])))
        for i in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(leases) == 10 and sorted(world.source.gets) == sorted(world.digests[:2])
    assert world.cache.counts.misses == 2
    for lease in leases:
        lease.release()


def _hold(folder: str, digest: str, holds: Any, ends: Any) -> None:
    cache = ArtifactCache(
        ArtifactStore(f"{folder}/source"), f"{folder}/here", max_bytes=1 << 20, clock=time.monotonic
    )
    cache.lease(digest)
    holds.set()
    ends.wait(60)


def test_another_process_holds_until_it_dies(world: World) -> None:
    """Its artifact is not evicted by ours; killed, it holds nothing any more."""
    context = multiprocessing.get_context("fork")
    holds, ends = context.Event(), context.Event()
    folder = str(world.here.folder.parent)
    child = context.Process(target=_hold, args=(folder, world.digests[0], holds, ends))
    child.start()
    assert holds.wait(60)
    world.cache.clear()
    assert world.here.digests() == [world.digests[0]]
    child.kill()
    child.join()
    world.cache.clear()
    assert world.here.digests() == []


def test_no_name_leaves_the_folder(world: World) -> None:
    """What is no digest is refused before it names a file."""
    with pytest.raises(UnknownModelError, match="64 hex digits"):
        world.cache.lease("../" + "0" * 61)


class Machine(RuleBasedStateMachine):
    """Leases, releases, tears, absences and clocks, against a dict of what is held."""

    folders: ClassVar[list[str]] = []

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.world = World(Path(self.folder))
        self.held: list[tuple[int, Lease]] = []

    def teardown(self) -> None:
        if hasattr(self, "world"):
            for _, lease in self.held:
                lease.release()
            shutil.rmtree(self.folder)

    @rule(number=st.integers(0, 4))
    def lease(self, number: int) -> None:
        world = self.world
        is_here = world.digests[number] in world.here.digests()
        try:
            made = world.cache.lease(world.digests[number])
        except OSError:
            assert world.source.is_away
            return
        assert made.artifact.digest == world.digests[number]
        assert is_here or not world.source.is_away
        self.held.append((number, made))

    @rule(pick=st.integers(0, 9))
    def release(self, pick: int) -> None:
        if self.held:
            self.held.pop(pick % len(self.held))[1].release()

    @rule(number=st.integers(0, 4))
    def tear(self, number: int) -> None:
        path = self.world.here.folder / self.world.digests[number] / "card.json"
        if path.exists() and not self.world.source.is_away:
            path.write_bytes(b"{}")
            self.lease(number)

    @rule(away=st.booleans())
    def source(self, away: bool) -> None:
        self.world.source.is_away = away

    @rule(seconds=st.sampled_from([1.0, 1e5, -50.0]))
    def jump(self, seconds: float) -> None:
        self.world.now += seconds

    @rule()
    def clear(self) -> None:
        self.world.cache.clear()
        held = {self.world.digests[number] for number, _ in self.held}
        assert set(self.world.here.digests()) <= held

    @invariant()
    def it_is_within_its_bytes_and_holds_what_is_held(self) -> None:
        if hasattr(self, "world"):
            assert self.world.cache.held_bytes <= self.world.cache.max_bytes
            assert all(len(lease.artifact.weights) == 1_000 for _, lease in self.held)


def test_the_cache_keeps_its_rules_whatever_comes() -> None:
    """Any interleaving gives what was asked for, whole, within the bound of bytes."""
    run_state_machine_as_test(Machine, settings=examples(6, soak=500))
