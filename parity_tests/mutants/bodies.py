"""Mutants of bodies and of what they call, judged by golden cases in the reference evaluator.

The engines run one body, and parity says that they agree; so what a body means is held by golden
cases alone, and each must be there to say so. A mutant takes the place of a function's code, which
everything that calls it then runs.
"""

from __future__ import annotations

import ast
import json
import signal
import time
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from featurelib import intrinsics
from featurelib.body_hash import _free_names, _resolve, _tree
from featurelib.op import Op
from featurelib.parity.golden import GoldenCase, case_path, check, read_cases, replay_reference
from parity_tests.golden.recorded import FILE, lines
from parity_tests.mutants.changes import Mutant, changes
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
LONGEST = 10
"""A mutant that takes this many times as long as the body, and a second, does not end."""
LONGEST_RECORDED_S = 20
"""For the rows of one signature; the slowest takes 4 s."""
_LARGE = 2_000
"""Cases with a text or list above this length are tried last."""


class Endless(BaseException):
    """A mutant did not end."""


def functions() -> dict[Callable[..., Any], list[Op]]:
    """Every function that ops reach, with the ops that reach it; intrinsics are not mutated."""
    found: dict[Callable[..., Any], list[Op]] = {}
    for op in every_op():
        for fn in dict.fromkeys(
            f for body in op.bodies for f in reached(body.fn, "featurelib.ops")
        ):
            found.setdefault(fn, []).append(op)
    return found


@cache
def reached(fn: Callable[..., Any], package: str) -> tuple[Callable[..., Any], ...]:
    """A function and those of a package that it calls, each once."""
    made = [fn]
    tree = _tree(fn, fn.__qualname__)
    for name in sorted(set(_free_names(tree))):
        value = _resolve(fn, name, fn.__qualname__)
        if isinstance(value, Op):
            value = value.bodies[0].fn
        if isinstance(value, types.FunctionType) and value.__module__.startswith(package):
            made += reached(value, package)
    return tuple(dict.fromkeys(made))


def constants_of(fn: Callable[..., Any]) -> dict[str, Any]:
    """The constants of its module, or of another, that a function reads by name."""
    found = {
        name: _resolve(fn, name, fn.__qualname__)
        for name in sorted(set(_free_names(_tree(fn, fn.__qualname__))))
    }
    return {name: value for name, value in found.items() if isinstance(value, (int, float, tuple))}


def body_mutants() -> Iterator[Mutant]:
    """The mutants of every function that ops reach."""
    for fn, ops in functions().items():
        yield from mutants(fn, ops)


def mutants(fn: Callable[..., Any], ops: list[Op]) -> Iterator[Mutant]:
    """The mutants of one function; the ops whose body it is are asked first, then the fast."""
    own = [op for op in ops if any(body.fn is fn for body in op.bodies)]
    for change in changes(_tree(fn, fn.__qualname__)):
        yield Mutant(
            f"{fn.__module__}.{fn.__qualname__} {change.key}",
            partial(in_place, fn, change.tree),
            partial(killed_by, ops, own),
            partial(prepare, ops),
        )


@contextmanager
def in_place(fn: Callable[..., Any], tree: ast.FunctionDef) -> Iterator[None]:
    """A function whose code is that of a changed tree."""
    bare = ast.Module([tree], [])
    tree.decorator_list, tree.returns = [], None
    for arg in ast.walk(tree.args):
        if isinstance(arg, ast.arg):
            arg.annotation = None
    names = {**intrinsics.__dict__, **fn.__globals__}
    exec(compile(bare, "<mutant>", "exec"), names)
    code = names[tree.name].__code__
    old, old_names = fn.__code__, {n for n in code.co_names if n not in fn.__globals__}
    for name in old_names & {*intrinsics.__dict__}:
        fn.__globals__[name] = intrinsics.__dict__[name]  # a twin that the module does not import
    fn.__code__ = code
    try:
        yield
    finally:
        fn.__code__ = old
        for name in old_names & {*intrinsics.__dict__}:
            del fn.__globals__[name]


@cache
def cases_of(op: Op) -> tuple[GoldenCase, ...]:
    """The golden cases of an op, the small ones first."""
    cases = read_cases(case_path(ROOT, op))
    return tuple(sorted(cases, key=lambda case: _size(case) > _LARGE))


def _size(case: GoldenCase) -> int:
    return max((len(a) for a in case.args if isinstance(a, (bytes, tuple))), default=0)


@cache
def seconds_of(op: Op) -> float:
    """How long the unchanged bodies take for the golden cases of an op."""
    begin = time.perf_counter()
    for case in cases_of(op):
        check(case, replay_reference(case))
    return time.perf_counter() - begin


def prepare(ops: Sequence[Op]) -> None:
    """Takes what the unchanged bodies of ops give, and how long they take."""
    for op in ops:
        seconds_of(op)
        recorded_lines(op)


def killed_by(ops: Sequence[Op], first: Sequence[Op] = ()) -> str | None:
    """What says first that it is wrong: a golden case, or a recording; None if nothing does."""
    others = sorted((op for op in ops if op not in first), key=seconds_of)
    for judge in (_golden, _recorded):
        for op in (*first, *others):
            wrong = judge(op)
            if wrong is not None:
                return wrong
    return None


def _golden(op: Op) -> str | None:
    where = ""
    try:
        with _limit(1 + LONGEST * seconds_of(op)):
            for case in cases_of(op):
                where = case.where
                check(case, replay_reference(case))
    except Endless:
        return f"golden {where}: does not end"
    except Exception as error:
        return f"golden {where}: {type(error).__name__}"
    return None


def _recorded(op: Op) -> str | None:
    for name, known in recorded_lines(op).items():
        try:
            with _limit(LONGEST_RECORDED_S):
                # Row by row: most of those that differ do so early.
                if any(a != b for a, b in zip(known, lines(op, name), strict=True)):
                    return f"recorded {op.key} {name}"
        except Endless:
            return f"recorded {op.key} {name}: does not end"
        except Exception as error:
            return f"recorded {op.key} {name}: {type(error).__name__}"
    return None


@cache
def recorded_lines(op: Op) -> dict[str, tuple[str, ...]]:
    """What the unchanged bodies give for the rows of each recording of an op."""
    return {name: tuple(lines(op, name)) for name in _recordings()[op.key]}


@cache
def _recordings() -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return made


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: Any) -> None:
        raise Endless

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
