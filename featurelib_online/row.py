"""Row kernels: a bundle compiled for one request at a time, and for small batches."""

from __future__ import annotations

from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from functools import cached_property, partial
from typing import Any

import numpy as np

from featurelib import json_rows, trace
from featurelib.bundle import Bundle, as_bundle
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, InputError
from featurelib.feature_set import FeatureSet
from featurelib.intrinsics import Arena
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.environment import check_float_environment
from featurelib.jit.kernel import Kernel
from featurelib_online import buffers
from featurelib_online.batch import Batch, BatchWorkspace, compute_columns, compute_rows
from featurelib_online.outputs import RowOutputs, Texts
from featurelib_online.workspace import RowLayout, RowWorkspace


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
        """The tensors of the layout, each of shape (1, width), read-only."""
        return self._outputs.tensors(self._block)

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
        self._outputs = RowOutputs(bundle, self.layout)
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
            if work.plan.serve_quick(row):
                work.plan.serve(row if type(row) is dict else _as_mapping(row))
            outputs = self._outputs
            texts = outputs.finish(work) if outputs.has_work else ()
            made = Row(outputs, work.block.tobytes(), texts)
        finally:
            self._free.append(work)
        if out is not None:
            self._fill(out, made.tensors)
        return made

    def _fill(self, out: Mapping[str, Any], tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
        rows = len(next(iter(tensors.values()), ()))
        for name, view in buffers.checked(out, self.bundle.layout, rows, self.bundle.name).items():
            view[...] = tensors[name]

    def filler(self, out: Mapping[str, Any]) -> Callable[[Any], None]:
        """A function of one row that writes its tensors to the same memory each time.

        The program writes there itself and nothing is copied: the shortest way from a request to a
        model. One call at a time; give each thread its own.

        Args:
            out: Arrays for the tensors of the layout, by name (dtype and width of the layout); the
                first row of each is filled.

        Raises:
            InputError: A buffer does not fit. The function raises it as the kernel does; the
                buffers then hold the row before.
        """
        given = buffers.checked(out, self.bundle.layout, 1, self.bundle.name)
        work = RowWorkspace(self.bundle, self.kernel, self.layout, given)
        plan, finish = work.plan, self._outputs.finish
        serve_quick, has_work = plan.serve_quick, self._outputs.has_work

        def fill(row: Any) -> None:
            check_float_environment()
            if serve_quick(row):
                plan.serve(row if type(row) is dict else _as_mapping(row))
            if has_work:
                finish(work)

        return fill

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
            DefinitionError: `errors` is neither.
        """
        if errors not in ("raise", "collect"):
            raise DefinitionError(f'expected errors="raise" or "collect", got errors={errors!r}')
        if not isinstance(rows, Iterable):
            raise InputError(f"expected several rows, got {rows!r} ({type(rows).__name__})")
        check_float_environment()
        given = [r if type(r) is dict else _as_mapping(r) for r in rows]
        made = compute_rows(self, given, collect=errors == "collect")
        if out is not None:
            self._fill(out, made.tensors)
        return made

    def columns(self, data: Any, *, out: Mapping[str, Any] | None = None) -> Batch:
        """The features of columns.

        Args:
            data: A mapping from input name to NumPy or Arrow array, or a table: an object with
                ``__arrow_c_array__`` or ``__arrow_c_stream__``, as a record batch of pyarrow or a
                Polars frame has. None in an array of objects, NaT and a mask are null.
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
        return partial(compile, text_limit=self.kernel.limit), (self.bundle,)

    def __repr__(self) -> str:
        return f"<row kernel {self.bundle.name} {self.bundle.version} {self.fingerprint[:12]}>"


def compile(bundle: Bundle | FeatureSet, *, text_limit: int = DEFAULT_LIMIT) -> RowKernel:
    """Compiles a bundle to a row kernel; machine code is cached on disk.

    Args:
        bundle: A bundle, or a feature set that needs no fit.
        text_limit: The row limit: a longer text result is null.

    Raises:
        FitError: A feature set that needs a fit.
        DefinitionError: Something else, such as the path of a bundle.
        CompileError: This Python or an input type is not supported.
    """
    return RowKernel(as_bundle(bundle), text_limit=text_limit)


def _as_mapping(row: Any) -> Any:
    """A pydantic model's own dict, without a dump; the border reads or refuses everything else."""
    fields = getattr(type(row), "__pydantic_fields__", None)
    if fields is None or getattr(row, "__pydantic_extra__", None):
        return row
    values = row.__dict__
    return {(f.alias or n): values[n] for n, f in fields.items() if n in values}
