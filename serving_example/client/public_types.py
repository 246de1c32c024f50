"""What of the types of one public API breaks the callers of an older one.

griffe compares names, kinds and defaults, and no annotations. Here a parameter may take more than
before, and what is given back or lies in a field may be less: `int` may become `int | None` as an
argument, and `int | None` may become `int` as an answer. All else breaks somebody. A protocol is
written by callers: there every change of a type and every new member breaks who has written one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["retyped"]

_WIDER = {
    "bool": "int", "int": "float",
    "list": "Sequence", "tuple": "Sequence", "Sequence": "Collection", "set": "Collection",
    "frozenset": "Collection", "Collection": "Iterable", "dict": "Mapping",
}  # fmt: skip
"""What takes all of another type: the next wider one. bool and int as type checkers see them."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Typed(NamedTuple):
    """What has a type.

    Attributes:
        kind: What it is.
        annotation: None: there is none.
        protocol: The protocol that it is a member of; empty if of none.
    """

    kind: str
    annotation: ast.expr | None
    protocol: str


def retyped(old: str, new: str, module: str) -> list[str]:
    """The changes of types that break a caller, a line each.

    Args:
        old: The public API of a module as Python, as it was.
        new: As it is.
        module: Its name.
    """
    before, after = _typed(ast.parse(old), module), _typed(ast.parse(new), module)
    found = []
    for place, was in before.items():
        # What promised no type breaks none; what is gone is told by griffe.
        if was.annotation is not None and place in after:
            now = after[place].annotation
            if not _is_kept(was, now):
                shown = "nothing" if now is None else ast.unparse(now)
                said = f"({ast.unparse(was.annotation)}, now {shown})"
                found.append(f"{place}: {was.kind} type was changed {said}")
    known = {one.protocol for one in before.values()} - {""}
    for place in after.keys() - before.keys():
        member, _, argument = place.partition("(")
        # Of a new method its own line says enough.
        if after[place].protocol in known and not (argument and member not in before):
            found.append(f"{place}: who has written this protocol does not have it")
    return found


def _is_kept(was: _Typed, now: ast.expr | None) -> bool:
    assert was.annotation is not None
    if was.protocol:
        return now is not None and ast.dump(now) == ast.dump(was.annotation)
    if was.kind == "Parameter":
        return now is None or _takes(now, was.annotation)
    return now is not None and _takes(was.annotation, now)


def _typed(tree: ast.Module, module: str) -> dict[str, _Typed]:
    """What has a type, by its place."""
    return dict(_places(tree.body, module, ""))


def _places(body: list[ast.stmt], place: str, protocol: str) -> Iterator[tuple[str, _Typed]]:
    for one in body:
        if isinstance(one, ast.ClassDef):
            here = f"{place}.{one.name}"
            is_protocol = any(_parts(base)[0] == "Protocol" for base in one.bases)
            yield from _places(one.body, here, here if is_protocol else "")
        elif isinstance(one, _Function):
            here = f"{place}.{one.name}"
            yield here, _Typed("Return", one.returns, protocol)
            about = one.args
            given = [*about.posonlyargs, *about.args, *about.kwonlyargs, about.vararg, about.kwarg]
            for argument in filter(None, given):
                made = _Typed("Parameter", argument.annotation, protocol)
                yield f"{here}({argument.arg})", made
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield f"{place}.{one.target.id}", _Typed("Field", one.annotation, protocol)


def _takes(wide: ast.expr, narrow: ast.expr) -> bool:
    """Whether what has the second type may stand where the first one is asked for."""
    choices = list(_choices(wide))
    return all(any(_covers(one, part) for one in choices) for part in _choices(narrow))


def _choices(made: ast.expr) -> Iterator[ast.expr]:
    """The members of a union; itself, if it is none."""
    if isinstance(made, ast.BinOp) and isinstance(made.op, ast.BitOr):
        yield from _choices(made.left)
        yield from _choices(made.right)
    else:
        yield made


def _covers(wide: ast.expr, narrow: ast.expr) -> bool:
    (name, inner), (other, given) = _parts(wide), _parts(narrow)
    if name in ("Any", "object"):
        return True
    while other is not None and other != name:
        other = _WIDER.get(other)
    if other is None:
        return False
    if name != "tuple" == _parts(narrow)[0] and len(given) == 2 and given[1] == "...":
        given = given[:1]  # tuple[int, ...] is a Sequence[int]
    return inner == given


def _parts(made: ast.expr) -> tuple[str | None, list[str]]:
    """The name of a type and what stands in its brackets."""
    if not isinstance(made, ast.Subscript):
        return ast.unparse(made), []
    inner = made.slice.elts if isinstance(made.slice, ast.Tuple) else [made.slice]
    return ast.unparse(made.value), [ast.unparse(one) for one in inner]
