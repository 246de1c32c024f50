"""Replacements as Rust's regex crate reads them: `$1`, `$name`, `${name}`, `$$` for a dollar."""

from __future__ import annotations

import re

from featurelib.errors import DefinitionError
from featurelib.regex.one_pass import MAX_GROUPS
from featurelib.regex.pattern import read_pattern

_REFERENCE = re.compile(r"\$(?:\$|\{(?P<braced>[^}]*)\}|(?P<bare>[0-9A-Za-z_]+))")
"""A dollar before anything else is itself, as in Rust."""


def read_template(value: str, pattern: str) -> tuple[str, tuple[int, ...] | None]:
    """A replacement in the form that kernels read, and the groups of the pattern in it.

    In that form `$0` is the match, `$a` the first of these groups, `$b` the second, and `$$` a
    dollar. A replacement that refers to nothing is plain text, and the groups are None.

    Raises:
        DefinitionError: It refers to a group that the pattern does not have, or to too many.
    """
    pieces: list[str | int] = []
    at = 0
    for found in _REFERENCE.finditer(value):
        pieces.append(value[at : found.start()])
        at = found.end()
        pieces.append("$" if found[0] == "$$" else _number(found, value, pattern))
    pieces.append(value[at:])
    groups = tuple(dict.fromkeys(p for p in pieces if isinstance(p, int) and p > 0))
    if len(groups) > MAX_GROUPS:
        raise DefinitionError(
            f"the replacement {value!r} refers to {len(groups)} groups, at most {MAX_GROUPS} can be"
        )
    if not any(isinstance(p, int) for p in pieces):
        return "".join(map(str, pieces)), None
    names = {0: "0"} | {group: chr(ord("a") + k) for k, group in enumerate(groups)}
    written = (p.replace("$", "$$") if isinstance(p, str) else "$" + names[p] for p in pieces)
    return "".join(written), groups


def _number(found: re.Match[str], value: str, pattern: str) -> int:
    """The number of the group that a reference means."""
    read = read_pattern(pattern)
    name = found["bare"] if found["braced"] is None else found["braced"]
    is_number = name.isascii() and name.isdigit() and len(name) < 10
    number = int(name) if is_number else read.names.get(name, -1)
    if not 0 <= number <= read.n_groups:
        names = "".join(f", {n}" for n in read.names)
        raise DefinitionError(
            f"the replacement {value!r}, position {found.start()}: {found[0]} refers to a group, "
            f"and the pattern {pattern!r} has 0 to {read.n_groups}{names}",
            hint="a dollar itself is $$; before a letter or digit write the reference as ${1}",
        )
    return number
