"""Row kernels: a bundle compiled for one request at a time, and for small batches."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from featurelib import trace
from featurelib.borders import from_canonical
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import FieldValueError
from featurelib.feature_set import FeatureSet
from featurelib.intrinsics import Arena
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.environment import check_float_environment
from featurelib.jit.kernel import Kernel
from featurelib_online import buffers, json_rows
from featurelib_online.batch import Batch, BatchWorkspace, compute_columns, compute_rows
from featurelib_online.workspace import RowLayout, RowWorkspace, tensor_arrays, value_format


class Row(Mapping[str, Any]):
    """The features of one row: a read-only mapping from feature to Python value, None for null.

    Values are made when they are looked at. Dates and times come as `datetime` objects, the latter
    in their zone; a List or Array as a tuple.
    """

    __slots__ = ("_block", "_kernel", "_text")

    def __init__(self, kernel: RowKernel, block: bytes, text: dict[str, Any]) -> None:
        self._kernel = kernel
        self._block = block
        self._text = text

    def __getitem__(self, name: str) -> Any:
        return from_canonical(self.canonical(name), self._kernel.types[name])

    def canonical(self, name: str) -> Any:
        """The value as kernels hold it: bool, int, float, bytes, tuple or None."""
        if name in self._text:
            return self._text[name]
        layout = self._kernel.layout
        flag = layout.valid.get(name)
        if flag is not None and not self._block[flag]:
            return None
        (value,) = self._kernel.formats[name].unpack_from(self._block, layout.offsets[name])
        return bool(value) if self._kernel.types[name].name == "Bool" else value

    @property
    def tensors(self) -> dict[str, np.ndarray[Any, Any]]:
        """The tensors of the layout, each of shape (1, width), read-only."""
        return tensor_arrays(
            self._kernel.bundle.layout.tensors, self._kernel.layout.tensors, self._block
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._kernel.bundle.program.outputs)

    def __len__(self) -> int:
        return len(self._kernel.bundle.program.outputs)

    def __repr__(self) -> str:
        return f"Row({dict(self)})"


class RowKernel:
    """A bundle compiled for serving. Made by `featurelib_online.compile`.

    Safe to call from many threads. Reading a Python row holds the interpreter lock; kernels over
    columns release it.

    Attributes:
        bundle: What is computed.
        layout: Where the outputs of a row lie.
        types: Type of each output.
    """

    def __init__(self, bundle: Bundle, *, text_limit: int = DEFAULT_LIMIT) -> None:
        self.bundle = bundle
        self.kernel = Kernel(bundle.program, bundle.state, limit=text_limit, wide=False)
        self.layout = RowLayout(bundle)
        self.types: dict[str, DType] = {n: o.dtype for n, o in bundle.program.outputs.items()}
        self.formats = {n: value_format(t) for n, t in self.types.items()}
        self._text = [n for n, t in self.types.items() if t.kind == "v"]
        self._arrays = _array_places(bundle, self.layout)
        known = {m for t in bundle.layout.tensors for m in t.members}
        self.inputs_in_layout = tuple(n for n in bundle.schema.names if n in known)
        self.batches: list[BatchWorkspace] = []
        self._free: list[RowWorkspace] = []
        check_float_environment()
        self._free.append(RowWorkspace(bundle, self.kernel, self.layout))

    @cached_property
    def wide_kernel(self) -> Kernel:
        """Machine code whose loops vectorise; compiled when columns first come in."""
        return Kernel(self.bundle.program, self.bundle.state, limit=self.kernel.limit)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the set that this kernel computes."""
        return self.bundle.fingerprint

    def __call__(self, row: Any, *, out: Mapping[str, Any] | None = None) -> Row:
        """The features of one row.

        Args:
            row: A mapping from input name to value, or an instance of the input schema.
            out: Arrays for the tensors of the layout, by name (dtype and width of the layout); the
                values are written to their first row.

        Raises:
            InputError: The row does not match the input schema (names field, value and way out),
                or a buffer does not fit.
        """
        check_float_environment()
        try:
            work = self._free.pop()
        except IndexError:
            work = RowWorkspace(self.bundle, self.kernel, self.layout)
        try:
            work.plan.serve(row if type(row) is dict else _as_mapping(row))
            if self._text or self.layout.copies:
                made = self._with_text(work)
            else:
                made = Row(self, work.block.tobytes(), {})
        finally:
            self._free.append(work)
        if out is not None:
            self._fill(out, made.tensors)
        return made

    def _fill(self, out: Mapping[str, Any], tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
        rows = len(next(iter(tensors.values()), ()))
        for name, view in buffers.checked(out, self.bundle.layout, rows, self.bundle.name).items():
            view[...] = tensors[name]

    def _with_text(self, work: RowWorkspace) -> Row:
        text = {}
        for name in self._text:
            text[name] = self._read_view(name, work.block)
            for offset, width in self._arrays.get(name, ()):
                data = np.array(text[name], self.types[name].storage).tobytes()
                work.block[offset : offset + width] = np.frombuffer(data, np.uint8)
        for source, target, size in self.layout.copies:
            work.block[target : target + size] = work.block[source : source + size]
        work.arena.free()
        return Row(self, work.block.tobytes(), text)

    def _read_view(self, name: str, block: np.ndarray[Any, Any]) -> Any:
        flag = self.layout.valid.get(name)
        if flag is not None and not block[flag]:
            return None
        dtype = self.types[name]
        address, length = self.formats[name].unpack_from(block, self.layout.offsets[name])
        if dtype.name == "String":
            return ctypes.string_at(address, length)
        data = ctypes.string_at(address, length * dtype.bits // 8)
        values = np.frombuffer(data, dtype.storage).tolist()
        is_bool = dtype.inner is not None and dtype.inner.name == "Bool"
        return tuple(map(bool, values)) if is_bool else tuple(values)

    def many(
        self,
        rows: Sequence[Any],
        *,
        errors: str = "raise",
        out: Mapping[str, Any] | None = None,
    ) -> Batch:
        """The features of several rows.

        Args:
            rows: Mappings or schema instances.
            errors: ``"raise"`` stops at the first bad row; ``"collect"`` leaves bad rows out and
                gives them back with their reasons in `Batch.errors`.
            out: Arrays for the tensors of the layout, by name, with room for the rows.

        Raises:
            InputError: A row does not match the input schema, or a buffer does not fit.
            ValueError: `errors` is neither.
        """
        if errors not in ("raise", "collect"):
            raise ValueError(f'expected errors="raise" or "collect", got errors={errors!r}')
        check_float_environment()
        given = [r if type(r) is dict else _as_mapping(r) for r in rows]
        made = compute_rows(self, given, collect=errors == "collect")
        if out is not None:
            self._fill(out, made.tensors)
        return made

    def columns(self, data: Any, *, out: Mapping[str, Any] | None = None) -> Batch:
        """The features of columns.

        Args:
            data: A mapping from input name to NumPy array, or an object with Arrow's
                ``__arrow_c_array__`` (a record batch of pyarrow, a Polars frame gives one).
                Nulls are Arrow's; a NumPy array has none.
            out: Arrays for the tensors of the layout, by name, with room for the rows.

        Raises:
            InputError: A column is missing, unknown, or of a type that would lose values.
        """
        made = compute_columns(self, data)
        if out is not None:
            self._fill(out, made.tensors)
        return made

    def json(self, data: bytes | str) -> Row | Batch:
        """The features of a JSON object, or of an array of them.

        Times are ISO 8601 with an offset; NaN and infinities, which JSON has not, are refused.

        Raises:
            InputError: The text is no JSON, or does not match the input schema.
        """
        parsed = json_rows.parse(data, self.bundle)
        return self.many(parsed) if isinstance(parsed, list) else self(parsed)

    def trace(self, row: Any) -> dict[str, Any]:
        """Why this number? Every value that is computed for one row, by the reference evaluator.

        Returns:
            Value by its label (``%3 log1p@1 -> log_distance``: number, op, whose value it is),
            inputs before what is made of them. `explain` shows the same numbers.
        """
        steps = trace.trace(self.bundle, _as_mapping(row), arena=Arena(self.kernel.limit))
        return {step.label: step.value for step in steps}

    def __reduce__(self) -> Any:
        return compile, (self.bundle,)

    def __repr__(self) -> str:
        return f"<row kernel {self.bundle.name} {self.bundle.version} {self.fingerprint[:12]}>"


def compile(bundle: Bundle | FeatureSet, *, text_limit: int = DEFAULT_LIMIT) -> RowKernel:
    """Compiles a bundle to a row kernel; machine code is cached on disk.

    Args:
        bundle: A bundle, or a feature set that needs no fit.
        text_limit: The row limit: a longer text result is null.

    Raises:
        FitError: A feature set that needs a fit.
        CompileError: This Python or an input type is not supported.
    """
    return RowKernel(
        bundle.bind() if isinstance(bundle, FeatureSet) else bundle, text_limit=text_limit
    )


def _as_mapping(row: Any) -> Any:
    """The row's dict: a pydantic model's own, without a dump."""
    if isinstance(row, Mapping):
        return row
    fields = getattr(type(row), "model_fields", None)
    if fields is None:
        raise FieldValueError(
            f"expected a mapping or an instance of the input schema, got {row!r} "
            f"({type(row).__name__})"
        )
    values = row.__dict__
    return {(f.alias or n): values[n] for n, f in fields.items() if n in values}


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
