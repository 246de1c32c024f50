"""The slots of a program: which address stands where (see docs/architecture.md)."""

from __future__ import annotations

from dataclasses import dataclass

from featurelib.dtypes import DType
from featurelib.node import FIT, LITERAL, Node
from featurelib.program import Program


@dataclass(frozen=True)
class Slots:
    """The order of addresses in the slots of a program (see docs/architecture.md).

    Attributes:
        inputs: Input nodes: two slots each, values and valid.
        outputs: Output nodes: two slots each.
        tables: Literals of bytes or tables, and fitted nodes: two slots each, address and count.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    tables: tuple[Node, ...]

    @staticmethod
    def of(program: Program) -> Slots:
        """The slots of a program."""
        tables = tuple(n for n in program.serving_nodes if is_table(n))
        return Slots(tuple(program.inputs.values()), tuple(program.outputs.values()), tables)

    @property
    def arena(self) -> int:
        """Index of the arena's slot, the last."""
        return 2 * (len(self.inputs) + len(self.outputs) + len(self.tables))

    def __len__(self) -> int:
        return self.arena + 1


def value_bytes(dtype: DType) -> int:
    """Bytes of one value in a column; of a text or list those of its address and length."""
    return 16 if dtype.kind == "v" else dtype.bits // 8


def element_bytes(dtype: DType) -> int:
    """Bytes of what the length of a text, List or Array counts."""
    return max(dtype.bits // 8, 1)


def is_table(node: Node) -> bool:
    """Whether machine code reads the node from memory that the host fills."""
    if node.op == FIT:
        return True
    value = node.param.get("value") if node.op == LITERAL else None
    return value is not None and not isinstance(value, (bool, int, float))
