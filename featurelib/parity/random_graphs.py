"""Typed graphs at random, from the type rules of the registered ops.

An op needs no rule of its own here: its bodies say which types they take. Constants and tables are
chosen by type, and by name where an op would give nothing of interest otherwise; what reaches ops
that type rules do not is in `random_macros`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import FeaturelibError
from featurelib.node import INPUT, Node, apply, call, input_node, literal, table
from featurelib.op import Body, Op, all_ops
from featurelib.parity.edge_values import edge_values
from featurelib.parity.random_macros import MACROS, NAMED, SAME
from featurelib.parity.random_tables import tables_of
from featurelib.program import topological
from featurelib.signature import TypeSet

__all__ = ["INPUT_TYPES", "Choose", "Start", "grow", "known_bodies", "starts"]

Choose = Callable[[Sequence[Any]], Any]
"""Picks one of several: `random.Random.choice`, or what Hypothesis draws."""
Start = tuple[Op, Body] | tuple[int, DType | None]
"""An op and one of its bodies, or the number of a macro and the type that it is called on."""

INPUT_TYPES: tuple[DType, ...] = (
    dtypes.FLOAT64, dtypes.STRING, dtypes.INT64, dtypes.DATETIME, dtypes.BOOL, dtypes.FLOAT32,
    dtypes.UINT64, dtypes.INT16, dtypes.DATE, dtypes.DURATION, dtypes.UINT8, dtypes.INT8,
    dtypes.UINT32, dtypes.INT32, dtypes.UINT16, dtypes.datetime_type("America/New_York"),
    dtypes.list_type(dtypes.INT64), dtypes.list_type(dtypes.UINT16),
    dtypes.list_type(dtypes.FLOAT32), dtypes.list_type(dtypes.BOOL),
    dtypes.array_type(dtypes.FLOAT32, 3), dtypes.array_type(dtypes.INT64, 2),
)  # fmt: skip

_BY_NAME: dict[str, tuple[Any, ...]] = {
    "bits": (8, 16, 32),
    "n": (1, 2, 7, 1000),
    "every": (1, 7, 12, 3_600_000_000),
    "scale": (1.0, 100.0, 0.01),
    "low": (-128, 0),
    "high": (127, 1000),
    "above": (128, 1000),
    "length": (0, 1, 5, 40),
    "limit": (1, 5, 40),
    "char": (32, 48, 233, 128_512),
}
# A thousand copies fill the row limit in each row: gigabytes in tens of thousands of rows.
_OF_OP: dict[tuple[str, str], tuple[Any, ...]] = {("str.repeat", "n"): (0, 1, 2, 7)}
_BY_KIND: dict[str, tuple[Any, ...]] = {
    "b": (False, True), "i": (0, 1, 2, -1, 5), "u": (0, 1, 42), "f": (0.0, 1.0, -0.5, 1e6),
}  # fmt: skip


def known_bodies() -> list[tuple[Op, Body]]:
    """Ops and bodies that a graph may hold; those whose type comes from a macro are left to it."""
    return [
        (op, body)
        for op in all_ops()
        for body in op.bodies
        if op.result is None
        and all(tables_of(str(p.table)) for p in body.args if isinstance(p, DType) and p.table)
    ]


def starts() -> list[Start]:
    """All that a graph may begin with: each op's bodies, and macros. Together they reach each op.

    A soak begins its programs with these in turn, so that none is left to chance.
    """
    made: list[Start] = [*known_bodies()]
    met: set[str] = set()
    for number in range(len(MACROS)):
        # A cast, say, is another op for each type: only those types that add one.
        of_types = {t: _ops_of_macro(number, t) for t in INPUT_TYPES if _fits(number, t)}
        added: list[DType | None] = []
        for dtype, ops in of_types.items():
            if not ops <= met:
                added.append(dtype)
                met |= ops
        made += [(number, t) for t in added or [None]]
    return made


def _ops_of_macro(number: int, dtype: DType) -> set[str]:
    x = input_node("x", dtype, True)
    return {n.op for n in topological([_call(number, x, x)], through_fits=False) if n.is_call}


def grow(choose: Choose, size: int, first: Sequence[Start] = ()) -> list[Node]:
    """A graph of about `size` ops over nullable and other inputs; later nodes use earlier ones.

    Args:
        choose: Picks one of several.
        size: How often an op is added.
        first: What is added before chance decides; part of the size.

    Returns:
        The nodes that no other node reads: the outputs.
    """
    bodies = known_bodies()
    nodes: list[Node] = []
    for turn in range(size):
        if turn < len(first):
            start = first[turn]
        else:
            is_macro = nodes and choose(_ODDS)
            start = (choose(range(len(MACROS))), None) if is_macro else choose(bodies)
        made = (_op if isinstance(start[0], Op) else _macro)(choose, nodes, *start)
        if made is not None and made.key not in {n.key for n in nodes}:
            nodes.append(made)
    read = {a.key for n in nodes for a in n.args}
    return [n for n in nodes if n.args and n.key not in read]


_ODDS = (False, False, True)
_MOSTLY = (True, True, True, True, False)


def _macro(choose: Choose, nodes: list[Node], number: int, dtype: DType | None) -> Node | None:
    """A macro on an earlier node that fits, else on a new input; None where none fits."""
    made = [n for n in nodes if _fits(number, n.dtype) and dtype in (None, n.dtype)]
    types = [t for t in INPUT_TYPES if _fits(number, t) and dtype in (None, t)]
    if not made and not types:
        return None
    is_earlier = bool(made) and (not types or choose(_MOSTLY))
    if is_earlier:
        x = _earlier(choose, nodes, made)
    else:
        x = _input(choose, nodes, _type(choose, nodes, types))
    same = [n for n in nodes if n.dtype == x.dtype]
    try:
        return _call(number, x, choose(same) if same else _input(choose, nodes, x.dtype))
    except FeaturelibError:
        return None  # of these two only: another op is drawn in its place


def _call(number: int, x: Node, other: Node) -> Node:
    name, args = MACROS[number]
    given = (other if a is SAME else a(x) if callable(a) else a for a in args)
    made: Node = call(name, (x, *given), NAMED.get(name, {}))
    return made


@cache
def _fits(number: int, dtype: DType) -> bool:
    x = input_node("x", dtype, True)
    try:
        return _call(number, x, x).is_call
    except FeaturelibError:
        return False


def _earlier(choose: Choose, nodes: list[Node], fits: list[Node]) -> Node:
    """One of several nodes; mostly one that no op reads yet: chains grow long, outputs stay few."""
    read = {a.key for n in nodes for a in n.args}
    free = [n for n in fits if n.key not in read]
    return choose(free if free and choose(_MOSTLY) else fits)  # type: ignore[no-any-return]


def _type(choose: Choose, nodes: list[Node], fits: list[DType]) -> DType:
    """One of several types; mostly that of an input that the graph has: ops share inputs."""
    read = {a.dtype for n in nodes for a in n.args if a.op == INPUT}
    known = [t for t in fits if t in read]
    is_known = bool(known) and choose(_MOSTLY)
    return choose(known if is_known else fits)  # type: ignore[no-any-return]


def _input(choose: Choose, nodes: list[Node], dtype: DType) -> Node:
    known = [a for n in nodes for a in n.args if a.op == INPUT and a.dtype == dtype]
    if known and choose(_MOSTLY):
        return known[0]
    nullable = choose((True, False))
    return input_node(f"{dtype}{'?' if nullable else ''}", dtype, nullable)


def _op(choose: Choose, nodes: list[Node], op: Op, body: Body) -> Node | None:
    bound: dict[str, DType] = {}
    args = []
    for place, pattern in enumerate(body.args):
        if isinstance(pattern, DType) and pattern.table is not None:
            args.append(table(choose(tables_of(pattern.table))))
            continue
        arg = _argument(choose, nodes, pattern, bound, place)
        if isinstance(pattern, TypeSet):
            bound[pattern.name] = arg.dtype
        args.append(arg)
    params = {name: _constant(choose, op.name, name, dtype) for name, dtype in body.params}
    try:
        return apply(op, tuple(args), params)
    except FeaturelibError:
        return None


def _argument(
    choose: Choose, nodes: list[Node], pattern: DType | TypeSet, bound: dict[str, DType], place: int
) -> Node:
    """An earlier node, a new input, or now and then a constant, of a type that fits."""
    if isinstance(pattern, DType):
        fits = [pattern]
    elif pattern.name in bound:
        fits = [bound[pattern.name]]
    else:
        fits = [t for t in INPUT_TYPES if pattern.accepts(t)]
    made = [n for n in nodes if any(n.dtype == t for t in fits) or _takes(pattern, bound, n)]
    dtype = _type(choose, nodes, fits)
    if made and choose(_MOSTLY):
        return _earlier(choose, nodes, made)
    if place and dtype.kind != "v" and choose((True, False, False)):
        return literal(choose(edge_values(dtype)[:6]), dtype)
    return _input(choose, nodes, dtype)


def _takes(pattern: DType | TypeSet, bound: dict[str, DType], node: Node) -> bool:
    is_free = isinstance(pattern, TypeSet) and pattern.name not in bound
    return is_free and isinstance(pattern, TypeSet) and pattern.accepts(node.dtype)


def _constant(choose: Choose, op: str, name: str, dtype: DType) -> Any:
    known = _OF_OP.get((op, name), _BY_NAME.get(name, _BY_KIND[dtype.kind]))
    value = choose(known)
    return float(value) if dtype.kind == "f" else abs(value) if dtype.kind == "u" else value
