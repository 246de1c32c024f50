"""The text methods that check or choose: what users call in the namespace `str`."""

from collections.abc import Sequence

from featurelib.dtypes import STRING
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import Node, apply, literal
from featurelib.op import method

_TO_THE_END = (1 << 63) - 1


def _integer(value: object, what: str, low: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
        raise DefinitionError(f"{what}: expected a constant integer, got {value!r}")
    if low is not None and value < low:
        raise DefinitionError(f"{what}: expected an integer >= {low}, got {value}")
    return value


@method("str.slice")
def _slice(s: Node, offset: int, length: int | None = None) -> Node:
    """Code points from `offset` (negative: from the end), `length` of them or all."""
    params = {
        "offset": _integer(offset, "str.slice, offset"),
        "length": _TO_THE_END if length is None else _integer(length, "str.slice, length", 0),
    }
    return apply("str.slice", (s,), params)


@method("str.head")
def _head(s: Node, n: int) -> Node:
    """The first n code points; if n is negative, all but the last -n."""
    return apply("str.head", (s,), {"n": _integer(n, "str.head, n")})


@method("str.tail")
def _tail(s: Node, n: int) -> Node:
    """The last n code points; if n is negative, all but the first -n."""
    return apply("str.tail", (s,), {"n": _integer(n, "str.tail, n")})


@method("str.strip_chars")
def _strip_chars(s: Node, characters: str | Node | None = None) -> Node:
    """Without white space (or the given characters) at both ends."""
    return apply("str.strip_chars", (s,) if characters is None else (s, characters), {})


@method("str.strip_chars_start")
def _strip_chars_start(s: Node, characters: str | Node | None = None) -> Node:
    """Without white space (or the given characters) at the beginning."""
    return apply("str.strip_chars_start", (s,) if characters is None else (s, characters), {})


@method("str.strip_chars_end")
def _strip_chars_end(s: Node, characters: str | Node | None = None) -> Node:
    """Without white space (or the given characters) at the end."""
    return apply("str.strip_chars_end", (s,) if characters is None else (s, characters), {})


@method("add")
def _add(a: Node | object, b: Node | object) -> Node:
    """Sum of numbers and times; texts are joined."""
    texts = any(isinstance(x, Node) and x.dtype.name == "String" for x in (a, b))
    return apply("concat" if texts else "add", (a, b), {})


@method("concat_str")
def concat_str(
    first: Node | Sequence[Node | str], *others: Node | str, separator: str = ""
) -> Node:
    """Texts joined from left to right, with a separator between; null where any is null."""
    if not isinstance(separator, str):
        raise DefinitionError(f"concat_str: expected a text as separator, got {separator!r}")
    parts = [*first, *others] if isinstance(first, (list, tuple)) else [first, *others]
    if not parts:
        raise DefinitionError("concat_str: expected at least one text, got none")
    for part in parts:
        if not isinstance(part, str) and not (isinstance(part, Node) and part.dtype == STRING):
            got = part.dtype if isinstance(part, Node) else repr(part)
            raise FeatureTypeError(
                f"`concat_str` takes String, got {got}", hint="turn it into text first"
            )
    joined = parts[0] if isinstance(parts[0], Node) else literal(parts[0])
    for part in parts[1:]:
        args = (joined, separator, part) if separator else (joined, part)
        joined = apply("concat", args, {})
    return joined
