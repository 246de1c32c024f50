"""How wide a model's tensors are, and how many rows each of its embedding tables has.

Both come from the bundle: widths from the layout, rows from the fitted vocabularies. They stand in
the model's configuration, so that a model is made again without the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from featurelib.bundle import Bundle
from featurelib.node import Node
from featurelib.tables import TableData
from serving_example.artifacts import ArtifactError

__all__ = ["Shapes", "shapes_of"]

_BESIDES = 2
"""`vocabulary_index` gives 0 for null and 1 for what is not in the vocabulary."""


class Shapes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tensors of a layout as a module sees them.

    Attributes:
        dense: Columns of each tensor of numbers, by name.
        tables: Of each tensor of ids the rows of the embedding table of each column.
    """

    dense: dict[str, int]
    tables: dict[str, tuple[int, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain data for a configuration."""
        return {"dense": dict(self.dense), "tables": {n: list(t) for n, t in self.tables.items()}}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Shapes:
        """The shapes that `to_json` wrote.

        Raises:
            ArtifactError: They are none.
        """
        try:
            return msgspec.convert(data, Shapes)
        except msgspec.ValidationError as error:
            raise ArtifactError(f"shapes of a model: {error}, got {data!r}") from None


def shapes_of(bundle: Bundle) -> Shapes:
    """The shapes of a bundle's layout: tensors of floats are dense, those of integers are ids.

    Raises:
        ArtifactError: A tensor is ragged, or an id does not come from a fitted vocabulary.
    """
    dense: dict[str, int] = {}
    tables: dict[str, tuple[int, ...]] = {}
    for tensor in bundle.layout.tensors:
        if tensor.is_ragged:
            raise ArtifactError(f"tensor `{tensor.name}` is ragged, and no module here reads Lists")
        if tensor.dtype.is_float:
            dense[tensor.name] = tensor.width
        else:
            tables[tensor.name] = tuple(_rows(bundle, member) for member in tensor.members)
    return Shapes(dense, tables)


def _rows(bundle: Bundle, feature: str) -> int:
    """Rows of the embedding table of an id: the words of its vocabulary, and the two besides."""
    found = [
        state
        for key in _keys(bundle.program.outputs[feature])
        if key in bundle.state and isinstance(state := bundle.state[key], TableData)
    ]
    if len(found) != 1:
        raise ArtifactError(
            f"{bundle.name}: `{feature}` reads {len(found)} fitted vocabularies, expected one",
            hint="an id of a layout is made by .vocabulary_index()",
        )
    return len(found[0].content) + _BESIDES


def _keys(node: Node) -> set[str]:
    """The keys of a node and all that it reads."""
    return {node.key}.union(*(_keys(arg) for arg in node.args))
