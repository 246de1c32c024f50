"""Features: pure functions of columns, traced once where they are written."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

from featurelib.errors import DefinitionError, TraceError
from featurelib.expr import Expr, Then
from featurelib.operators import Source

_CONSTANTS = (bool, int, float, str, bytes, type(None), types.FunctionType, types.ModuleType, type)
_CONTROL = frozenset(map(chr, (*range(32), *range(127, 160))))
"""Characters that would break the lines of an explanation, a trace or a log."""


@dataclass(frozen=True, eq=False)
class Feature:
    """A named, versioned expression over input columns and other features.

    Made by the decorator `feature`, or directly in bulk:
    ``fl.Feature(f"lag_{k}", version=1, expr=fl.col("views") / k)``.

    Attributes:
        name: The output's name.
        version: Raised whenever a value may change.
        expr: The traced graph.
        description: Meaning, from the docstring by default.
        owner: Who answers for it.
        tags: Free words for finding it.
        source: Where it was written.
    """

    name: str
    version: int
    expr: Expr
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    source: Source | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not _CONTROL.isdisjoint(self.name):
            raise DefinitionError(
                f"a feature needs a name, got {self.name!r}", hint="a name is text on one line"
            )
        if not isinstance(self.version, int) or isinstance(self.version, bool) or self.version < 1:
            raise DefinitionError(
                f"feature `{self.name}`: expected version >= 1, got version={self.version!r}"
            )
        if not isinstance(self.expr, Expr):
            raise DefinitionError(
                f"feature `{self.name}`: expected an expression, got {self.expr!r} "
                f"({type(self.expr).__name__})",
                hint=_way_out(self.expr),
            )
        object.__setattr__(self, "tags", tuple(self.tags))

    def __repr__(self) -> str:
        return f"<feature {self.name}@{self.version}>"


def _way_out(made: Any) -> str:
    """What to write instead of something that is no expression."""
    if isinstance(made, Then):
        return "end it with .otherwise(value), or .otherwise(None) for null"
    if isinstance(made, types.FunctionType):
        return f"call it: x.{made.__name__}()"
    return "return an expression of the columns: a constant is fl.lit(value)"


@overload
def feature(
    fn: None = None,
    *,
    version: int,
    name: str | None = None,
    owner: str = "",
    tags: tuple[str, ...] | list[str] = (),
) -> Callable[[Callable[..., Any]], Feature]: ...


@overload
def feature(
    fn: Callable[..., Any],
    *,
    version: int,
    name: str | None = None,
    owner: str = "",
    tags: tuple[str, ...] | list[str] = (),
) -> Feature: ...


def feature(
    fn: Callable[..., Any] | None = None,
    *,
    version: int,
    name: str | None = None,
    owner: str = "",
    tags: tuple[str, ...] | list[str] = (),
) -> Feature | Callable[[Callable[..., Any]], Feature]:
    """Decorator: a function of columns becomes a `Feature`.

    The function is called once, here, with an expression for each parameter, named like the
    parameter: an input column or another feature of the set.

    Args:
        fn: The function; given by the decorator syntax.
        version: Raised whenever a value may change.
        name: The feature's name, by default the function's.
        owner: Who answers for it.
        tags: Free words for finding it.

    Raises:
        TraceError: The function does something that cannot be traced (`if`, `and`, `is None`,
            `float(x)`, ...), or closes over something mutable.
    """

    def make(function: Callable[..., Any]) -> Feature:
        label = name or function.__name__
        _refuse_mutable_scope(function, label)
        _refuse_syntax(function, label)
        code = function.__code__
        source = Source(code.co_filename, code.co_firstlineno)
        columns = {}
        for p in inspect.signature(function).parameters.values():
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                raise TraceError(
                    f"feature `{label}`: *{p.name} names no column",
                    hint='name each column as a parameter, or use fl.col("name")',
                )
            columns[p.name] = Expr("column", (p.name,), (), source)
        made = function(**columns)
        return Feature(
            label,
            version,
            made,
            inspect.getdoc(function) or "",
            owner,
            tuple(tags),
            source,
        )

    return make if fn is None else make(fn)


def _refuse_mutable_scope(function: Callable[..., Any], label: str) -> None:
    """A feature may use constants of its surroundings, captured by value; nothing that changes."""
    scope = inspect.getclosurevars(function)
    for name, value in {**scope.globals, **scope.nonlocals}.items():
        if not _is_constant(value):
            raise TraceError(
                f"feature `{label}` uses `{name}`, a {type(value).__name__} that may change",
                hint="use a constant (number, text, tuple, frozenset) instead",
            )


def _is_constant(value: Any) -> bool:
    if isinstance(value, (tuple, frozenset)):
        return all(_is_constant(v) for v in value)
    if isinstance(value, _CONSTANTS):
        return True
    # Anything of this library (ops, type aliases), and callables such as partials, is a value.
    return type(value).__module__.split(".")[0] in ("featurelib", "typing", "datetime") or callable(
        value
    )


def _refuse_syntax(function: Callable[..., Any], label: str) -> None:
    """`x is None` never reaches the expression, so it is found in the syntax tree."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return  # typed at a prompt: there is no source to look at
    names = set(inspect.signature(function).parameters)
    first = function.__code__.co_firstlineno
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            continue
        if isinstance(node.left, ast.Name) and node.left.id in names:
            word = "is_null" if isinstance(node.ops[0], ast.Is) else "is_not_null"
            where = f"{function.__code__.co_filename}:{first + node.lineno - 1}"
            raise TraceError(
                f"{where}: feature `{label}` asks `{ast.unparse(node)}` of an expression",
                hint=f"use {node.left.id}.{word}()",
            )


__all__ = ["Feature", "feature"]
