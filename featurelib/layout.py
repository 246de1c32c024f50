"""Layouts: which features stand side by side in which tensor of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError
from featurelib.node import Node
from featurelib.schema import InputSchema


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a layout.

    Attributes:
        name: Its name.
        members: Feature or input names, left to right.
        dtype: The one type of all its values.
        widths: Columns that each member takes (1 for a number, n for an Array of n).
    """

    name: str
    members: tuple[str, ...]
    dtype: DType
    widths: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns of the tensor: its shape is (rows, width)."""
        return sum(self.widths)


@dataclass(frozen=True, slots=True)
class Layout:
    """The tensors of a feature set, in order."""

    tensors: tuple[Tensor, ...] = ()

    @staticmethod
    def make(
        set_name: str,
        layout: Mapping[str, Sequence[str]],
        outputs: Mapping[str, Node],
        inputs: InputSchema,
    ) -> Layout:
        """Checks a layout against the types of its members.

        Raises:
            DefinitionError: An unknown member, different types, a type that no tensor has, or a
                member that may be null.
        """
        known = {f.name: (f.dtype, f.nullable) for f in inputs.fields}
        known |= {n: (node.dtype, node.nullable) for n, node in outputs.items()}
        tensors = []
        for name, members in layout.items():
            if not members:
                raise DefinitionError(f"{set_name}: tensor `{name}` has no members")
            types = [_member(set_name, name, m, known) for m in members]
            elements = {t.inner or t for t in types}
            if len(elements) > 1:
                both = ", ".join(f"{m}: {t}" for m, t in zip(members, types, strict=True))
                raise DefinitionError(
                    f"{set_name}: tensor `{name}` has members of different types ({both})",
                    hint="cast them to one type, e.g. .cast(fl.Float32)",
                )
            widths = tuple(t.size or 1 for t in types)
            tensors.append(Tensor(name, tuple(members), elements.pop(), widths))
        return Layout(tuple(tensors))

    def to_json(self) -> Any:
        """Plain data that `from_json` reads back."""
        return [
            [t.name, list(t.members), dtypes.to_json(t.dtype), list(t.widths)] for t in self.tensors
        ]

    @staticmethod
    def from_json(data: Any) -> Layout:
        """The layout that `to_json` wrote."""
        return Layout(
            tuple(Tensor(n, tuple(m), dtypes.from_json(t), tuple(w)) for n, m, t, w in data)
        )


def _member(
    set_name: str, tensor: str, member: str, known: Mapping[str, tuple[DType, bool]]
) -> DType:
    if member not in known:
        raise DefinitionError(
            f"{set_name}: tensor `{tensor}` names `{member}`, which is no feature and no input"
        )
    dtype, nullable = known[member]
    element = dtype.inner if dtype.name == "Array" else dtype
    if element is None or not (element.is_numeric or element.name == "Bool"):
        raise DefinitionError(
            f"{set_name}: tensor `{tensor}`, member `{member}` is {dtype}; a tensor holds numbers"
        )
    if nullable:
        raise DefinitionError(
            f"{set_name}: tensor `{tensor}`, member `{member}` may be null",
            hint=f"fill it: {member}.fill_null(...)",
        )
    return dtype
