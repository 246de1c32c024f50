"""A pytest plugin: parity and golden features of a team's own feature sets.

    pytest -p featurelib.parity.plugin --featurelib-set trips.features:trips

Each set gives two tests, beside those that pytest collects: all engines agree on generated rows,
and on generated events where the set has aggregates; and golden features are as they were recorded
(skipped, with its reason, where nothing is).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import FeaturelibError
from featurelib.parity.engines import all_engines
from featurelib.parity.golden_features import FILE, golden_path, verify
from featurelib.parity.run import check
from featurelib.parity.targets import bind_for_parity, find_target, read_given

__all__ = ["GoldenItem", "ParityItem"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("featurelib", "parity of feature sets")
    group.addoption(
        "--featurelib-set", action="append", default=[], metavar="MODULE:NAME",
        help="a feature set, or a bundle's file; may be given several times",
    )  # fmt: skip
    group.addoption("--featurelib-rows", type=int, default=5000, help="rows to generate")
    group.addoption("--featurelib-seed", type=int, default=0, help="of the generated rows")
    group.addoption("--featurelib-data", metavar="FILE", help="rows to fit on and to compare too")
    group.addoption(
        "--featurelib-events", action="append", default=[], metavar="SOURCE=FILES",
        help="records of an event source, which the rows of --featurelib-data are queries about",
    )  # fmt: skip
    group.addoption("--featurelib-golden", default="golden_data", help="folder of golden data")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the tests of each set."""
    for target in config.getoption("--featurelib-set"):
        for kind in (ParityItem, GoldenItem):
            items.append(kind.from_parent(session, name=f"{target}::{kind.word}", target=target))


class _SetItem(pytest.Item):
    word = ""

    def __init__(self, *, target: str, **given: Any) -> None:
        super().__init__(**given)
        self.target = target

    def reportinfo(self) -> tuple[Path, None, str]:
        """What pytest prints as the test's place."""
        return self.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The mismatch itself; where this library's code raised it matters to nobody."""
        if isinstance(excinfo.value, (FeaturelibError, AssertionError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class ParityItem(_SetItem):
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


class GoldenItem(_SetItem):
    """Golden features are as they were recorded."""

    word = "golden"

    def runtest(self) -> None:
        """Replays the recording in every engine."""
        bundle, _ = bind_for_parity(find_target(self.target))
        path = golden_path(self.config.getoption("--featurelib-golden"), bundle)
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
