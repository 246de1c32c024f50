"""What a mutant changes: one place in the syntax tree of a function, as a slip of the hand would.

A change is found by walking the tree in a fixed order, so its number and its text stay the same as
long as the function does.
"""

from __future__ import annotations

import ast
import copy
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
_COMMUTE = {
    f"{kind}_{name}" for kind in ("i64", "u64") for name in ("add", "mul", "and", "or", "xor")
} | {"u64_mulhi", "min", "max", "View"}
"""Calls whose arguments may be swapped without a change of meaning, and the name of a tuple."""
_TWINS = {
    "add": "sub", "sub": "add", "and": "or", "or": "and", "shl": "shr", "shr": "shl",
    "floor": "ceil", "ceil": "floor", "trunc": "floor", "div": "mod", "mod": "div",
    "floordiv": "mod", "rint": "trunc",
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Sub, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mod, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}  # fmt: skip
_METHODS = {
    "floor": "ceil", "ceil": "floor", "starts_with": "ends_with", "ends_with": "starts_with",
    "is_null": "is_not_null", "is_not_null": "is_null", "is_nan": "is_not_nan",
    "is_not_nan": "is_nan", "is_finite": "is_infinite", "is_infinite": "is_finite",
    "len_bytes": "len_chars", "len_chars": "len_bytes", "eq_missing": "eq",
    "ne_missing": "ne", "weekday": "day",
}  # fmt: skip
"""Methods of expressions that are taken for one another."""
_LEAST_FLOAT = 1e-6
"""A float constant is moved by this part of itself: more than a tolerance of 1 ulp hides."""


@dataclass(frozen=True)
class Mutant:
    """One change, and who may find it.

    Attributes:
        name: What names it in a list.
        put: Puts it in place, for as long as the context lasts.
        killed_by: What finds it while it is in place; None if nothing does.
        prepare: Takes what the unchanged code gives, before it is in place.
    """

    name: str
    put: Callable[[], AbstractContextManager[None]]
    killed_by: Callable[[], str | None]
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Change:
    """One mutant of a function.

    Attributes:
        line: Where it is, counted from the function's own line.
        what: What was changed into what.
        tree: The changed function.
    """

    line: int
    what: str
    tree: ast.FunctionDef

    @property
    def key(self) -> str:
        """What names it in a list."""
        return f"+{self.line}: {self.what}"


def changes(tree: ast.FunctionDef) -> Iterator[Change]:
    """Every mutant of a function, in the order of its text."""
    places = [n for n in _walk(tree) if isinstance(n, (ast.expr, ast.stmt))]
    for number, place in enumerate(places):
        for edit in _edits(place):
            made = copy.deepcopy(tree)
            target = [n for n in _walk(made) if isinstance(n, (ast.expr, ast.stmt))][number]
            before = ast.unparse(target)
            edit(target)
            ast.fix_missing_locations(made)
            after = ast.unparse(target)
            if isinstance(target, (ast.If, ast.While)):
                before, after = before.partition(":")[0], after.partition(":")[0]
            yield Change(place.lineno - tree.lineno, f"{before} -> {after}", made)


def _walk(tree: ast.FunctionDef) -> Iterator[ast.AST]:
    """Nodes of the statements, in order; annotations, defaults and the docstring left out."""
    body = tree.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", 0), str):
        body = body[1:]
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        inside = [c for c in ast.iter_child_nodes(node) if not isinstance(c, ast.expr_context)]
        if isinstance(node, ast.AnnAssign):
            inside = [c for c in inside if c is not node.annotation]
        stack += reversed(inside)


def _edits(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in _COMPARED.get(type(node.ops[0]), ()):
            yield lambda n, other=other: setattr(n, "ops", [other()])
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield lambda n: setattr(n, "op", other())
        for i in range(len(node.values)):
            # A check that was forgotten.
            yield lambda n, i=i: n.values.__setitem__(i, ast.Constant(isinstance(n.op, ast.And)))
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            yield lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
        elif isinstance(node.op, (ast.USub, ast.Invert)):
            yield lambda n: setattr(n, "op", ast.UAdd())
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        twin = _OPERATORS[type(node.op)]
        yield lambda n: setattr(n, "op", twin())
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.If):
        yield lambda n: setattr(n, "test", ast.Constant(False))
        yield lambda n: setattr(n, "test", ast.Constant(True))
    elif isinstance(node, ast.IfExp):
        yield lambda n: setattr(n, "body", n.orelse)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        flag = node.value.elts[-1]
        if len(node.value.elts) == 2 and not isinstance(flag, ast.Constant):
            # A null check that was dropped.
            yield lambda n: n.value.elts.__setitem__(1, ast.Constant(True))


def _constants(value: object) -> Iterator[Callable[[ast.AST], None]]:
    for other in moved(value):
        yield lambda n, other=other: setattr(n, "value", other)


def moved(value: object) -> Iterator[Any]:
    """What stands for a constant after a slip: the other truth value, one more or less, near."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif isinstance(value, float) and math.isfinite(value):
        yield value * (1 + _LEAST_FLOAT) if value else 1.0


def _calls(node: ast.Call) -> Iterator[Callable[[ast.AST], None]]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        method = _METHODS[node.func.attr]
        yield lambda n: setattr(n.func, "attr", method)
    if not isinstance(node.func, ast.Name):
        return
    name, args = node.func.id, node.args
    kind, _, verb = name.rpartition("_")
    if verb in _TWINS and kind in ("i64", "u64", "f64") and (kind, verb) != ("f64", "div"):
        other = f"{kind}_{_TWINS[verb]}"
        yield lambda n: setattr(n.func, "id", other)
    differ = len(args) == 2 and ast.dump(args[0]) != ast.dump(args[1])
    if differ and name not in _COMMUTE:
        yield lambda n: n.args.reverse()
