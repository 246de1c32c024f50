"""A value out of JSON text by its path: names and places, as in `$.items[0].price`.

The text is read once, by the grammar of RFC 8259, and must be one JSON value as a whole: what is
malformed, or nested deeper than 63, gives null. Of a name that an object has twice the last counts,
as in Polars and Python.
"""

from typing import Any

from featurelib.dtypes import Bool, Int64, String
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_and,
    i64_or,
    i64_shl,
    i64_shr,
    i64_sub,
    load_u8,
)
from featurelib.node import Node, apply
from featurelib.op import Arena, Nulls, kernel_function, method, op
from featurelib.ops.casing import _put_char
from featurelib.ops.json_values.grammar import (
    BACKSLASH,
    LETTER_N,
    QUOTE,
    next_char,
    scalar_stop,
    space_stop,
    string_stop,
)
from featurelib.ops.json_values.steps import DEEPEST, is_name, is_place, step, written_steps

COLON, COMMA, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE = 58, 44, 91, 93, 123, 125


@kernel_function
def _key_stop(s: View, at: Int64) -> tuple[Int64, Int64]:
    """Where the string of a member's name begins, and the place after its colon, -1 for none."""
    at = space_stop(s, at)
    if at >= s.stop or load_u8(s.buf, at) != QUOTE:
        return at, -1
    start = i64_add(at, 1)
    stop = string_stop(s, start)
    if stop < 0:
        return start, -1
    stop = space_stop(s, stop)
    if stop >= s.stop or load_u8(s.buf, stop) != COLON:
        return start, -1
    return start, i64_add(stop, 1)


@kernel_function
def _find_value(s: View, path: View) -> tuple[Int64, Int64, Bool]:
    """Where the value of a path begins and ends; whether there is one, and the text is JSON.

    `depth` containers are open, and `matched` steps of the path lead to the value at hand, or to
    the innermost open container that lies on it.
    """
    n = 0
    kind, _number, _start = step(path, n)
    while kind != 0 and n <= DEEPEST:
        n = i64_add(n, 1)
        kind, _number, _start = step(path, n)
    at, depth, matched, objects, index = s.start, 0, 0, 0, 0
    start, stop, found = s.start, s.start, False
    going, valid = True, True
    while going:
        at = space_stop(s, at)
        byte = load_u8(s.buf, at) if at < s.stop else 0
        if matched == depth and depth == n:
            start = at
        opens, in_object = byte == OPEN or byte == OPEN_LIST, byte == OPEN
        if opens:
            valid = depth < DEEPEST
            at = space_stop(s, i64_add(at, 1))
            close = CLOSE if in_object else CLOSE_LIST
            if at < s.stop and load_u8(s.buf, at) == close:
                at = i64_add(at, 1)
                opens = False
            else:
                depth = i64_add(depth, 1)
                objects = i64_or(i64_shl(objects, 1), 1 if in_object else 0)
                index = 0 if matched == i64_sub(depth, 1) else index
        elif at < s.stop:
            at = scalar_stop(s, at)
            valid = at >= 0
        else:
            valid = False
        # The value has ended, and with it perhaps the containers around it.
        ended = valid and not opens
        while ended:
            if matched == depth:
                if depth == n:
                    stop = at
                    found = True
                if depth > 0:
                    matched = i64_sub(matched, 1)
                    _kind, index, _start = step(path, matched)
            at = space_stop(s, at)
            byte = load_u8(s.buf, at) if at < s.stop else 0
            in_object = i64_and(objects, 1) == 1
            going, ended = depth > 0, False
            if not going:
                valid = at == s.stop
            elif byte == COMMA:
                at = i64_add(at, 1)
                index = i64_add(index, 1) if matched == i64_sub(depth, 1) else index
            elif byte == (CLOSE if in_object else CLOSE_LIST):
                at = i64_add(at, 1)
                depth = i64_sub(depth, 1)
                objects = i64_shr(objects, 1)
                ended = True
            else:
                valid = False
        going = going and valid
        # A member begins: its name, or its place, may be the next step.
        is_near = going and matched == i64_sub(depth, 1)
        is_step = False
        if going and in_object:
            key, at = _key_stop(s, at)
            valid = at >= 0
            going = valid
            is_step = is_near and valid and is_name(s, key, path, matched)
        elif is_near:
            is_step = is_place(index, path, matched)
        if is_step:
            matched = i64_add(matched, 1)
            found = False
    return start, stop, found and valid


@op(
    "str.json_path_match",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    device_reason="text that makes text",
)
def json_path_match(s: String, path: String, arena: Arena) -> String:
    """The value of a path in JSON text, a string without its quotes; null where there is none."""
    start, stop, found = _find_value(s, path)
    if not found or load_u8(s.buf, start) == LETTER_N:
        return View(s.buf, s.start, s.start), False
    if load_u8(s.buf, start) != QUOTE:
        return _within(View(s.buf, start, stop), arena_limit(arena))
    return _unquoted(View(s.buf, i64_add(start, 1), i64_sub(stop, 1)), arena)


@kernel_function
def _within(s: View, limit: Int64) -> tuple[View, Bool]:
    """A piece of the text, if it is not over the row limit."""
    fits = i64_sub(s.stop, s.start) <= limit
    return View(s.buf, s.start, s.stop if fits else s.start), fits


@kernel_function
def _unquoted(s: View, arena: Any) -> tuple[View, Bool]:
    """What a string says; no escape is shorter than what it stands for."""
    limit, at = arena_limit(arena), s.start
    while at < s.stop and load_u8(s.buf, at) != BACKSLASH:
        at = i64_add(at, 1)
    if at == s.stop:
        return _within(s, limit)
    most = i64_sub(s.stop, s.start)
    most = most if most < limit else limit
    out = View(arena_reserve(arena, most), 0, most)
    at, made = s.start, 0
    while at < s.stop:
        char, at = next_char(s, at)
        made = _put_char(out, made, char)
    return View(out.buf, 0, made if made <= limit else 0), made <= limit


@method("str.json_path_match")
def _json_path_match(s: Node, path: str) -> Node:
    """The value of a path in JSON text, as text: a string without its quotes and escapes.

    Every other value stands as it is written, numbers, objects and lists with their white space.
    Null where the path leads to nothing or to null, where the text is no JSON (RFC 8259) from its
    beginning to its end, where it is nested deeper than 63, and over the row limit. Of a name that
    an object has twice the last counts. Read numbers with ``.cast(fl.Float64)``.

    Args:
        s: A text.
        path: A constant: ``$``, then names (``.price``, ``['unit price']``) and places from 0
            (``[0]``).

    Raises:
        DefinitionError: The path is none of these: wildcards, slices, filters and places from the
            end are not read.
    """
    return apply(json_path_match, (s, written_steps(path)))
