"""Tensors of a layout for torch: buffers that a kernel fills, and views without a copy.

torch is imported by the functions that need it, not by this module.

    import featurelib_online as online
    from featurelib_online.tensors import TorchBuffers

    kernel = online.compile(bundle)
    buffers = TorchBuffers(bundle.layout, 256)            # once
    batch = kernel.many(rows, out=buffers.arrays)         # each micro-batch
    logits = model(**buffers.first(len(batch)))

A model's result may depend on how many rows it is given (torch picks another way to multiply for
few rows). Where the same row must have the same logits in every batch, give the model all rows,
those behind the batch as zeros: ``model(**buffers.padded(len(batch)))[: len(batch)]``.

A Bool stands in a tensor as a byte of 0 or 1, torch.uint8.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib.errors import DefinitionError, InputError, MissingExtraError
from featurelib.layout import Layout, Tensor
from featurelib_online.batch import Batch
from featurelib_online.buffers import array_names
from featurelib_online.outputs import Row

if TYPE_CHECKING:
    import torch

__all__ = ["TorchBuffers", "as_torch", "padded"]

Array = np.ndarray[Any, Any]


class TorchBuffers:
    """Memory for the tensors of a layout, made once and filled again and again.

    One batch at a time: the next one overwrites what `first` and `padded` gave.

    Args:
        layout: The tensors.
        rows: Rows of the largest batch.
        elements: Room for the elements of each ragged tensor, by name, or one number for all.
            Needed if the layout has one.
        pin_memory: Page-locked memory, from which a GPU copies by itself.

    Attributes:
        layout: The tensors.
        rows: Rows that there is room for.
        arrays: NumPy views of all the memory: `out` of `kernel.many`, `columns` and `json`.

    Raises:
        DefinitionError: `rows` or `elements` is no number above 0, or `elements` is missing or
            names no ragged tensor, or `layout` is none.
        MissingExtraError: torch is not installed.
        InputError: Memory is to be pinned, and torch has no CUDA device.
    """

    def __init__(
        self,
        layout: Layout,
        rows: int,
        *,
        elements: int | Mapping[str, int] | None = None,
        pin_memory: bool = False,
    ) -> None:
        library = _torch()
        if pin_memory and not library.cuda.is_available():
            raise InputError(
                "pin_memory=True needs a CUDA device, and torch sees none",
                hint="pin_memory=torch.cuda.is_available()",
            )
        self.layout, self.rows = _checked_layout(layout), _positive("rows", rows)
        _check_names(elements, layout)
        self._tensors: dict[str, torch.Tensor] = {}
        self._has_ragged = any(tensor.is_ragged for tensor in layout.tensors)

        def make(name: str, shape: tuple[int, ...], dtype: Any) -> None:
            kind = library.from_numpy(np.empty(0, dtype)).dtype
            self._tensors[name] = library.zeros(shape, dtype=kind, pin_memory=pin_memory)

        for tensor in layout.tensors:
            if tensor.is_ragged:
                make(tensor.name, (_room(tensor, elements),), tensor.dtype.storage)
                make(tensor.offsets_name, (rows + 1,), np.int64)
            else:
                make(tensor.name, (rows, tensor.width), tensor.dtype.storage)
        self.arrays: dict[str, Array] = {n: t.numpy() for n, t in self._tensors.items()}

    def first(self, rows: int) -> dict[str, torch.Tensor]:
        """The first rows of each tensor, sharing memory; of a ragged one elements and offsets.

        Raises:
            InputError: There is no room for so many.
        """
        self._check(rows)
        if rows == self.rows and not self._has_ragged:
            return dict(self._tensors)
        made = {}
        for tensor in self.layout.tensors:
            if tensor.is_ragged:
                offsets = self._tensors[tensor.offsets_name][: rows + 1]
                made[tensor.name] = self._tensors[tensor.name][
                    : self.arrays[tensor.offsets_name][rows]
                ]
                made[tensor.offsets_name] = offsets
            else:
                made[tensor.name] = self._tensors[tensor.name][:rows]
        return made

    def padded(self, rows: int) -> dict[str, torch.Tensor]:
        """All rows of each tensor, sharing memory: the first as they are, the others zero.

        An empty List stands in a ragged tensor for each row behind.

        Raises:
            InputError: There is no room for so many.
        """
        self._check(rows)
        for tensor in self.layout.tensors:
            if tensor.is_ragged:
                offsets = self.arrays[tensor.offsets_name]
                offsets[rows + 1 :] = offsets[rows]
            else:
                self.arrays[tensor.name][rows:] = 0
        return self.first(self.rows)

    def _check(self, rows: int) -> None:
        is_number = isinstance(rows, (int, np.integer)) and not isinstance(rows, bool)
        if not (is_number and 0 <= rows <= self.rows):
            raise InputError(f"expected 0 <= rows <= {self.rows}, got rows={rows!r}")


def as_torch(made: Batch | Row) -> dict[str, torch.Tensor]:
    """The tensors of a batch or a row as torch tensors that share their memory.

    The memory of a row is read-only, which torch cannot say of a tensor: do not write to it.

    Raises:
        InputError: `made` is neither.
        MissingExtraError: torch is not installed.
    """
    tensors, library = _tensors_of(made), _torch()
    return {n: library.from_numpy(_writable(a)) for n, a in tensors.items()}


def padded(made: Batch | Row, layout: Layout, rows: int) -> dict[str, torch.Tensor]:
    """The tensors of a batch or a row in new memory, as many rows as a model wants.

    `TorchBuffers.padded` does it without new memory and without a copy.

    Args:
        made: The rows.
        layout: The tensors of their bundle.
        rows: How many rows the model is given; those behind are zeros, of a ragged tensor empty
            lists.

    Raises:
        InputError: There are more rows than that, or the tensors are not those of the layout.
        DefinitionError: `rows` is no number above 0.
        MissingExtraError: torch is not installed.
    """
    tensors = _tensors_of(made)
    _check_tensors(tensors, _checked_layout(layout))
    count = 1 if isinstance(made, Row) else len(made)
    elements = {t.name: max(1, len(tensors[t.name])) for t in layout.tensors if t.is_ragged}
    buffers = TorchBuffers(layout, rows, elements=elements)
    if count > rows:
        raise InputError(f"expected at most {rows} rows, got {count}")
    for name, array in tensors.items():
        buffers.arrays[name][: len(array)] = array
    return buffers.padded(count)


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError(
            "tensors for torch need torch", hint='pip install "featurelib[serving]"'
        ) from None
    return torch


def _checked_layout(layout: Any) -> Layout:
    if not isinstance(layout, Layout):
        raise DefinitionError(
            f"expected a layout, got {type(layout).__name__}", hint="give bundle.layout"
        )
    return layout


def _tensors_of(made: Any) -> dict[str, Array]:
    if not isinstance(made, (Batch, Row)):
        raise InputError(
            f"expected a batch or a row of a kernel, got {type(made).__name__}",
            hint="kernel(row) gives a row; kernel.many, columns and json give a batch",
        )
    return made.tensors


def _check_tensors(tensors: Mapping[str, Array], layout: Layout) -> None:
    """Refuses tensors of another layout: their values would be repeated, or change their type."""
    hint = "give the layout of the bundle that computed them"
    names = array_names(layout)
    if list(tensors) != names:
        raise InputError(
            f"expected tensors {', '.join(names) or 'none'}, got {', '.join(tensors) or 'none'}",
            hint=hint,
        )
    for tensor in layout.tensors:
        array, shape = tensors[tensor.name], () if tensor.is_ragged else (tensor.width,)
        is_bool = tensor.dtype.name == "Bool" and array.dtype == np.bool_
        if array.shape[1:] != shape or not (is_bool or array.dtype == tensor.dtype.storage):
            wanted = ", ".join(["rows", *map(str, shape)])
            raise InputError(
                f"tensor `{tensor.name}`: expected {np.dtype(tensor.dtype.storage)} of shape "
                f"({wanted}), got {array.dtype} of shape {array.shape}",
                hint=hint,
            )


def _positive(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"expected {name} >= 1, got {name}={value!r}")
    return value


def _check_names(elements: Any, layout: Layout) -> None:
    ragged = [t.name for t in layout.tensors if t.is_ragged]
    odd = [n for n in elements if n not in ragged] if isinstance(elements, Mapping) else []
    if odd:
        raise DefinitionError(
            f"elements: no tensor `{odd[0]}` has a List, those that have one: "
            f"{', '.join(ragged) or 'none'}"
        )


def _room(tensor: Tensor, elements: int | Mapping[str, int] | None) -> int:
    given = elements.get(tensor.name) if isinstance(elements, Mapping) else elements
    if given is None:
        raise DefinitionError(
            f"tensor `{tensor.name}` is {tensor.shape_text}: how many elements may a batch have?",
            hint=f'elements={{"{tensor.name}": 1024}}',
        )
    return _positive(f"elements of `{tensor.name}`", given)


def _writable(array: Array) -> Array:
    """The same memory as an array that is not read-only: torch warns of those."""
    if array.flags.writeable or not array.size:
        return array if array.flags.writeable else array.copy()
    raw: Any = (ctypes.c_ubyte * array.nbytes).from_address(array.ctypes.data)
    raw.keep = array
    made: Array = np.frombuffer(raw, array.dtype).reshape(array.shape)
    return made
