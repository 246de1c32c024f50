"""How the pinned Unicode tables write sets of code points and mappings, read back."""

from __future__ import annotations

from collections.abc import Iterator


def read_class(runs: str) -> Iterator[tuple[int, int]]:
    """The ranges, both ends included, that are written as ``first-last`` or a code point."""
    for run in runs.split():
        first, _, last = run.partition("-")
        yield int(first, 16), int(last or first, 16)


def read_special(runs: str) -> dict[int, list[int]]:
    """What each code point becomes that is written as ``code>code.code``."""
    texts = (run.split(">") for run in runs.split())
    return {int(c, 16): [int(t, 16) for t in to.split(".")] for c, to in texts}


def read_mapping(runs: str) -> dict[int, int]:
    """What is added to each code point that changes; written as ``first-last/step+delta``."""
    changes: dict[int, int] = {}
    for run in runs.split():
        codes, slash, change = run.partition("/")
        if slash:
            first, last = (int(c, 16) for c in codes.split("-"))
            step, delta = int(change[0]), int(change[1:], 16)
        else:
            cut = max(codes.find("+"), codes.find("-"))
            first = last = int(codes[:cut], 16)
            step, delta = 1, int(codes[cut:], 16)
        changes.update(dict.fromkeys(range(first, last + 1, step), delta))
    return changes
