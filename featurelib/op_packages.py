"""Ops of other distributions: registered by the entry point `featurelib.ops`, imported when needed.

    [project.entry-points."featurelib.ops"]
    acme = "acme_features.ops"

names a module that registers the ops of its distribution. It is imported when somebody asks for an
op or a method that is not registered, or for a list of all of them, and not before.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featurelib.op import Op

__all__ = [
    "GROUP",
    "OpPackage",
    "distribution_of",
    "distributions_of",
    "failures",
    "find_packages",
    "is_own",
    "load_packages",
]

GROUP = "featurelib.ops"
"""The group of the entry points."""

_failed: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class OpPackage:
    """A module that registers ops, by the entry point of an installed distribution.

    Attributes:
        distribution: The distribution, as pip knows it.
        version: Its version.
        module: The module.
    """

    distribution: str
    version: str
    module: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def find_packages() -> list[OpPackage]:
    """The modules that installed distributions name, by distribution; none is imported."""
    return list(_found(tuple((path, _changed_at(path)) for path in sys.path)))


def _changed_at(path: str) -> int | None:
    """When something was last installed there, or removed."""
    try:
        return os.stat(path or ".").st_mtime_ns
    except OSError:
        return None


@functools.lru_cache(4)
def _found(places: tuple[tuple[str, int | None], ...]) -> tuple[OpPackage, ...]:
    # It opens a file or two of each installed distribution: tens of milliseconds.
    from importlib.metadata import entry_points

    found = [
        OpPackage(point.dist.name, point.dist.version, point.module)
        for point in entry_points(group=GROUP)
        if point.dist is not None
    ]
    return tuple(sorted(found, key=lambda p: (p.distribution, p.module)))


def is_own(fn: Callable[..., Any]) -> bool:
    """Whether a body or macro is featurelib's own."""
    return fn.__module__.startswith("featurelib.")


def load_packages() -> None:
    """Imports every module that is not imported yet; `failures` tells of those that cannot be."""
    for package in find_packages():
        try:
            importlib.import_module(package.module)
        except Exception as error:  # one team's fault is no other's: who needs its ops is told
            _failed[package.module] = f"{type(error).__name__}: {error}"
        else:
            _failed.pop(package.module, None)


def failures() -> Iterator[str]:
    """For each distribution whose module could not be imported: which, and why."""
    for package in find_packages():
        if package.module in _failed:
            yield f"{package} names {package.module}, whose import fails: {_failed[package.module]}"


def distribution_of(module: str, packages: Iterable[OpPackage] | None = None) -> str | None:
    """The distribution of an op's module, None where no entry point is of its package.

    Args:
        module: Where a body is written. Of two distributions that share a namespace package, the
            one is meant whose entry point has more of the module's name.
        packages: What `find_packages` gave, if it was asked already.
    """
    path = module.split(".")
    best, found = 0, None
    for package in find_packages() if packages is None else packages:
        shared = 0
        for mine, its in zip(path, package.module.split("."), strict=False):
            if mine != its:
                break
            shared += 1
        if shared > best:
            best, found = shared, package.distribution
    return found


def distributions_of(ops: Iterable[Op]) -> dict[str, str]:
    """The distribution of each op that is not featurelib's own, by ``name@version``.

    An op that no entry point registers is left out: whoever loads its bundle imports it first.
    """
    others = {op.key: op.bodies[0].fn.__module__ for op in ops if not op.is_own}
    packages = find_packages() if others else []
    found = {key: distribution_of(module, packages) for key, module in others.items()}
    return {key: name for key, name in found.items() if name is not None}
