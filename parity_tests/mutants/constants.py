"""Mutants of the constants that bodies read by name: one value, or one entry of a tuple, is off.

A constant is changed in its own module and in every other that imports it, as an edit of its line
would. What was computed from it on import stays as it was: that is a constant of its own.
"""

from __future__ import annotations

import ast
import inspect
import math
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from types import ModuleType
from typing import Any

from featurelib.op import Op
from parity_tests.mutants.bodies import constants_of, functions, killed_by, prepare
from parity_tests.mutants.changes import Mutant, moved

_ENTRIES = 8
"""Of a tuple so many entries are changed, the same in every run."""


def constant_mutants() -> Iterator[Mutant]:
    """The mutants of every constant that a body, or what it calls, reads."""
    readers: dict[tuple[str, str], tuple[Any, list[ModuleType], list[Op]]] = {}
    for fn, ops in functions().items():
        module = sys.modules[fn.__module__]
        for name, value in constants_of(fn).items():
            _, modules, asked = readers.setdefault((_home(module, name), name), (value, [], []))
            modules += [module] if module not in modules else []
            asked += [op for op in ops if op not in asked]
    for (home, name), (value, modules, asked) in readers.items():
        for what, changed in _changed(f"{home}.{name}", value):
            yield Mutant(
                f"{home}.{name}: {what}",
                partial(_replaced, modules, name, changed),
                partial(killed_by, asked),
                partial(prepare, asked),
            )


def _home(module: ModuleType, name: str) -> str:
    """The module that a name is assigned in: where an import of it leads."""
    source = _imports(module).get(name)
    return module.__name__ if source is None else _home(sys.modules[source], name)


@cache
def _imports(module: ModuleType) -> dict[str, str]:
    imports = [
        n for n in ast.parse(inspect.getsource(module)).body if isinstance(n, ast.ImportFrom)
    ]
    return {alias.name: n.module for n in imports for alias in n.names if n.module}


def _changed(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, tuple):
        yield from ((f"{value!r} -> {v!r}", v) for v in _values(value))
        return
    chosen = random.Random(key).sample(range(len(value)), min(_ENTRIES, len(value)))
    for i in sorted(chosen):
        for v in _values(value[i]):
            yield f"[{i}] {value[i]!r} -> {v!r}", (*value[:i], v, *value[i + 1 :])


def _values(value: Any) -> Iterator[Any]:
    yield from moved(value)
    if isinstance(value, float) and value and not math.isnan(value):
        yield -value


@contextmanager
def _replaced(modules: list[ModuleType], name: str, changed: Any) -> Iterator[None]:
    before = [vars(module)[name] for module in modules]
    for module in modules:
        setattr(module, name, changed)
    try:
        yield
    finally:
        for module, value in zip(modules, before, strict=True):
            setattr(module, name, value)
