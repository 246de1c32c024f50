"""Places: where the values of a program's outputs lie, in columns or side by side in tensors.

A model's tensor holds a feature in every `width`-th element. Machine code knows that number when it
is compiled and writes there itself: nothing is packed afterwards, for one row, for columns and on a
device alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from featurelib.fields import InputSchema
from featurelib.layout import Layout, Tensor
from featurelib.node import Node, input_node
from featurelib.program import Program


@dataclass(frozen=True, slots=True)
class Place:
    """How the values of one output lie.

    Attributes:
        stride: Elements from a row to the next: 1 in a column, the width in a tensor.
        is_laid_out: An Array, whose elements stand in the row; else as address and length.
    """

    stride: int = 1
    is_laid_out: bool = False


COLUMN = Place()


def placed_outputs(program: Program, places: Mapping[str, Place]) -> list[tuple[Node, Place]]:
    """Each output with its place, in order; those that are not named stand in columns."""
    return [(node, places.get(name, COLUMN)) for name, node in program.outputs.items()]


@dataclass(frozen=True, slots=True)
class Member:
    """An output that is written into a tensor.

    Attributes:
        output: Its name in the program.
        tensor: The tensor.
        start: The first of its columns there.
    """

    output: str
    tensor: Tensor
    start: int


@dataclass(frozen=True)
class PlacedProgram:
    """A program whose outputs stand where a layout wants them.

    Attributes:
        program: The features, and whatever else tensors hold: inputs, and values that stand in more
            than one place.
        places: Of each output that does not stand in a column of its own.
        members: What is written into tensors, tensor by tensor.
        ragged: Output by tensor of lists: a column of addresses and lengths, whose elements the
            caller puts end to end.
    """

    program: Program
    places: Mapping[str, Place]
    members: tuple[Member, ...]
    ragged: Mapping[str, str]

    @staticmethod
    def of(
        program: Program, layout: Layout, schema: InputSchema, *, only_tensors: bool = False
    ) -> PlacedProgram:
        """The program of a feature set with its layout.

        Args:
            program: Computes the features.
            layout: The tensors.
            schema: Inputs may stand in tensors too.
            only_tensors: Leave out the features that stand in no tensor.
        """
        outputs = {} if only_tensors else dict(program.outputs)
        places: dict[str, Place] = {}
        members, ragged = [], {}
        for tensor in layout.tensors:
            start = 0
            for name, width in zip(tensor.members, tensor.widths, strict=True):
                is_feature = name in program.outputs
                node = program.outputs[name] if is_feature else _input(program, schema, name)
                is_view = node.dtype.kind == "v"
                if is_feature and name not in places and (not is_view or tensor.is_ragged):
                    output = name
                else:
                    output = _unused(f"{tensor.name}[{start}]", program, outputs)
                outputs[output] = node
                if tensor.is_ragged:
                    ragged[tensor.name] = output
                else:
                    places[output] = Place(tensor.width, is_view)
                    members.append(Member(output, tensor, start))
                start += width
        return PlacedProgram(Program(outputs), places, tuple(members), ragged)


def _input(program: Program, schema: InputSchema, name: str) -> Node:
    """The node of an input; the program may not read it."""
    if name in program.inputs:
        return program.inputs[name]
    field = schema.by_name[name]
    return input_node(name, field.dtype, field.nullable)


def _unused(name: str, program: Program, outputs: Mapping[str, Node]) -> str:
    while name in outputs or name in program.outputs:
        name += "'"
    return name
