"""Hashes of bodies: equal meaning as written, equal hash, on every Python version.

A hash is over the syntax tree of a body and over everything that the body reaches by name: the
values of constants, the bodies of kernel functions and ops (and what these reach), the CPython
meaning of intrinsics. Comments, docstrings, layout and decorators are not in it. The tree is
printed by our own rules, because `ast.dump` changes from one Python to the next.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import linecache
import os
import struct
import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin
from weakref import WeakKeyDictionary

from featurelib.dtypes import DType
from featurelib.errors import DefinitionError
from featurelib.intrinsics import INTRINSICS
from featurelib.op import Op, TypeSet
from featurelib.op_hashes import PACKAGE, recorded_hashes

__all__ = ["body_hash", "hash_anew", "op_hash"]

_OPS = str(PACKAGE / "ops") + os.sep

_SKIPPED = {"annotation", "ctx", "decorator_list", "kind", "returns", "type_comment", "type_params"}
_LITERAL = (type(None), bool, int, float, str, bytes, tuple)


def op_hash(op: Op) -> str:
    """SHA-256 (hex) of an op: its name and version, its null rule and all of its bodies.

    An op of this distribution has its hash written down, which is read while its source is the
    one that was hashed (see `featurelib.op_hashes`).
    """
    ours = all(body.fn.__code__.co_filename.startswith(_OPS) for body in op.bodies)
    known = recorded_hashes().get(op.key) if ours else None
    return known or hash_anew(op)


def hash_anew(op: Op) -> str:
    """As `op_hash`, always made from the source."""
    parts = [op.key, op.nulls.value, *(body_hash(body.fn) for body in op.bodies)]
    return _digest("\n".join(parts))


def body_hash(fn: Callable[..., Any]) -> str:
    """SHA-256 (hex) of a body, kernel function or intrinsic, and of all that it reaches.

    Raises:
        DefinitionError: The source is not there, the function reaches itself, or it uses a name
            that is no constant, kernel function, op or intrinsic.
    """
    return _hash(fn, ())


_hashes: WeakKeyDictionary[Callable[..., Any], str] = WeakKeyDictionary()


def _hash(fn: Callable[..., Any], callers: tuple[Callable[..., Any], ...]) -> str:
    known = _hashes.get(fn)
    if known is not None:
        return known
    where = f"{fn.__module__}.{fn.__qualname__}"
    if fn in callers:
        raise DefinitionError(f"{where}: kernel Python has no recursion, and this reaches itself")
    tree = _tree(fn, where)
    lines = [_print(tree.args), _print(_without_docstring(tree.body))]
    lines += [f"{name}: {_annotation(a)}" for name, a in sorted(fn.__annotations__.items())]
    for name in sorted(set(_free_names(tree))):
        lines.append(f"{name} = {_meaning(_resolve(fn, name, where), where, (*callers, fn))}")
    return _hashes.setdefault(fn, _digest("\n".join(lines)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _tree(fn: Callable[..., Any], where: str) -> ast.FunctionDef:
    """The syntax tree of a function, found by the line that its code object knows."""
    code = fn.__code__
    trees = _functions("".join(linecache.getlines(code.co_filename)))
    tree = trees.get((fn.__name__, code.co_firstlineno))
    if tree is None:
        raise DefinitionError(
            f"{where}: its source is not in {code.co_filename}",
            hint="a body is written with `def` in a file or a notebook cell, not made by exec",
        )
    return tree


@cache
def _functions(source: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions of a module by name and first line (that of the first decorator)."""
    found = {}
    todo: list[ast.AST] = [ast.parse(source)]
    while todo:
        node = todo.pop()
        # Only statements hold functions, so expressions (large tables among them) are not entered.
        for part in ("body", "orelse", "handlers", "finalbody"):
            inside = getattr(node, part, None)
            todo += inside if isinstance(inside, list) else []
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[node.name, first] = node
    return found


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    has_one = isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", 0), str)
    return body[1:] if has_one else body


def _print(node: Any) -> str:
    """A tree as text: fields by name in alphabetical order, empty ones left out."""
    if isinstance(node, list):
        return "[" + ",".join(map(_print, node)) + "]"
    if isinstance(node, ast.Constant):
        return _literal(node.value)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        node = ast.Assign(targets=[node.target], value=node.value)
    if not isinstance(node, ast.AST):
        return _literal(node)
    given = [(f, getattr(node, f, None)) for f in _fields(node._fields)]
    inside = ",".join(f"{f}={_print(v)}" for f, v in given if v is not None and v != [])
    return f"{type(node).__name__}({inside})"


@cache
def _fields(names: tuple[str, ...]) -> list[str]:
    return sorted(name for name in names if name not in _SKIPPED)


def _literal(value: Any) -> str:
    """A constant with its type; a float by its bits."""
    if isinstance(value, float):
        return f"float:{struct.pack('>d', value).hex()}"
    if isinstance(value, tuple):
        return f"{type(value).__name__}:(" + ",".join(map(_literal, value)) + ")"
    if not isinstance(value, _LITERAL):
        raise DefinitionError(f"{value!r} ({type(value).__name__}) is no constant of kernel Python")
    return f"{type(value).__name__}:{value!r}"


def _free_names(tree: ast.FunctionDef) -> Iterator[str]:
    """Names that a function reads and does not bind (annotations and decorators aside)."""
    read, bound = [], {a.arg for a in ast.walk(tree.args) if isinstance(a, ast.arg)}
    stack: list[ast.AST] = [*tree.body, *tree.args.defaults, *filter(None, tree.args.kw_defaults)]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read.append(node.id)
            else:
                bound.add(node.id)
        elif isinstance(node, ast.AnnAssign):
            stack += [node.target, *filter(None, [node.value])]
        else:
            stack += ast.iter_child_nodes(node)
    return (name for name in read if name not in bound)


def _resolve(fn: Callable[..., Any], name: str, where: str) -> Any:
    if name in fn.__code__.co_freevars:
        cells = fn.__closure__ or ()
        return cells[fn.__code__.co_freevars.index(name)].cell_contents
    if name in fn.__globals__:
        return fn.__globals__[name]
    if hasattr(builtins, name):
        return getattr(builtins, name)
    raise DefinitionError(f"{where}: name {name!r} is not defined")


def _meaning(value: Any, where: str, callers: tuple[Callable[..., Any], ...]) -> str:
    """What a global name stands for, as text that changes when its meaning does."""
    if isinstance(value, Op):
        return f"op {_hash(value.bodies[0].fn, callers)}"
    if isinstance(value, types.FunctionType):
        known = INTRINSICS.get(value.__name__)
        if known is None or known.fn is not value:
            return f"function {_hash(value, callers)}"
        signature = f"{' '.join(known.args)} -> {known.result}"
        return f"intrinsic {known.name} {signature} {_hash(value, callers)}"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    if isinstance(value, type | types.BuiltinFunctionType):
        return f"builtin {value.__module__}.{value.__qualname__}"
    try:
        return _literal(value)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: {error}") from error


def _annotation(annotation: Any) -> str:
    """The type that an annotation means, however it is spelt."""
    if isinstance(annotation, TypeSet):
        names = "any" if annotation.names is None else " ".join(sorted(annotation.names))
        of = "" if annotation.elements is None else f" of {' '.join(sorted(annotation.elements))}"
        return f"{annotation.name} of {names}{of}"
    if get_origin(annotation) is Annotated:
        marks = [mark for mark in get_args(annotation) if isinstance(mark, DType)]
        return str(marks[0] if marks else annotation)
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
