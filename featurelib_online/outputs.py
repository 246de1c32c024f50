"""From the block of a row to Python: values, text, and the tensors of the layout."""

from __future__ import annotations

import struct
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from featurelib.borders import from_canonical
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib_online.workspace import RowLayout, RowWorkspace, value_format

Texts = tuple[bytes | None, ...]
"""The bytes of a row's texts and lists, in the order of the outputs; None for null."""


class RowOutputs:
    """How a bundle's outputs are read from a block; made once for a kernel, used for each row.

    Args:
        bundle: What is computed.
        layout: Where its outputs lie.

    Attributes:
        names: The outputs, in order.
        types: Type of each.
        has_work: Whether a served row must be finished in Python: it has text or lists, or values
            that stand in more than one place.
    """

    def __init__(self, bundle: Bundle, layout: RowLayout) -> None:
        self.types: dict[str, DType] = {n: o.dtype for n, o in bundle.program.outputs.items()}
        self.names = tuple(self.types)
        self._bundle = bundle
        self._layout = layout
        self._formats = {n: value_format(t) for n, t in self.types.items()}
        views = [n for n, t in self.types.items() if t.kind == "v"]
        arrays = _array_places(bundle, layout)
        self._texts = {
            n: (i, None if t.name == "String" else _tuple_reader(t))
            for i, (n, t) in enumerate((n, self.types[n]) for n in views)
        }
        self._arrays = [(i, arrays[n]) for i, n in enumerate(views) if n in arrays]
        self.has_work = bool(views or layout.copies)
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
        ]

    def finish(self, work: RowWorkspace) -> Texts:
        """Does what machine code left: reads text and lists, fills every place of a value.

        Returns:
            The bytes of each text and list, None for null. The arena may be used again.
        """
        texts = work.read_texts(None)
        for i, places in self._arrays:
            for offset, width in places:
                work.place(offset)[:width] = np.frombuffer(texts[i] or b"", np.uint8)
        for source, target, size in self._layout.copies:
            work.place(target)[:size] = work.place(source)[:size]
        work.arena.reset()
        return texts

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

    def tensors(self, block: bytes) -> dict[str, np.ndarray[Any, Any]]:
        """The tensors, shape (1, width), read-only."""
        return {n: np.ndarray(shape, t, block, at) for n, shape, t, at in self._tensors}


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


def _tuple_reader(dtype: DType) -> Callable[[bytes], tuple[Any, ...]]:
    """What makes a tuple of a list's bytes."""
    assert dtype.inner is not None
    code = value_format(dtype.inner).format[1:]

    def read(data: bytes) -> tuple[Any, ...]:
        return struct.unpack(f"<{len(data) // struct.calcsize(f'<{code}')}{code}", data)

    return read


def _array_places(bundle: Bundle, layout: RowLayout) -> dict[str, list[tuple[int, int]]]:
    """Offset and bytes of each place in a tensor that an Array feature fills."""
    places: dict[str, list[tuple[int, int]]] = {}
    for tensor, start in zip(bundle.layout.tensors, layout.tensors, strict=True):
        at, step = start, tensor.dtype.bits // 8
        for member, width in zip(tensor.members, tensor.widths, strict=True):
            node = bundle.program.outputs.get(member)
            if node is not None and node.dtype.kind == "v":
                places.setdefault(member, []).append((at, step * width))
            at += step * width
    return places
