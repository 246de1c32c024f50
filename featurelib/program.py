"""Programs: typed nodes in order, with named outputs. All engines read this and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featurelib import dtypes, literals
from featurelib.canonical_json import UNREADABLE
from featurelib.dtypes import DType
from featurelib.errors import BundleError, BundleFormatError, FeaturelibError
from featurelib.node import FIT, INPUT, MAP, Node
from featurelib.node_rules import check_node
from featurelib.op import Body, Op, get_op


@dataclass(frozen=True)
class Program:
    """Outputs by name, in order, over shared nodes.

    Attributes:
        outputs: The node of each output.
    """

    outputs: Mapping[str, Node]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every distinct node, arguments before their users; what only a fit reads comes too."""
        return topological(self.outputs.values(), through_fits=True)

    @cached_property
    def serving_nodes(self) -> tuple[Node, ...]:
        """What is computed for a row when the fitted state is given."""
        return topological(self.outputs.values(), through_fits=False)

    @cached_property
    def fits(self) -> tuple[Node, ...]:
        """The fitted nodes, inner ones first."""
        return tuple(n for n in self.nodes if n.op == FIT)

    @cached_property
    def inputs(self) -> dict[str, Node]:
        """The input columns that serving reads, by name."""
        return {str(n.param["name"]): n for n in self.serving_nodes if n.op == INPUT}

    def subset(self, names: Iterable[str]) -> Program:
        """The program of some of the outputs."""
        return Program({n: self.outputs[n] for n in names})

    def __reduce__(self) -> Any:
        return Program.from_json, (self.to_json(),)

    def to_json(self) -> Any:
        """Plain data that `from_json` reads back; nodes refer to earlier ones by index."""
        index = {n.key: i for i, n in enumerate(self.nodes)}
        rows = []
        for node in self.nodes:
            row: dict[str, Any] = {"op": node.op, "type": dtypes.to_json(node.dtype)}
            if node.args:
                row["args"] = [index[a.key] for a in node.args]
            if node.params:
                row["params"] = {k: literals.canonical(v) for k, v in node.params}
            if node.nullable:
                row["nullable"] = True
            rows.append(row)
        return {"nodes": rows, "outputs": [[n, index[o.key]] for n, o in self.outputs.items()]}

    @staticmethod
    def from_json(data: Any) -> Program:
        """The program that `to_json` wrote.

        Raises:
            BundleFormatError: The data is no program.
            UnknownOpError: It names an op or version that is not installed.
        """
        nodes: list[Node] = []
        try:
            for row in data["nodes"]:
                args = tuple(nodes[_earlier(i, len(nodes))] for i in row.get("args", ()))
                params = tuple(
                    sorted(
                        (k, literals.from_canonical(v)) for k, v in row.get("params", {}).items()
                    )
                )
                dtype = dtypes.from_json(row["type"])
                node = Node(row["op"], args, params, dtype, row.get("nullable", False))
                check_node(node)
                nodes.append(node)
            outputs = {name: nodes[_earlier(i, len(nodes))] for name, i in data["outputs"]}
            inner = next((name for name, node in outputs.items() if node.free), None)
            if inner is not None:
                raise BundleFormatError(f"output `{inner}` is an element of a list, and no map's")
            return Program(outputs)
        except BundleError:
            raise
        except (*UNREADABLE, FeaturelibError) as error:
            raise BundleFormatError(f"no readable program: {error!r}") from None


def _earlier(index: Any, count: int) -> int:
    if type(index) is not int or not 0 <= index < count:
        raise BundleFormatError(f"node {count} refers to node {index!r}, which is not before it")
    return index


def topological(roots: Iterable[Node], *, through_fits: bool) -> tuple[Node, ...]:
    """Distinct nodes below the roots, arguments first; fitted nodes are leaves unless asked."""
    order: dict[str, Node] = {}
    stack: list[tuple[Node, bool]] = [(r, False) for r in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if node.key in order:
            continue
        if ready or not node.args or (node.op == FIT and not through_fits):
            order[node.key] = node
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))
    return tuple(order.values())


def inside(node: Node) -> tuple[Node, ...]:
    """What a `map` (see `featurelib.mapping`) computes for each element, arguments first."""
    _, own, value = node.args
    below = topological([value], through_fits=False)
    return tuple(n for n in below if own.key in n.free and n.key != own.key)


def op_of(node: Node) -> Op:
    """The op of a node that is no input, literal or fit."""
    name, _, version = node.op.rpartition("@")
    return get_op(name, int(version))


def ops_of(nodes: Iterable[Node]) -> list[Op]:
    """Every op that computes one of these nodes, each once, by name."""
    named = {n.op: n for n in nodes if n.is_call}
    return [op_of(named[key]) for key in sorted(named)]


def body_of(node: Node) -> Body:
    """The body that computes a node."""
    types: tuple[DType, ...] = tuple(a.dtype for a in node.args)
    return op_of(node).resolve(types, node.param)[0]


def takes_arena(node: Node) -> bool:
    """Whether computing a node takes memory from the scratch arena."""
    return node.op == MAP or (node.is_call and body_of(node).takes_arena)
