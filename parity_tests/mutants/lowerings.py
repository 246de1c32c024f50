"""Mutants of native lowerings, judged by the tests of lowerings: the bits of the op's body.

A lowering that applies to fewer nodes than it could changes no value (the column kernel computes
the rest), so such a mutant is found only if its lowering applies to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from featurelib.body_hash import _tree
from featurelib_offline.native import registry
from parity_tests.mutants.bodies import in_place, reached
from parity_tests.mutants.changes import Mutant, changes
from parity_tests.offline.lowering_judge import differences

_PACKAGE = registry.__package__


def lowering_mutants() -> Iterator[Mutant]:
    """The mutants of every rule, and of what rules call."""
    readers: dict[Callable[..., Any], list[str]] = {}
    for key, lowering in registry.lowerings().items():
        for fn in reached(lowering.rule, _PACKAGE):
            readers.setdefault(fn, []).append(key)
    for fn, keys in readers.items():
        for change in changes(_tree(fn, fn.__qualname__)):
            yield Mutant(
                f"{fn.__module__}.{fn.__qualname__} {change.key}",
                partial(in_place, fn, change.tree),
                partial(_wrong, keys),
            )


def _wrong(keys: list[str]) -> str | None:
    for key in keys:
        tried = False
        try:
            for found in differences(key):
                if found:
                    return f"lowering {key}: other bits"
                tried |= found is not None
        except Exception as error:
            return f"lowering {key}: {type(error).__name__}"
        if not tried:
            return f"lowering {key}: never applies"
    return None
