"""The rules of kernel Python as a check over syntax trees.

CPython and machine code part ways on plain integer arithmetic, shifts, division, and comparison of
one kind of number with another. So a body uses none of these; the check names each place.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

from featurelib.intrinsics import INTRINSICS, View
from featurelib.op import Op

__all__ = ["body_functions", "offences"]

_ALLOWED = (
    ast.AnnAssign, ast.Assign, ast.AugAssign, ast.BinOp, ast.BoolOp, ast.Break, ast.Call,
    ast.Compare, ast.Constant, ast.Continue, ast.Expr, ast.For, ast.If, ast.IfExp, ast.keyword,
    ast.Name, ast.Pass, ast.Return, ast.Subscript, ast.Tuple, ast.UnaryOp, ast.While, ast.Attribute,
    ast.expr_context, ast.boolop, ast.Add, ast.Sub, ast.Mult, ast.USub, ast.Not,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_FIELDS_OF_VIEW = {"buf", "start", "stop"}
_BUILTINS = {"range", "len"}
_CONSTANTS = (bool, int, float, tuple)


def body_functions(op: Op) -> list[Callable[..., Any]]:
    """The bodies of an op, and every kernel function and body of an op that they reach.

    Args:
        op: The op.
    """
    found: dict[Callable[..., Any], None] = {}
    todo = [body.fn for body in op.bodies]
    while todo:
        fn = todo.pop()
        if fn in found:
            continue
        found[fn] = None
        for name in _names_read(_function_tree(fn)):
            value = fn.__globals__.get(name)
            if isinstance(value, Op):
                todo.append(value.bodies[0].fn)
            elif _is_kernel_function(value):
                todo.append(value)
    return list(found)


def _is_kernel_function(value: Any) -> TypeGuard[Callable[..., Any]]:
    return bool(getattr(value, "__kernel_function__", False))


def _function_tree(fn: Callable[..., Any]) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(fn))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def _statements(tree: ast.FunctionDef) -> list[ast.stmt]:
    """What runs: the body without its docstring."""
    return tree.body[1:] if ast.get_docstring(tree) is not None else tree.body


def _names_read(tree: ast.FunctionDef) -> set[str]:
    nodes = [n for stmt in _statements(tree) for n in _walk(stmt)]
    bound = {a.arg for a in ast.walk(tree.args) if isinstance(a, ast.arg)}
    bound |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return {n.id for n in nodes if isinstance(n, ast.Name)} - bound


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run: annotations of locals do not."""
    yield node
    for field, child in ast.iter_fields(node):
        if field == "annotation":
            continue
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, ast.AST):
                yield from _walk(part)


def offences(fn: Callable[..., Any]) -> list[str]:
    """What in a function is no kernel Python, each with its line.

    Args:
        fn: A body or kernel function; what it calls is not looked into (`body_functions`).
    """
    tree, first = _function_tree(fn), fn.__code__.co_firstlineno
    found = []

    def refuse(node: ast.AST, what: str) -> None:
        line = first + getattr(node, "lineno", 1) - 1
        found.append(f"{fn.__module__}.{fn.__qualname__}, line {line}: {what}")

    if fn.__closure__:
        refuse(tree, "it closes over a local name: machine code sees globals only")
    for stmt in _statements(tree):
        for node in _walk(stmt):
            if not isinstance(node, _ALLOWED):
                refuse(node, f"{type(node).__name__} is no kernel Python")
            elif isinstance(node, ast.Attribute) and node.attr not in _FIELDS_OF_VIEW:
                refuse(node, f"attribute .{node.attr}: only those of a view are read")
            elif isinstance(node, ast.For) and not _is_range(node.iter):
                refuse(node, "a loop runs over range(...)")
            elif isinstance(node, ast.For | ast.While) and node.orelse:
                refuse(node, "a loop has no else")
            elif isinstance(node, ast.Compare) and len(node.ops) > 1:
                refuse(node, "a chained comparison: write `and`")
            elif isinstance(node, ast.Constant) and not _is_constant(node.value):
                refuse(node, f"constant {node.value!r}")
    for name in sorted(_names_read(tree)):
        what = _name_offence(fn, name)
        if what:
            refuse(tree, what)
    return found


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range"


def _is_constant(value: Any) -> bool:
    """Of a kind: bool, float, or an integer of 64 bits."""
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 64
    if type(value) is tuple:
        return all(map(_is_constant, value))
    return type(value) in (bool, float)


def _name_offence(fn: Callable[..., Any], name: str) -> str | None:
    """Why a global name may not stand in a body, None if it may."""
    if name not in fn.__globals__:
        known = name in _BUILTINS and hasattr(builtins, name)
        return None if known else f"name `{name}` is no constant, kernel function or intrinsic"
    value = fn.__globals__[name]
    if isinstance(value, Op) or value is View or _is_kernel_function(value):
        return None
    if isinstance(value, types.FunctionType):
        known = name in INTRINSICS and INTRINSICS[name].fn is value
        return None if known else f"function `{name}` is no @kernel_function and no intrinsic"
    if isinstance(value, _CONSTANTS) and _is_constant(value):
        return None
    return f"name `{name}` is a {type(value).__name__}: not a constant of kernel Python"
