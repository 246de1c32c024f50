"""What a node may be: a node that was read from a file is typed again before anything trusts it.

Machine code believes a node's type, size and flag. So each of them must be what the op's own rule
says; a file that claims otherwise is refused here, before it is compiled.
"""

from __future__ import annotations

import json

from featurelib import dtypes, literals
from featurelib.analyzers.base import argument_type
from featurelib.analyzers.base import from_json as analyzer_from_json
from featurelib.dtypes import DType
from featurelib.errors import BundleFormatError, FeatureTypeError
from featurelib.mapping import map_nullable, map_type
from featurelib.node import ELEMENT, FIT, INPUT, LITERAL, MAP, Node, computed_dtype
from featurelib.op import Body, Op, get_op
from featurelib.tables import ENCODERS, TableData

ROW_LIMIT = 65536
"""Bytes that one value of an op may take, as the default row limit."""


def check_node(node: Node) -> None:
    """Refuses a node that no definition can have led to, and that a kernel would trip over.

    Raises:
        BundleFormatError: It is one.
        UnknownOpError: It names an op or analyzer that is not installed.
        FeatureTypeError: No body takes these types, or a constant does not fit.
    """
    if node.op == INPUT:
        fits = not node.args and list(node.param) == ["name"] and node.dtype.name != "Table"
        _expect(node, fits and isinstance(node.param["name"], str))
    elif node.op == LITERAL:
        _expect(node, not node.args and list(node.param) == ["value"])
        _check_constant(node)
    elif node.op == FIT:
        _check_fit(node)
    elif node.op == ELEMENT:
        _expect(node, len(node.args) == 1 and not node.params and not node.nullable)
        _expect(node, node.dtype == node.args[0].dtype.inner and not node.args[0].free)
    elif node.op == MAP:
        _check_map(node)
    else:
        _check_call(node)


def _expect(node: Node, fits: bool, what: str = "") -> None:
    if not fits:
        raise BundleFormatError(f"node `{node.op}` of type {node.dtype} cannot be{what}")


def _check_constant(node: Node) -> None:
    value = node.param["value"]
    if isinstance(value, TableData):
        _expect(node, not node.nullable and value.kind in ENCODERS)
        _expect(node, node.dtype == dtypes.table_type(value.kind))
        value.encode()  # refuses content that is not of its kind
        return
    _expect(node, node.dtype.name != "Table" and node.nullable is (value is None))
    held = literals.to_kernel(value, node.dtype)
    _expect(node, type(held) is type(value) and (held == value or value != value))


def _check_fit(node: Node) -> None:
    _expect(node, len(node.args) > 0 and list(node.param) == ["analyzer"])
    _expect(node, not any(a.free for a in node.args), " of an element")
    text = node.param["analyzer"]
    analyzer = analyzer_from_json(json.loads(text))
    _expect(node, json.dumps(analyzer.to_json(), sort_keys=True) == text, ": its analyzer")
    wanted = analyzer.result_dtype(argument_type([a.dtype for a in node.args]))
    _expect(node, node.dtype == wanted and not node.nullable, f": it is {wanted}")


def _check_map(node: Node) -> None:
    _expect(node, len(node.args) == 3 and not node.params)
    items, own, value = node.args
    _expect(node, own.op == ELEMENT and own.args[0].key == items.key, ": its element")
    _expect(node, value.free <= own.free, ": another list's element is in it")
    wanted = map_type(items.dtype, value)
    _expect(node, node.dtype == wanted, f": it is {wanted}")
    _expect(node, node.nullable is map_nullable(items))
    _check_length(node)


def _check_length(node: Node) -> None:
    if node.dtype.size:
        _expect(node, node.dtype.size * node.dtype.bits // 8 <= ROW_LIMIT, ": it is too long")


def _check_call(node: Node) -> None:
    op, body, dtype = _resolved(node)
    if op.name.startswith("narrow"):
        _expect(node, node.dtype.is_narrow and node.dtype.kind == dtype.kind)
        _expect(node, node.param.get("bits", node.dtype.bits) == node.dtype.bits, ": its bits")
    else:
        wanted = computed_dtype(body, dtype)
        _expect(node, node.dtype == wanted, f": it is {wanted}")
    _expect(node, node.nullable is op.result_nullable(tuple(a.nullable for a in node.args)))
    _check_length(node)
    names = [name for name, _ in body.params]
    _expect(node, set(names) <= set(node.param), ": it lacks a parameter")
    _expect(node, op.result is not None or set(names) == set(node.param), ": a parameter too many")
    for name, kind in body.params:
        held = literals.to_kernel(node.param[name], kind)
        fits = type(held) is type(node.param[name]) and held is not None
        _expect(node, fits, f": parameter {name}")


def _resolved(node: Node) -> tuple[Op, Body, DType]:
    """Op, body and result type by the op's own rule, the result in the kind that the body gives."""
    name, _, version = node.op.rpartition("@")
    op = get_op(name, int(version))
    _expect(node, op.key == node.op)
    types = tuple(a.dtype for a in node.args)
    body, dtype = op.resolve(types, node.param)
    given = body.match(types)
    if given is None or given.kind != dtype.kind:
        raise FeatureTypeError(f"`{op.key}` gives {given}, which is not held as {dtype}")
    return op, body, dtype


__all__ = ["ROW_LIMIT", "check_node"]
