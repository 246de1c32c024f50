"""What an expression can do, read from the registries of ops and methods."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.node import Node
from featurelib.op import METHODS, Body, Op, TypeSet, all_ops, public_names
from featurelib.op_packages import is_own

__all__ = ["Method", "all_methods", "family_of", "parameters", "type_sets", "type_text"]

_PYTHON_NAMES = {
    "b": "bool",
    "i": "int",
    "u": "int",
    "f": "float",
    "v": "builtins.str",
}


@dataclass(frozen=True)
class Method:
    """A method of expressions.

    Attributes:
        name: With its namespace: ``str.len_chars``.
        parameters: Each as text, as it stands in a signature after ``self``.
        doc: What it does.
        op: The op of the same name, if there is one.
        family: The module below ``featurelib.ops`` that has it, or ``analyzers``.
    """

    name: str
    parameters: tuple[str, ...]
    doc: str
    op: Op | None
    family: str

    @property
    def namespace(self) -> str:
        """``str`` of ``str.len_chars``; empty where there is none."""
        return self.name.rpartition(".")[0]

    @property
    def short(self) -> str:
        """The name within its namespace."""
        return self.name.rpartition(".")[2]


def all_methods() -> list[Method]:
    """Every method of this distribution, by name."""
    return [_method(name) for name in sorted(public_names()) if _is_own(name)]


def _is_own(name: str) -> bool:
    """Whether it is ours: a distribution with the entry point `featurelib.ops` may be installed."""
    fn = METHODS[name] if name in METHODS else newest_ops()[name].bodies[0].fn
    return is_own(fn)


def _method(name: str) -> Method:
    macro, op = METHODS.get(name), newest_ops().get(name)
    if macro is not None:
        fn, listed = macro, tuple(parameters(macro)[1:])
    else:
        assert op is not None
        fn, listed = op.bodies[0].fn, _of_body(op.bodies[0])
    doc = inspect.getdoc(fn) or (op.doc if op else "")
    if not doc:
        raise ValueError(f"method `{name}` has no docstring: write one in {fn.__module__}")
    return Method(name, listed, doc, op, family_of(fn))


def newest_ops() -> dict[str, Op]:
    """The newest version of every op, by name."""
    return {op.name: op for op in all_ops()}


def family_of(fn: Callable[..., Any]) -> str:
    """``temporal`` for what is in ``featurelib.ops.temporal.parts``."""
    parts = fn.__module__.split(".")
    return parts[2] if parts[1] == "ops" else parts[1]


def _of_body(body: Body) -> tuple[str, ...]:
    """Parameters of an op's method: other arguments by position only, constants by name."""
    names = inspect.signature(body.fn).parameters.values()
    positional = [p.name for p in names if p.kind is not p.KEYWORD_ONLY][1 : len(body.args)]
    listed = [f"{name}: IntoExpr" for name in positional]
    if listed:
        listed.append("/")
    if body.params:
        listed.append("*")
        listed += [f"{name}: {_PYTHON_NAMES[dtype.kind]}" for name, dtype in body.params]
    return tuple(listed)


def parameters(fn: Callable[..., Any]) -> list[str]:
    """The parameters of a macro as texts, with nodes shown as the expressions that users give."""
    hints = typing.get_type_hints(fn)
    listed: list[str] = []
    starred = False
    for p in inspect.signature(fn).parameters.values():
        if p.kind is p.KEYWORD_ONLY and not starred:
            listed.append("*")
            starred = True
        star = "*" if p.kind is p.VAR_POSITIONAL else ""
        starred = starred or bool(star)
        default = "" if p.default is p.empty else f" = {_default(p.default)}"
        listed.append(f"{star}{p.name}: {type_text(hints.get(p.name, Any))}{default}")
    return listed


def _default(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def type_text(annotation: Any) -> str:
    """A type as a stub spells it."""
    if annotation is Any or annotation is object:
        return "Any"
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is Node:
        return "Expr"
    if annotation is str:
        return "builtins.str"
    if annotation is Ellipsis:
        return "..."
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_text(inside[0])
    if origin is not None and inside and origin.__module__ in ("types", "typing"):
        texts = [type_text(a) for a in inside]
        return "Any" if "Any" in texts else " | ".join(texts)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(type_text, inside))}]"
    if isinstance(annotation, (DType, TypeSet)):
        return "Any"
    # A class of `datetime` by its full name: `date` alone is a method where stubs name it.
    module = "datetime." if annotation.__module__ == "datetime" else ""
    return f"{module}{annotation.__name__}"


def type_sets(ops: list[Op]) -> dict[str, list[str]]:
    """The named sets of types that signatures use, each with its types in the usual order."""
    order = list(dtypes.SCALARS)
    found: dict[str, list[str]] = {}
    for op in ops:
        for body in op.bodies:
            for pattern in (*body.args, body.result):
                if isinstance(pattern, TypeSet) and pattern.names and len(pattern.names) > 1:
                    listed = sorted(pattern.elements or pattern.names, key=order.index)
                    of = "Lists and Arrays of " if pattern.elements is not None else ""
                    found[pattern.name] = [of + listed[0], *listed[1:]]
    return dict(sorted(found.items()))
