"""Expressions as flat rows: how a graph of any depth travels between processes.

A graph that refers to itself by nesting cannot be pickled when it is deep, so each call becomes one
row that names the calls before it by number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from featurelib.expr import Expr
from featurelib.operators import Source


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands for the expression of an earlier row."""

    row: int


Rows = tuple[tuple[Any, ...], ...]


def to_rows(root: Expr) -> Rows:
    """A row for each distinct call below an expression, arguments first."""
    number: dict[int, int] = {}
    rows: list[tuple[Any, ...]] = []
    stack = [root]
    while stack:
        expr = stack[-1]
        waiting = [e for e in inner(expr) if id(e) not in number]
        if id(expr) in number:
            stack.pop()
        elif waiting:
            stack.extend(waiting)
        else:
            stack.pop()
            args = tuple(_referred(a, number) for a in expr.args)
            params = tuple((k, _referred(v, number)) for k, v in expr.params)
            rows.append((expr.name, args, params, expr.source.file, expr.source.line))
            number[id(expr)] = len(rows) - 1
    return tuple(rows)


def from_rows(rows: Rows) -> Expr:
    """The expression of the last row."""
    made: list[Expr] = []
    for name, args, params, file, line in rows:
        made.append(
            Expr(
                name,
                tuple(_resolved(a, made) for a in args),
                tuple((k, _resolved(v, made)) for k, v in params),
                Source(file, line),
            )
        )
    return made[-1]


def inner(expr: Expr) -> list[Expr]:
    """The expressions that a call has as arguments, those in lists included."""
    found: list[Expr] = []
    stack: list[Any] = [*expr.args, *(v for _, v in expr.params)][::-1]
    while stack:
        value = stack.pop()
        if isinstance(value, Expr):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            stack.extend(reversed(value))
    return found


def _referred(value: Any, number: dict[int, int]) -> Any:
    if isinstance(value, Expr):
        return Ref(number[id(value)])
    return tuple(_referred(v, number) for v in value) if isinstance(value, tuple) else value


def _resolved(value: Any, made: list[Expr]) -> Any:
    if isinstance(value, Ref):
        return made[value.row]
    return tuple(_resolved(v, made) for v in value) if isinstance(value, tuple) else value
