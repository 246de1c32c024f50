"""Layouts: which features stand side by side in which tensor of a model.

A tensor holds numbers side by side, or one List. The tensor of a List is **ragged**: its rows have
different lengths, so it is two arrays. Of a ragged tensor ``ids`` these are

- ``ids``: the elements of all rows, one after another; shape (total,), the dtype of the tensor;
- ``ids.offsets``: where each row begins, and the end of the last; shape (rows + 1,), int64. The
  first is 0, the last is total. Row i is ``ids[offsets[i]:offsets[i + 1]]``; an empty List is an
  empty slice.

That is what ``torch.nn.EmbeddingBag(..., include_last_offset=True)`` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError
from featurelib.node import Node
from featurelib.schema import InputSchema

_OFFSETS = ".offsets"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a layout.

    Attributes:
        name: Its name.
        members: Feature or input names, left to right; a ragged tensor has one.
        dtype: The one type of all its values; of a List that of its elements.
        widths: Columns that each member takes (1 for a number, n for an Array of n); ``(0,)`` if
            the tensor is ragged.
    """

    name: str
    members: tuple[str, ...]
    dtype: DType
    widths: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns of the tensor: its shape is (rows, width); 0 if it is ragged."""
        return sum(self.widths)

    @property
    def is_ragged(self) -> bool:
        """Whether its member is a List: it is given as values and offsets (see the module)."""
        return self.widths == (0,)

    @property
    def offsets_name(self) -> str:
        """The name of a ragged tensor's offsets beside its values in a mapping of tensors."""
        return self.name + _OFFSETS

    @property
    def shape_text(self) -> str:
        """What a row of it is, for people: ``8 × Float32``, or ``a List of UInt32``."""
        return f"a List of {self.dtype}" if self.is_ragged else f"{self.width} × {self.dtype}"


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
            DefinitionError: An unknown member, different types, a type that no tensor has, a
                member that may be null, a List that does not stand alone, or a tensor with the
                name of another one's offsets.
        """
        known = {f.name: (f.dtype, f.nullable) for f in inputs.fields}
        known |= {n: (node.dtype, node.nullable) for n, node in outputs.items()}
        tensors = []
        for name, members in layout.items():
            if not members:
                raise DefinitionError(f"{set_name}: tensor `{name}` has no members")
            types = [_member(set_name, name, m, known) for m in members]
            if len(members) > 1:
                _refuse_lists(set_name, name, members, types)
            elements = {t.inner or t for t in types}
            if len(elements) > 1:
                raise DefinitionError(
                    f"{set_name}: tensor `{name}` has members of different types "
                    f"({_typed(members, types)})",
                    hint="cast them to one type, e.g. .cast(fl.Float32)",
                )
            widths = tuple(0 if t.name == "List" else t.size or 1 for t in types)
            tensors.append(Tensor(name, tuple(members), elements.pop(), widths))
        for tensor in tensors:
            if tensor.is_ragged and tensor.offsets_name in layout:
                raise DefinitionError(
                    f"{set_name}: tensor `{tensor.offsets_name}` has the name of the offsets of "
                    f"tensor `{tensor.name}`, which holds a List",
                    hint="rename one of the two",
                )
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
    element = dtype.inner or dtype
    if element is None or not (element.is_numeric or element.name == "Bool"):
        raise DefinitionError(
            f"{set_name}: tensor `{tensor}`, member `{member}` is {dtype}; a tensor holds numbers"
        )
    if nullable:
        raise DefinitionError(
            f"{set_name}: tensor `{tensor}`, member `{member}` may be null",
            hint=f"fill it: {member}.fill_null({'[]' if dtype.name == 'List' else '...'})",
        )
    return dtype


def _refuse_lists(
    set_name: str, tensor: str, members: Sequence[str], types: Sequence[DType]
) -> None:
    alone = next((m for m, t in zip(members, types, strict=True) if t.name == "List"), None)
    if alone is not None:
        raise DefinitionError(
            f"{set_name}: tensor `{tensor}` has the List `{alone}` beside other members "
            f"({_typed(members, types)}); a List has a tensor of its own",
            hint=f'name a tensor for each: layout={{"{alone}": ["{alone}"], ...}}',
        )


def _typed(members: Sequence[str], types: Sequence[DType]) -> str:
    return ", ".join(f"{m}: {t}" for m, t in zip(members, types, strict=True))
