"""Every op that is legal on a device, in programs that compile to one module of PTX."""

from __future__ import annotations

from functools import cache

from featurelib.dtypes import SCALARS, DType
from featurelib.jit.cuda_entry import emit_entry
from featurelib.jit.cuda_nvvm import OPTIONS, Capability, to_ptx
from featurelib.jit.device_rules import device_reason
from featurelib.node import Node, apply, input_node
from featurelib.op import Body, Op, TypeSet
from featurelib.parity.golden import op_family
from featurelib.program import Program, body_of, op_of, topological
from parity_tests.parity.op_bundles import FAMILIES, family_bundle
from parity_tests.registry import every_op

DEVICE_OPS = [op for op in every_op() if device_reason(op) is None]


def is_legal(node: Node) -> bool:
    """Whether all that an output is computed from is legal on a device."""
    below = topological([node], through_fits=False)
    return all(device_reason(op_of(n)) is None for n in below if "@" in n.op)


@cache
def family_program(family: str) -> Program:
    """The ops of a family in each form that its golden cases have, those that a device has.

    A body that no case calls stands there on inputs of the first types that it takes.
    """
    outputs = dict(family_bundle(family)[0].program.outputs)
    called = {body_of(node) for node in outputs.values()}
    for op in DEVICE_OPS:
        for body in op.bodies if op_family(op) == family else ():
            if body not in called:
                outputs[f"{op.key} {body.fn.__name__}"] = _on_first_types(op, body)
    return Program({name: node for name, node in outputs.items() if is_legal(node)})


def _on_first_types(op: Op, body: Body) -> Node:
    """A call of a body on inputs; it takes no tables and no `T`."""
    types = [p if isinstance(p, DType) else _first_type(p) for p in body.args]
    nodes = tuple(input_node(f"{t}_{i}", t, True) for i, t in enumerate(types))
    node = apply(op, nodes, {name: _ONES[t.kind] for name, t in body.params})
    assert body_of(node) is body
    return node


def _first_type(types: TypeSet) -> DType:
    return next(t for t in SCALARS.values() if t.name in types.names)


_ONES = {"b": True, "i": 1, "u": 1, "f": 1.0}


def entry_name(family: str) -> str:
    """The kernel of a family in `every_op_ptx`."""
    return f"family_{family}"


@cache
def every_op_llvm() -> tuple[str, ...]:
    """LLVM of a kernel for each family, and of all bodies, each once."""
    texts: dict[str, None] = {}
    for family in FAMILIES:
        if family_program(family).outputs:
            code = emit_entry(family_program(family), {}, entry_name(family))
            texts |= dict.fromkeys(code.modules)
    return tuple(texts)


@cache
def every_op_ptx(capability: Capability) -> str:
    """One module of PTX with a kernel for each family."""
    return to_ptx(every_op_llvm(), capability, OPTIONS)
