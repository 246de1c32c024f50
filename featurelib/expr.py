"""Traced expressions: what a feature function builds when it is called once with placeholders.

An `Expr` is an immutable record of a call: method, arguments, parameters, source line. It knows no
types; these come when a `FeatureSet` replays it on its input schema (`featurelib.program`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from featurelib.errors import TraceError
from featurelib.operators import Operators, Source, caller

if TYPE_CHECKING:
    # Generated from the registry of ops, for editors and type checkers.
    from featurelib.expr_methods import ExprMethods as _Methods
else:
    _Methods = Operators

E = TypeVar("E")
_SHOWN_DEPTH = 12


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Expr(_Methods):
    """One recorded call.

    Attributes:
        name: ``column`` (the one argument is its name), ``analyze`` (the parameter `analyzer` says
            which), or a method.
        args: Expressions, lists of them, or plain Python values.
        params: Keyword arguments.
        source: The author's line.
    """

    name: str
    args: tuple[Any, ...]
    params: tuple[tuple[str, Any], ...]
    source: Source

    def _call(self, name: str, args: tuple[Any, ...], params: dict[str, Any]) -> Expr:
        return record(name, args, params)

    def __repr__(self) -> str:
        return _shown(self, _SHOWN_DEPTH)

    def __reduce__(self) -> Any:
        from featurelib.expr_rows import from_rows, to_rows

        return from_rows, (to_rows(self),)


def record(name: str, args: tuple[Any, ...], params: dict[str, Any]) -> Expr:
    """An expression for a call, with the author's line."""
    named = tuple((k, _frozen(v)) for k, v in sorted(params.items()))
    return Expr(name, tuple(map(_frozen, args)), named, caller())


def _frozen(value: Any) -> Any:
    """What the author may change later is copied; a set gets the one order of its values."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    return tuple(sorted(value, key=repr)) if isinstance(value, (set, frozenset)) else value


def _shown(value: Any, depth: int) -> str:
    """An expression as text, cut off below a depth: graphs may be thousands of calls deep."""
    if isinstance(value, tuple):
        return f"({', '.join(_shown(v, depth) for v in value)}{',' * (len(value) == 1)})"
    if not isinstance(value, Expr):
        return repr(value)
    if value.name == "column":
        return f"col({value.args[0]!r})"
    if depth == 0:
        return f"{value.name}(...)"
    args = [_shown(a, depth - 1) for a in value.args]
    params = [f"{k}={_shown(v, depth - 1)}" for k, v in value.params]
    return f"{value.name}({', '.join(args + params)})"


def col(name: str) -> Expr:
    """An input column, or another feature of the set, by name."""
    if not isinstance(name, str) or not name:
        raise TraceError(f"{caller()}: col() takes a name, got {name!r}")
    return record("column", (name,), {})


def element() -> Expr:
    """An element of the list, in the expression that `list.eval` or `list.filter` is given."""
    return record("element", (), {})


def lit(value: Any) -> Expr:
    """A constant as an expression, of the type that its Python type has (int is Int64)."""
    return record("literal", (value,), {})


def apply(op: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """An op called on expressions or nodes: recorded, or typed at once."""
    if contains(args, Expr):
        return record(op.name, args, params)
    from featurelib.node import apply as apply_nodes

    return apply_nodes(op, args, params)


def contains(value: Any, kind: type) -> bool:
    """Whether an object of that class is in (nested) arguments."""
    if isinstance(value, (tuple, list)):
        return any(contains(v, kind) for v in value)
    if isinstance(value, dict):
        return any(contains(v, kind) for v in value.values())
    return isinstance(value, kind)


@dataclass(frozen=True, slots=True)
class When(Generic[E]):
    """``fl.when(condition)``: wants ``.then(value)``."""

    condition: E
    before: tuple[tuple[E, Any], ...] = ()

    def then(self, value: Any) -> Then[E]:
        """The value where the condition is true."""
        return Then((*self.before, (self.condition, value)))


@dataclass(frozen=True, slots=True)
class Then(Generic[E]):
    """After ``.then``: another ``.when``, or ``.otherwise`` to end the chain."""

    branches: tuple[tuple[E, Any], ...]

    def when(self, condition: E) -> When[E]:
        """The next condition, looked at where the ones before are not true."""
        return When(condition, self.branches)

    def otherwise(self, value: Any) -> E:
        """The value where no condition is true (a null condition is not true)."""
        result = value
        for condition, then in reversed(self.branches):
            chooser: Any = condition
            result = chooser._call("if_else", (condition, then, result), {})
        return cast("E", result)


def when(condition: E) -> When[E]:
    """Starts a conditional: ``fl.when(c).then(a).when(d).then(b).otherwise(e)``.

    Types of the branches must be equal or numeric (they meet in their supertype). Without
    ``.otherwise(...)`` there is no expression: say ``.otherwise(None)`` for null.
    """
    if not getattr(condition, "is_expr", False):
        raise TraceError(f"{caller()}: when() takes an expression, got {condition!r}")
    return When(condition)
