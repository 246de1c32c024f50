"""Sources of real op families, written anew with other words or with another meaning.

A family's source is changed as a syntax tree or as text, run as a module of another name, and its
ops are hashed. What it registers is forgotten afterwards.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import hashlib
import importlib.util
import random
import types
from collections.abc import Iterator
from pathlib import Path

from featurelib.body_hash import hash_anew
from featurelib.op import _REGISTRY, METHODS, Op
from featurelib.ops import conditional, rounding, text
from featurelib.tables import ENCODERS
from parity_tests.registry import every_op

FAMILIES = {
    Path(str(m.__file__)).stem: Path(str(m.__file__)) for m in (conditional, rounding, text)
} | {
    name: Path(str(rounding.__file__)).parent / f"{name}.py"
    for name in ("arithmetic", "cast", "comparison", "geo", "hashing", "logic", "encode")
}
WORDS = ("# changed", "# another comment, with 1.0 and x > 0")


@contextlib.contextmanager
def registries() -> Iterator[None]:
    """Ops, methods and encoders are afterwards what they were."""
    kept = {name: dict(versions) for name, versions in _REGISTRY.items()}
    methods, encoders = dict(METHODS), dict(ENCODERS)
    _REGISTRY.clear()
    try:
        yield
    finally:
        for held, was in ((_REGISTRY, kept), (METHODS, methods), (ENCODERS, encoders)):
            held.clear()
            held.update(was)


def ops_of(source: str, folder: Path) -> tuple[types.ModuleType, dict[str, Op]]:
    """A source run as a module: the module and the ops that it registers, by key."""
    name = f"featurelib.ops.mutant_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    with registries():
        spec.loader.exec_module(module)
        made = {op.key: op for versions in _REGISTRY.values() for op in versions.values()}
    return module, made


def hashes(source: str, folder: Path) -> dict[str, str]:
    """The hash of each op of a source."""
    _, made = ops_of(source, folder)
    return {key: hash_anew(op) for key, op in made.items()}


def released(family: str) -> dict[str, str]:
    """The hashes of a family as it is."""
    file = str(FAMILIES[family])
    ours = [op for op in every_op() if op.bodies[0].fn.__code__.co_filename == file]
    return {op.key: hash_anew(op) for op in ours}


# --- other words ------------------------------------------------------------------------------
def with_comments(source: str, rng: random.Random) -> str:
    """Comments and blank lines before statements, some at the ends of lines."""
    lines = source.split("\n")
    starts = {
        node.lineno for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.stmt) and not getattr(node, "decorator_list", None)
    }  # fmt: skip
    made = []
    for number, line in enumerate(lines, start=1):
        if number in starts and rng.random() < 0.5:
            indent = line[: len(line) - len(line.lstrip())]
            made += [""] * rng.randint(0, 2) + [indent + rng.choice(WORDS)]
        made.append(line)
    return "\n".join(made)


def with_docstrings(source: str, rng: random.Random) -> str:
    """Another docstring for functions that have one."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) and rng.random() < 0.7:
            node.body[0] = ast.Expr(ast.Constant(f"Docstring {rng.random()}."))
    return ast.unparse(ast.fix_missing_locations(tree))


def reformatted(source: str, rng: random.Random) -> str:
    """Layout, brackets and quotes as the unparser writes them."""
    return ast.unparse(ast.parse(source))


WORDINGS = (with_comments, with_docstrings, reformatted)


# --- another meaning --------------------------------------------------------------------------
_COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}  # fmt: skip
_OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}


def sites(function: ast.FunctionDef) -> list[ast.AST]:
    """Where a body can be given another meaning; annotations and docstring are none."""
    found = []
    todo: list[ast.AST] = [*function.body[1 if ast.get_docstring(function) else 0 :]]
    while todo:
        node = todo.pop()
        todo += ast.iter_child_nodes(node)
        if (
            (isinstance(node, ast.Constant) and type(node.value) in (int, float, bool))
            or (isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS)
            or (isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS)
            or isinstance(node, ast.BoolOp)
            or (isinstance(node, ast.Call) and _has_two_sides(node))
        ):
            found.append(node)
    return found


def _has_two_sides(call: ast.Call) -> bool:
    return len(call.args) >= 2 and ast.dump(call.args[0]) != ast.dump(call.args[1])


def change(node: ast.AST) -> str:
    """Gives a node another meaning in place; says what was done."""
    before = ast.unparse(node)
    if isinstance(node, ast.Constant):
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif isinstance(node, ast.Compare):
        node.ops[0] = _COMPARISONS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = _OPERATORS[type(node.op)]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.Call):
        node.args[0], node.args[1] = node.args[1], node.args[0]
    return f"{before} -> {ast.unparse(node)}"


def mutable_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Bodies and their helpers: functions of the module that are kernel Python."""
    marks = {"op", "kernel_function", "inlined", "body"}
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(_mark(d) in marks for d in node.decorator_list)
        and sites(node)
    ]


def _mark(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def mutant(source: str, rng: random.Random) -> tuple[str, int, str]:
    """A source with one change of meaning, the line of the function, and what was done."""
    tree = ast.parse(source)
    function = rng.choice(mutable_functions(tree))
    said = change(rng.choice(sites(function)))
    at = min([function.lineno, *(d.lineno for d in function.decorator_list)])
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(tree))), at, said


def reaching(line: int, family: str) -> set[str]:
    """The ops of a family that reach the function that stands at a line of its file."""
    file = str(FAMILIES[family])
    found = set()
    for op in every_op():
        if op.bodies[0].fn.__code__.co_filename != file:
            continue
        seen: set[types.FunctionType] = set()
        todo: list[object] = [b.fn for b in op.bodies]
        while todo:
            value = todo.pop()
            if isinstance(value, Op):
                todo.append(value.bodies[0].fn)
            elif isinstance(value, types.FunctionType) and value not in seen:
                seen.add(value)
                names = value.__code__.co_names
                todo += [value.__globals__[n] for n in names if n in value.__globals__]
        codes = {(fn.__code__.co_filename, fn.__code__.co_firstlineno) for fn in seen}
        if (file, line) in codes:
            found.add(op.key)
    return found
