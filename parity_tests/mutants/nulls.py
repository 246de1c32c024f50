"""Mutants of null rules: an op that forgets what one of its arguments, or its body, says.

Under PROPAGATE and MAYBE a null argument is taken for the zero that the body sees, or the flag that
the body returns is not read; under EXPLICIT a flag is always true, or a null argument makes a null.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from featurelib.op import Nulls, Op
from featurelib.signature import Body
from parity_tests.mutants.bodies import killed_by, prepare
from parity_tests.mutants.changes import Mutant
from parity_tests.registry import every_op

Rule = Callable[[Body, tuple[Any, ...], dict[str, Any]], tuple[Any, bool]]
"""From a body, its arguments as pairs (a scratch arena after them) and parameters to a pair."""


def null_mutants() -> Iterator[Mutant]:
    """The mutants of the null rule of every op."""
    for op in every_op():
        for what, rule in _rules(op):
            yield Mutant(
                f"{op.key}: {what}",
                partial(_ruled_by, op, rule),
                partial(killed_by, [op]),
                partial(prepare, [op]),
            )


def _rules(op: Op) -> Iterator[tuple[str, Rule]]:
    tables = {i for body in op.bodies for i, t in enumerate(body.args) if str(t) == "Table"}
    for i in range(len(op.bodies[0].args)):
        if i in tables:
            continue  # a table is never null
        if op.nulls is Nulls.EXPLICIT:
            yield f"argument {i} is never null", partial(_explicit, forgotten=i)
            yield f"a null argument {i} makes a null", partial(_explicit, strict=i)
        else:
            yield f"a null argument {i} makes no null", partial(_propagate, op.nulls, forgotten=i)
    if op.nulls is Nulls.MAYBE:
        yield "the body makes no null", partial(_propagate, Nulls.PROPAGATE, takes_pair=True)


def _explicit(
    body: Body, args: tuple[Any, ...], params: dict[str, Any], forgotten: int = -1, strict: int = -1
) -> tuple[Any, bool]:
    given = [(a[0], True) if i == forgotten else a for i, a in enumerate(args)]
    value, valid = body.fn(*given, **params)
    return value, valid and (strict < 0 or args[strict][1])


def _propagate(
    nulls: Nulls,
    body: Body,
    args: tuple[Any, ...],
    params: dict[str, Any],
    forgotten: int = -1,
    takes_pair: bool = False,
) -> tuple[Any, bool]:
    count = len(body.args)
    got = body.fn(*(value for value, _ in args[:count]), *args[count:], **params)
    value, valid = got if takes_pair or nulls is Nulls.MAYBE else (got, True)
    flags = [flag for i, (_, flag) in enumerate(args[:count]) if i != forgotten]
    return value, all(flags) and (takes_pair or valid)


@contextmanager
def _ruled_by(op: Op, rule: Rule) -> Iterator[None]:
    """The op as an EXPLICIT one, whose bodies are called by a rule."""
    bodies, nulls = list(op.bodies), op.nulls

    def ruled(body: Body) -> Body:
        def fn(*args: Any, **params: Any) -> tuple[Any, bool]:
            return rule(body, args, params)

        return dataclasses.replace(body, fn=fn)

    op.bodies[:] = map(ruled, bodies)
    object.__setattr__(op, "nulls", Nulls.EXPLICIT)
    try:
        yield
    finally:
        op.bodies[:] = bodies
        object.__setattr__(op, "nulls", nulls)
