"""A registry against a model of a few lines: any order of steps, torn writes, writers between."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from featurelib.errors import ConflictError, RecordError, UnknownReleaseError
from featurelib.release import Registry
from featurelib.release.channel_records import Record, file_name
from featurelib.release.locations import Location, open_location
from parity_tests.release.small_releases import STEP, bundle_of, material
from parity_tests.soak import examples

NAMES = ("1.0.0", "1.0.1", "1.1.0", "2.0.0")
VERSIONS, FACTORS = st.sampled_from(NAMES), st.sampled_from((1.0, 2.0))


class Hurried:
    """A location where somebody else writes in the moment before a record is created."""

    def __init__(self, location: Location) -> None:
        self.where = location.where
        self.hurry: Callable[[], Any] | None = None
        self._location = location

    def create(self, path: str, data: bytes) -> None:
        if path.startswith("channels/") and self.hurry is not None:
            self.hurry()
        self._location.create(path, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._location, name)


@dataclass
class Step:
    """What the model knows of a record: the version and the promotion that counts; None if torn."""

    version: str | None
    counts: int | None


class RegistryMachine(RuleBasedStateMachine):
    """Releases are a dict, a channel is a list; the registry must say the same."""

    kind = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        where = {
            "memory": f"memory://{secrets.token_hex(8)}",
            "directory": str(Path(self.folder.name, "registry")),
        }[self.kind]
        self.location = Hurried(open_location(where))
        self.registry, self.other = Registry(self.location), Registry(where)
        self.stable = self.registry.channel("rides", "stable")
        self.released: dict[str, float] = {}
        self.left: dict[str, float] = {}
        self.steps: list[Step] = []
        self._release("1.0.0", 1.0)

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(version=VERSIONS, factor=FACTORS)
    def release(self, version: str, factor: float) -> None:
        taken = self.released.get(version, self.left.get(version, factor))
        if taken != factor:
            with pytest.raises(ConflictError):
                self.registry.release(*material(version, factor=factor))
        else:
            self._release(version, factor)

    def _release(self, version: str, factor: float) -> None:
        self.registry.release(*material(version, factor=factor))
        self.released[version] = factor
        self.left.pop(version, None)

    @rule(version=VERSIONS, factor=FACTORS)
    @precondition(lambda self: self.kind == "memory")
    def die_half_way_in_a_release(self, version: str, factor: float) -> None:
        if version not in self.released and version not in self.left:
            data = bundle_of(version, factor=factor).to_bytes()
            self.location.create(f"releases/rides/{version}/bundle.json", data)
            self.left[version] = factor

    @rule(version=VERSIONS)
    def discard_leftovers(self, version: str) -> None:
        if version in self.released:
            with pytest.raises(ConflictError):
                self.registry.discard_leftovers("rides", version)
        else:
            self.registry.discard_leftovers("rides", version)
            self.left.pop(version, None)

    @rule(version=VERSIONS)
    def promote(self, version: str) -> None:
        if version not in self.released:
            with pytest.raises(UnknownReleaseError):
                self.stable.promote(version, **STEP)
        else:
            record = self.stable.promote(version, **STEP)
            if not (self.steps and self.steps[-1].version == version):
                self.steps.append(Step(version, len(self.steps) + 1))
            assert (record.number, record.pointer.version) == (len(self.steps), version)

    @rule()
    def rollback(self) -> None:
        target = self._target()
        if isinstance(target, type):
            with pytest.raises(target):
                self.stable.rollback(**STEP)
        else:
            self._roll(target, None)

    def _target(self) -> int | type[Exception]:
        """The promotion that a rollback makes count again, or what it raises."""
        counts = self.steps[-1].counts if self.steps else 1
        if counts is None:
            return RecordError
        if counts == 1:
            return UnknownReleaseError
        return self.steps[counts - 2].counts or RecordError

    def _roll(self, target: int, to: str | None) -> None:
        record = self.stable.rollback(**STEP, to=to)
        self.steps.append(Step(self.steps[target - 1].version, target))
        assert (record.restores, record.number) == (target, len(self.steps))

    @rule(version=VERSIONS)
    def rollback_to(self, version: str) -> None:
        if self.steps and self.steps[-1].version == version:
            assert self.stable.rollback(**STEP, to=version).number == len(self.steps)
            return
        found = [n for n, s in enumerate(self.steps, 1) if s == Step(version, n)]
        if found:
            self._roll(found[-1], version)
        else:
            with pytest.raises(UnknownReleaseError):
                self.stable.rollback(**STEP, to=version)

    @rule(behind=st.integers(1, 3), version=VERSIONS)
    def step_after_a_record_that_is_no_longer_the_last(self, behind: int, version: str) -> None:
        for step in (self.stable.rollback, lambda **more: self.stable.promote(version, **more)):
            with pytest.raises(ConflictError):
                step(**STEP, after=len(self.steps) - behind)

    @rule(mine=VERSIONS, theirs=VERSIONS)
    def another_writer_comes_between(self, mine: str, theirs: str) -> None:
        """Both have read the same last record; theirs is there first, and mine is refused."""
        now = self.steps[-1].version if self.steps else None
        if {mine, theirs} <= set(self.released) and now not in (mine, theirs):
            other = self.other.channel("rides", "stable")
            with (
                self._hurry(lambda: other.promote(theirs, by="another", at="now")),
                pytest.raises(ConflictError, match=f"to {theirs} by another at now"),
            ):
                self.stable.promote(mine, **STEP)
            self.steps.append(Step(theirs, len(self.steps) + 1))

    @contextmanager
    def _hurry(self, hurry: Callable[[], Any]) -> Iterator[None]:
        self.location.hurry = hurry
        yield
        self.location.hurry = None

    @rule(part=st.binary(max_size=40))
    def tear_a_record(self, part: bytes) -> None:
        self.location.create(f"channels/rides/stable/{file_name(len(self.steps) + 1)}", part)
        self.steps.append(Step(None, None))

    @invariant()
    def releases_are_those_of_the_model(self) -> None:
        assert self.other.versions("rides") == sorted(self.released)
        for version, factor in self.released.items():
            assert self.other.fetch("rides", version).bundle == bundle_of(version, factor=factor)

    @invariant()
    def the_channel_is_that_of_the_model(self) -> None:
        stable = self.other.channel("rides", "stable")
        history = stable.history()
        said = [
            Step(r.pointer.version, r.counts) if isinstance(r, Record) else Step(None, None)
            for r in history
        ]
        assert said == self.steps
        if not self.steps:
            assert stable.current() is None
        elif self.steps[-1].version is None:
            with pytest.raises(RecordError):
                stable.current()
        else:
            assert stable.fetch().version == self.steps[-1].version


class InADirectory(RegistryMachine):
    """The same, where releases appear by a rename."""

    kind = "directory"


@pytest.mark.parametrize(
    "machine, times",
    [(RegistryMachine, examples(25, soak=600)), (InADirectory, examples(8, soak=60))],
    ids=["memory", "directory"],
)
def test_a_registry_is_its_model(machine: type[RegistryMachine], times: settings) -> None:
    """After any steps releases, history and pointer are what a dict and a list say."""
    run_state_machine_as_test(machine, settings=settings(times, stateful_step_count=25))
