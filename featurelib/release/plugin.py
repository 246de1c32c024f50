"""Tests for pytest: the lock of a repository, the releases and layouts of its feature sets.

    pytest --featurelib

tests every set that ``[tool.featurelib]`` of ``pyproject.toml`` names; ``--featurelib-set`` names
others. With the tests of `featurelib.parity.plugin` each set has four: parity, golden, layout and
releases. The repository has two more: of the ops that it has itself, and of its lock. What there is
nothing to say about is skipped, with its reason.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from featurelib.errors import FeaturelibError
from featurelib.parity.plugin import SetItem, set_items
from featurelib.parity.targets import bind_for_parity, find_target
from featurelib.release.repository import Repository

if TYPE_CHECKING:
    from featurelib.bundle import Bundle

__all__ = ["LayoutItem", "LockItem", "OpsItem", "ReleasesItem"]

_ROWS = 300
"""Rows whose tensors are looked at one by one."""


def pytest_configure(config: pytest.Config) -> None:
    """Finds the repository, and the sets that it names.

    Raises:
        UsageError: They are asked for, and there is none.
    """
    option = config.option
    try:
        repository = Repository.look(config.rootpath)
        if repository is None and option.featurelib:
            repository = Repository.find(config.rootpath)  # raises, and says the way out
    except FeaturelibError as error:
        raise pytest.UsageError(str(error)) from None
    if repository is None:
        return
    if str(repository.root) not in sys.path:
        sys.path.insert(0, str(repository.root))
    if option.featurelib_golden is None:
        option.featurelib_golden = str(repository.golden)
    named = repository.sets if option.featurelib else ()
    if option.featurelib and not named:
        raise pytest.UsageError(
            f"{repository.root / 'pyproject.toml'}: [tool.featurelib] names no feature set\n"
            'Hint: sets = ["package.module:name"]'
        )
    # pytest-xdist hands the options of the first process, with these sets, to all others.
    option.featurelib_set += [name for name in named if name not in option.featurelib_set]


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the tests of each set, and that of the lock."""
    items += set_items(session, LayoutItem, ReleasesItem)
    items.append(OpsItem.from_parent(session, name="featurelib::ops", target="featurelib::ops"))
    items.append(LockItem.from_parent(session, name="featurelib.lock", target="featurelib.lock"))


class LayoutItem(SetItem):
    """Serving fills each tensor with its members, and a version keeps the tensors that it must."""

    word = "layout"

    def runtest(self) -> None:
        """Compares tensors with features, and the layout with that of the release before."""
        from featurelib.parity.generate_rows import generate_rows
        from featurelib.release.layout_check import misplaced

        bundle, _ = bind_for_parity(find_target(self.target))
        if not bundle.layout.tensors:
            pytest.skip(f"{bundle.name} has no layout")
        rows = generate_rows(bundle, _ROWS, self.config.getoption("--featurelib-seed"))
        found = [*misplaced(bundle, rows), *_moved(Repository.look(self.config.rootpath), bundle)]
        assert not found, "\n".join(found)


def _moved(repository: Repository | None, bundle: Bundle) -> list[str]:
    """What differs from the layout of the release before, where the version may not move it."""
    from featurelib.layout_difference import differences
    from featurelib.release.gate_target import before
    from featurelib.release.versions import kind_of, parse

    old = None if repository is None else before(repository, bundle)
    if old is None:
        return []
    kind = kind_of(parse(old.bundle.version), parse(bundle.version))
    if kind == "major":
        return []
    return [
        f"{d.what}: {d.model} in {old.bundle.version}, {d.bundle} now; a {kind} version keeps it"
        for d in differences(old.bundle.layout, bundle.layout)
    ]


class ReleasesItem(SetItem):
    """Every released version still gives its golden rows, from the bundle beside them."""

    word = "releases"

    def runtest(self) -> None:
        """Replays them."""
        from featurelib.bundle import load
        from featurelib.release.findings import Finding, lines
        from featurelib.release.gate_golden import replay

        repository = Repository.look(self.config.rootpath)
        name = find_target(self.target).name
        there = [] if repository is None else [r for r in repository.recorded() if r.name == name]
        released = [r for r in there if r.bundle.is_file()]
        if not released:
            pytest.skip(f"{name} has no released version: golden rows with a bundle beside them")
        found: list[Finding] = []
        for recorded in released:
            replay(load(recorded.bundle), recorded.rows, found)
        assert not found, "\n".join(lines(found))


class OpsItem(SetItem):
    """The repository's own ops are kernel Python, and give their golden cases."""

    word = "ops"

    def reportinfo(self) -> tuple[Path, None, str]:
        """What pytest prints as the test's place."""
        return self.config.rootpath / "golden_data", None, self.name

    def runtest(self) -> None:
        """Looks at every op whose body stands in the repository."""
        from featurelib.release.findings import Finding, lines
        from featurelib.release.own_ops import check_ops, own_ops

        repository = Repository.look(self.config.rootpath)
        for target in self.config.getoption("--featurelib-set"):
            find_target(target)  # registers the ops that it uses
        own = [] if repository is None else own_ops(repository)
        if repository is None or not own:
            pytest.skip("the repository has no op of its own")
        found: list[Finding] = []
        check_ops(repository, own, found)
        assert not found, "\n".join(lines(found))


class LockItem(SetItem):
    """Nothing that was released has changed, and everything new is locked."""

    word = "lock"

    def reportinfo(self) -> tuple[Path, None, str]:
        """What pytest prints as the test's place."""
        return self.config.rootpath / self.name, None, self.name

    def runtest(self) -> None:
        """Checks the lock."""
        from featurelib.release.findings import lines
        from featurelib.release.lock import check

        repository = Repository.look(self.config.rootpath)
        if repository is None:
            pytest.skip("no pyproject.toml has a table [tool.featurelib]: there is no lock")
        if not repository.lock.is_file() and not any(repository.recorded()):
            pytest.skip("nothing is released, and nothing locked: featurelib lock")
        found: Any = check(repository)
        assert not found.findings, "\n".join(lines(found.findings))
