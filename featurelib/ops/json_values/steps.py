"""The steps of a path into JSON, as an author writes them and as kernels read them.

A path travels as text, step after step: `k`, the number of bytes of a name, a colon and the name;
or `i`, a place and a colon.
"""

import re

from featurelib.dtypes import Bool, Int64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import View, i64_add, i64_mul, i64_sub, load_u8
from featurelib.op import kernel_function
from featurelib.ops.json_values.grammar import QUOTE, ZERO, next_char
from featurelib.ops.utf8 import char_at, char_width

NAME, PLACE, COLON = 107, 105, 58
DEEPEST = 63
"""Containers that may be open, a bit each, and steps of a path."""
_STEP = re.compile(
    r"\.(?P<name>[^\W\d]\w*)|\[(?P<place>\d{1,9})\]"
    r"|\['(?P<single>[^'\\]*)'\]|\[\"(?P<double>[^\"\\]*)\"\]",
    re.ASCII,
)


@kernel_function
def step(path: View, k: Int64) -> tuple[Int64, Int64, Int64]:
    """Step k of a path: what it is (0 for none), its number, and where its name begins.

    What no definition writes ends the path.
    """
    at, kind, number = path.start, 0, 0
    while k >= 0 and at < path.stop:
        kind, number = load_u8(path.buf, at), 0
        at = i64_add(at, 1)
        while at < path.stop and load_u8(path.buf, at) != COLON:
            number = i64_add(i64_mul(number, 10), i64_sub(load_u8(path.buf, at), ZERO))
            at = i64_add(at, 1)
        at = i64_add(at, 1)
        if k > 0:
            skipped = number if kind == NAME and number > 0 else 0
            at = i64_add(at, skipped) if skipped <= i64_sub(path.stop, at) else path.stop
            kind = 0
        k = i64_sub(k, 1)
    if k >= 0 or (kind != NAME and kind != PLACE):
        return 0, 0, at
    is_inside = number >= 0 and (kind == PLACE or number <= i64_sub(path.stop, at))
    return kind if is_inside else 0, number, at


@kernel_function
def is_name(s: View, at: Int64, path: View, k: Int64) -> Bool:
    """Whether the string that begins at a place (after its quote) is the name of step k."""
    kind, number, start = step(path, k)
    if kind != NAME:
        return False
    there, stop = start, i64_add(start, number)
    same = True
    while same and load_u8(s.buf, at) != QUOTE:
        char, at = next_char(s, at)
        same = there < stop and char == char_at(path.buf, there)
        if same:
            there = i64_add(there, char_width(load_u8(path.buf, there)))
    return same and there == stop


@kernel_function
def is_place(index: Int64, path: View, k: Int64) -> Bool:
    kind, number, _start = step(path, k)
    return kind == PLACE and number == index


def written_steps(path: object) -> str:
    """A path in the form of the head of this module."""
    what = "`str.json_path_match`"
    if not isinstance(path, str) or not path.startswith("$"):
        raise DefinitionError(f"{what}: expected a constant path that begins with $, got {path!r}")
    made, at = [], 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise DefinitionError(
                f"{what}: expected .name, ['name'] or [0] at position {at} of {path!r}",
                hint="wildcards, slices, filters and places from the end are not read",
            )
        place = found["place"]
        if place is not None:
            made.append(f"i{int(place)}:")
        else:
            name = found[found.lastgroup or "name"]
            made.append(f"k{len(name.encode())}:{name}")
        at = found.end()
    if len(made) > DEEPEST:
        raise DefinitionError(f"{what}: expected at most {DEEPEST} steps, got {len(made)}")
    return "".join(made)
