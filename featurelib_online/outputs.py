"""From the block of a row to Python: values, text, and the tensors of the layout."""

from __future__ import annotations

import struct
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from operator import itemgetter
from typing import Any

import numpy as np

from featurelib.borders import from_canonical
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.jit.memory import canonical_elements
from featurelib.program import Program, takes_arena
from featurelib_online.buffers import array_names
from featurelib_online.objects import tuple_reader, value_format
from featurelib_online.workspace import RowLayout

Texts = tuple[bytes | None, ...]
"""The bytes of a row's texts and lists, in the order of the outputs; None for null."""


class RowOutputs:
    """How a bundle's outputs are read from a block; made once for a kernel, used for each row.

    Args:
        bundle: What is computed.
        layout: Where its outputs lie.

    Attributes:
        names: The features, in order.
        types: Type of each.
        has_work: Whether a served row must be finished in Python: it has texts or lists, or made
            some on the way, whose memory is to be used again.
    """

    def __init__(self, bundle: Bundle, layout: RowLayout) -> None:
        self.types: dict[str, DType] = {n: o.dtype for n, o in bundle.program.outputs.items()}
        self.names = tuple(self.types)
        self._bundle = bundle
        self._layout = layout
        self._formats = {n: value_format(t) for n, t in self.types.items()}
        self._texts = {
            n: (i, None if self.types[n].name == "String" else tuple_reader(self.types[n]))
            for i, n in enumerate(layout.views)
            if n in self.types
        }
        self.has_work = bool(layout.views) or _makes_text(bundle.program)
        places = sorted((layout.offsets[n], n) for n, t in self.types.items() if t.kind != "v")
        flags = sorted((at, n) for n, at in layout.valid.items())
        self._all = _unpacker(places, flags, self.types)
        index = {n: i for i, (_, n) in enumerate(places)}
        # What stands at 0 holds the place of text, which is not in the block.
        order = [index.get(n, 0) for n in self.names]
        self._pick: Callable[[Any], Any] = (
            itemgetter(*order) if len(order) > 1 else lambda values: [values[i] for i in order]
        )
        self._nullable = [
            (n, i) for i, (_, n) in enumerate(flags, len(places)) if self.types[n].kind != "v"
        ]
        self._converted = [(n, t) for n, t in self.types.items() if t.kind != "v" and t.is_temporal]
        self._tensors = [
            (t.name, (1, t.width), np.dtype(t.dtype.storage), at)
            for t, at in zip(bundle.layout.tensors, layout.tensors, strict=True)
            if not t.is_ragged
        ]
        self._ragged = [
            (t, layout.views.index(layout.placed.ragged[t.name]))
            for t in bundle.layout.tensors
            if t.is_ragged
        ]
        self._order = array_names(bundle.layout)

    def canonical(self, block: bytes, texts: Texts, name: str) -> Any:
        """One value as kernels hold it: bool, int, float, bytes, tuple or None."""
        if name in self._texts:
            i, read = self._texts[name]
            data = texts[i]
            return data if data is None or read is None else read(data)
        flag = self._layout.valid.get(name)
        if flag is not None and not block[flag]:
            return None
        (value,) = self._formats[name].unpack_from(block, self._layout.offsets[name])
        return value

    def python(self, block: bytes, texts: Texts) -> dict[str, Any]:
        """All values as Python objects, in order."""
        values = self._all.unpack_from(block)
        made = dict(zip(self.names, self._pick(values), strict=True)) if values else {}
        for name, flag in self._nullable:
            if not values[flag]:
                made[name] = None
        for name, dtype in self._converted:
            made[name] = from_canonical(made[name], dtype)
        for name, (i, read) in self._texts.items():
            data = texts[i]
            if data is None:
                made[name] = None
            else:
                made[name] = data.decode() if read is None else self._listed(name, read(data))
        return made

    def __reduce__(self) -> Any:
        return _outputs_of, (self._bundle,)

    def _listed(self, name: str, data: tuple[Any, ...]) -> Any:
        return from_canonical(data, self.types[name])

    def tensors(self, block: bytes, texts: Texts) -> dict[str, np.ndarray[Any, Any]]:
        """The tensors, read-only: shape (1, width), a ragged one as its values and its offsets."""
        made = {n: np.ndarray(shape, t, block, at) for n, shape, t, at in self._tensors}
        if not self._ragged:
            return made
        made |= self.ragged(texts)
        return {n: made[n] for n in self._order}

    def ragged(self, texts: Texts) -> dict[str, np.ndarray[Any, Any]]:
        """The ragged tensors of a row: values and offsets, read-only."""
        made = {}
        for tensor, i in self._ragged:
            values = canonical_elements(np.frombuffer(texts[i] or b"", tensor.dtype.storage))
            offsets = np.array([0, len(values)], np.int64)
            values.flags.writeable = offsets.flags.writeable = False
            made[tensor.name], made[tensor.offsets_name] = values, offsets
        return made


class Row(Mapping[str, Any]):
    """The features of one row: a read-only mapping from feature to Python value, None for null.

    All values are made when the first is looked at. Dates and times come as `datetime` objects, the
    latter in their zone; a List or Array as a list.
    """

    __slots__ = ("_block", "_outputs", "_texts", "_values")

    def __init__(self, outputs: RowOutputs, block: bytes, texts: Texts) -> None:
        self._outputs = outputs
        self._block = block
        self._texts = texts
        self._values: dict[str, Any] | None = None

    def _made(self) -> dict[str, Any]:
        values = self._values
        if values is None:
            values = self._values = self._outputs.python(self._block, self._texts)
        return values

    def __getitem__(self, name: str) -> Any:
        return self._made()[name]

    def canonical(self, name: str) -> Any:
        """The value as kernels hold it: bool, int, float, bytes, tuple or None."""
        return self._outputs.canonical(self._block, self._texts, name)

    @property
    def tensors(self) -> dict[str, np.ndarray[Any, Any]]:
        """The tensors of the layout, read-only: shape (1, width), a ragged one as two arrays."""
        return self._outputs.tensors(self._block, self._texts)

    @property
    def block(self) -> bytes:
        """The row as the kernel wrote it: the tensors, then what stands in none (`RowLayout`)."""
        return self._block

    def keys(self) -> KeysView[str]:
        """The names of the features."""
        return self._made().keys()

    def items(self) -> ItemsView[str, Any]:
        """Names and values."""
        return self._made().items()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._made().values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs.names)

    def __len__(self) -> int:
        return len(self._outputs.names)

    def __reduce__(self) -> Any:
        return Row, (self._outputs, self._block, self._texts)

    def __repr__(self) -> str:
        return f"Row({self._made()})"


def _outputs_of(bundle: Bundle) -> RowOutputs:
    """The outputs of rows that come from another process."""
    return RowOutputs(bundle, RowLayout(bundle))


def _unpacker(
    places: list[tuple[int, str]], flags: list[tuple[int, str]], types: dict[str, DType]
) -> struct.Struct:
    """Reads all values and then all flags of a block, what lies between them left out."""
    text, at = "<", 0
    for offset, code in [
        *((offset, value_format(types[n]).format[1:]) for offset, n in places),
        *((offset, "?") for offset, _ in flags),
    ]:
        text += f"{offset - at}x{code}"
        at = offset + struct.calcsize(f"<{code}")
    return struct.Struct(text)


def _makes_text(program: Program) -> bool:
    """Whether anything takes memory from the arena."""
    return any(takes_arena(n) for n in program.serving_nodes)
