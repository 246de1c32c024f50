"""Tests for pytest: parity and golden features of a team's own feature sets.

    pytest --featurelib-set trips.features:trips

Each set gives two tests, beside those that pytest collects: all engines agree on generated rows,
and on generated events where the set has aggregates; and golden features are as they were recorded
(skipped, with its reason, where nothing is). `featurelib.release.plugin` adds those of releases.

``pytest -p featurelib.parity.plugin --featurelib-set ...`` is for environments that load no entry
points; it gives these two alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from featurelib_pytest import pytest_addoption

from featurelib.errors import FeaturelibError
from featurelib.parity.engines import all_engines
from featurelib.parity.golden_features import FILE, golden_path, verify
from featurelib.parity.run import check
from featurelib.parity.targets import bind_for_parity, find_target, read_given

__all__ = ["GoldenItem", "ParityItem", "SetItem", "pytest_addoption", "set_items"]


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the tests of each set."""
    items += set_items(session, ParityItem, GoldenItem)


def set_items(session: pytest.Session, *kinds: type[SetItem]) -> list[pytest.Item]:
    """The tests of some kinds, for each set that pytest was given.

    Args:
        session: The run, with its ``--featurelib-set``.
        kinds: What is tested of each set.
    """
    return [
        kind.from_parent(session, name=f"{target}::{kind.word}", target=target)
        for target in session.config.getoption("--featurelib-set")
        for kind in kinds
    ]


class SetItem(pytest.Item):
    """A test of a set; ``-k "not featurelib"`` leaves it out.

    Attributes:
        word: What is tested.
        target: The set, as it was given.
    """

    word = ""

    def __init__(self, *, target: str, **given: Any) -> None:
        super().__init__(**given)
        self.target = target
        self.extra_keyword_matches.add("featurelib")

    def reportinfo(self) -> tuple[Path, None, str]:
        """What pytest prints as the test's place."""
        return self.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The mismatch itself; where this library's code raised it matters to nobody."""
        if isinstance(excinfo.value, (FeaturelibError, AssertionError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class ParityItem(SetItem):
    """All engines give the same bits; those of aggregates the same reasons and refusals too."""

    word = "parity"

    def runtest(self) -> None:
        """Runs the check."""
        option = self.config.getoption
        has_aggregates = find_target(self.target).aggregates is not None
        events = _event_files(option("--featurelib-events")) if has_aggregates else {}
        given = read_given(self.target, option("--featurelib-data"), events)
        seed, rows = option("--featurelib-seed"), option("--featurelib-rows")
        found = check(given.bundle, rows=rows, seed=seed, data=given.rows, events=given.events)
        assert found.passed, "\n".join(found.lines())


class GoldenItem(SetItem):
    """Golden features are as they were recorded."""

    word = "golden"

    def runtest(self) -> None:
        """Replays the recording in every engine."""
        bundle, _ = bind_for_parity(find_target(self.target))
        path = golden_path(self.config.getoption("--featurelib-golden") or "golden_data", bundle)
        if not (path / FILE).is_file():
            pytest.skip(f"no golden features at {path}: featurelib golden record makes them")
        differing = verify(bundle, path, all_engines())
        assert not differing, "\n".join(map(str, differing))


def _event_files(given: list[str]) -> dict[str, str]:
    """The files of each event source."""
    for text in given:
        name, _, files = text.partition("=")
        if not name or not files:
            raise pytest.UsageError(f"--featurelib-events takes SOURCE=FILES, got {text!r}")
    return {name: files for name, _, files in (text.partition("=") for text in given)}
