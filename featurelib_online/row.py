"""Row kernels: a bundle compiled for one request at a time, and for small batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib import trace
from featurelib.border_errors import show
from featurelib.border_values import mapping_of
from featurelib.bundle import Bundle, as_bundle
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, InputError
from featurelib.feature_set import FeatureSet
from featurelib.intrinsics import Arena
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib.jit.environment import check_float_environment
from featurelib.jit.kernel import Kernel
from featurelib.jit.memory import OutputPlan
from featurelib.jit.tensors import TensorKernel
from featurelib.model_inputs import ModelInputs
from featurelib_online import buffers
from featurelib_online.batch import Batch
from featurelib_online.json_batch import compute_json
from featurelib_online.micro_batches import BatchWorkspace, compute_columns, compute_rows
from featurelib_online.outputs import Row, RowOutputs
from featurelib_online.workspace import RowLayout, RowWorkspace

if TYPE_CHECKING:
    from featurelib_online.column_entry import ColumnEntry


class RowKernel:
    """A bundle compiled for serving. Made by `featurelib_online.compile`.

    Safe to call from many threads. Reading a Python row holds the interpreter lock; kernels over
    columns release it.

    Attributes:
        bundle: What is computed.
        kernel: The machine code.
        layout: Where the outputs of a row lie.
        outputs: Where those of many rows lie.
        types: Type of each output.
    """

    def __init__(self, bundle: Bundle, *, text_limit: int = DEFAULT_LIMIT) -> None:
        self.bundle = bundle
        self.layout = RowLayout(bundle)
        placed = self.layout.placed
        self.kernel = Kernel(
            placed.program, bundle.state, limit=text_limit, places=placed.places, wide=False
        )
        self.outputs = OutputPlan(placed, bundle.layout)
        self.types: dict[str, DType] = {n: o.dtype for n, o in bundle.program.outputs.items()}
        self._outputs = RowOutputs(bundle, self.layout)
        self.batches: list[BatchWorkspace] = []
        self._free: list[RowWorkspace] = []
        check_float_environment()
        self._free.append(RowWorkspace(bundle, self.kernel, self.layout))

    @cached_property
    def wide_kernel(self) -> TensorKernel:
        """Machine code whose loops vectorise; compiled when columns first come in."""
        return TensorKernel(self.bundle, limit=self.kernel.limit, only_tensors=False)

    @cached_property
    def entry(self) -> ColumnEntry:
        """Lets columns into `wide_kernel`; loaded when columns first come in."""
        from featurelib_online.column_entry import ColumnEntry

        return ColumnEntry(self.bundle, self.wide_kernel.inputs)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the set that this kernel computes."""
        return self.bundle.fingerprint

    def __call__(self, row: Any, *, out: Mapping[str, Any] | None = None) -> Row:
        """The features of one row.

        Args:
            row: A mapping from input name to value, or an instance of the input schema.
            out: Buffers for the tensors of the layout (see `many`); the values are written to their
                first row.

        Raises:
            InputError: The row does not match the input schema (names field, value and way out),
                or a buffer does not fit; nothing is written then.
        """
        check_float_environment()
        views = None if out is None else buffers.of(out, self.bundle, 1)
        # As `take`, `row_of` and `give`: their calls would take an eighth of the time.
        try:
            work = self._free.pop()
        except IndexError:
            work = RowWorkspace(self.bundle, self.kernel, self.layout)
        try:
            if work.plan.serve_quick(row):
                work.plan.serve(row if type(row) is dict else as_mapping(row))
            outputs = self._outputs
            made = Row(outputs, work.block.tobytes(), work.texts() if outputs.has_work else ())
        finally:
            self._free.append(work)
        if views is not None:
            self.put(made, views)
        return made

    def take(self) -> RowWorkspace:
        """Memory for one call, which is to be given back."""
        try:
            return self._free.pop()
        except IndexError:
            return RowWorkspace(self.bundle, self.kernel, self.layout)

    def give(self, work: RowWorkspace) -> None:
        """Takes the memory of a call back."""
        self._free.append(work)

    def row_of(self, work: RowWorkspace) -> Row:
        """The row that was served into this memory, as a value of its own."""
        texts = work.texts() if self._outputs.has_work else ()
        return Row(self._outputs, work.block.tobytes(), texts)

    def put(self, made: Row, views: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Copies the tensors of a row to the caller's buffers, all or none of them."""
        tensors = made.tensors
        buffers.put_ragged(views, tensors, self.bundle.layout, self.bundle.name)
        for tensor in self.outputs.dense:
            views[tensor.name][...] = tensors[tensor.name]

    def filler(self, out: Mapping[str, Any]) -> Callable[[Any], None]:
        """A function of one row that writes its tensors to the same memory each time.

        The program writes there itself and nothing is copied: the shortest way from a request to a
        model. One call at a time; give each thread its own.

        Args:
            out: Buffers for the tensors of the layout (see `many`); the first row of each is
                filled.

        Raises:
            InputError: A buffer does not fit. The function raises it as the kernel does; the
                buffers then hold the row before. Where a List is longer than its buffer they are
                void: NaN, or zeros.
        """
        given, layout, where = buffers.of(out, self.bundle, 1), self.bundle.layout, self.bundle.name
        work = RowWorkspace(self.bundle, self.kernel, self.layout, given)
        plan, ragged = work.plan, self._outputs.ragged
        serve_quick, has_work = plan.serve_quick, self._outputs.has_work
        has_ragged = bool(self.outputs.ragged)

        def fill(row: Any) -> None:
            check_float_environment()
            if serve_quick(row):
                plan.serve(row if type(row) is dict else as_mapping(row))
            if has_work:
                texts = work.texts()
                if has_ragged:
                    try:
                        buffers.put_ragged(given, ragged(texts), layout, where)
                    except InputError:
                        buffers.void(given)
                        raise

        return fill

    def many(
        self,
        rows: Sequence[Any],
        *,
        errors: str = "raise",
        out: Mapping[str, Any] | None = None,
    ) -> Batch:
        """The features of several rows.

        Rows are read under the interpreter lock, by one thread: more would wait for each other.

        Args:
            rows: Mappings or schema instances.
            errors: ``"raise"`` stops at the first bad row; ``"collect"`` leaves bad rows out and
                gives them back with their reasons in `Batch.errors`. The good ones follow each
                other without gaps.
            out: Buffers for the tensors of the layout, by name, which the program writes: NumPy
                arrays or CPU tensors, C-contiguous, of the dtype and width of the layout, with room
                for the rows; for a ragged tensor ``name`` room for its elements, and int64
                ``name.offsets`` with room for the rows + 1. What lies behind the rows is not
                touched.

        Raises:
            InputError: A row does not match the input schema: what was given of `out` is then void
                (NaN, or zeros), as far as rows would have gone. Or a buffer does not fit.
            DefinitionError: `errors` is neither.
        """
        if errors not in ("raise", "collect"):
            raise DefinitionError(f'expected errors="raise" or "collect", got errors={errors!r}')
        is_frame = hasattr(rows, "__arrow_c_stream__")
        if is_frame or isinstance(rows, Mapping) or not isinstance(rows, Iterable):
            raise InputError(
                f"{self.bundle.name}: expected several rows, got {show(rows)}",
                hint="one row goes to kernel(row), a frame or columns to kernel.columns",
            )
        check_float_environment()
        given = rows if type(rows) in (list, tuple) else list(rows)
        if set(map(type, given)) - {dict}:
            given = [r if type(r) is dict else as_mapping(r) for r in given]
        return compute_rows(self, given, collect=errors == "collect", out=out)

    def columns(
        self, data: Any, *, out: Mapping[str, Any] | None = None, threads: int = 1
    ) -> Batch:
        """The features of columns.

        Args:
            data: A mapping from input name to NumPy or Arrow array, or a table: an object with
                ``__arrow_c_array__`` or ``__arrow_c_stream__``, as a record batch of pyarrow or a
                Polars frame has. None in an array of objects, NaT and a mask are null. In a mapping
                a tuple of input names may have one matrix, a column for each; and an input may have
                one value for all rows, as `featurelib_online.Constant`.
            out: Buffers for the tensors of the layout, as for `many`.
            threads: Ranges of rows that are computed side by side; a range has 1,024 rows or more.
                The bits are the same for every number.

        Raises:
            InputError: A column is missing, unknown, or of a type that would lose values; or a
                buffer does not fit. All is read and checked before the first row is computed.
            DefinitionError: `threads` is no positive number.
        """
        if type(threads) is not int or threads < 1:
            raise DefinitionError(f"expected threads >= 1, got threads={threads!r}")
        return compute_columns(self, data, out=out, threads=threads)

    def json(self, data: bytes | str, *, out: Mapping[str, Any] | None = None) -> Row | Batch:
        """The features of a JSON object, or of an array of them.

        Times are ISO 8601 with an offset; NaN and infinities, which JSON has not, are refused.
        Numbers, texts without escapes, truth values, null, dates and instants go from the text to
        columns without a Python object; Python reads lists, durations and escapes, and a text with
        Structs or with fields that the schema does not know.

        Args:
            data: The text; bytes are UTF-8.
            out: Buffers for the tensors of the layout, as for `many`.

        Raises:
            InputError: The text is no JSON, or does not match the input schema; or a buffer does
                not fit.
        """
        check_float_environment()
        return compute_json(self, data, out)

    def trace(self, row: Any) -> dict[str, Any]:
        """Why this number? Every value that is computed for one row, by the reference evaluator.

        Returns:
            Value by its label (``%3 log1p@1 -> log_distance``: number, op, whose value it is),
            inputs before what is made of them. `explain` shows the same numbers.
        """
        steps = trace.trace(self.bundle, as_mapping(row), arena=Arena(self.kernel.limit))
        return {step.label: step.value for step in steps}

    def __reduce__(self) -> Any:
        return partial(compile, text_limit=self.kernel.limit), (self.bundle,)

    def __repr__(self) -> str:
        return f"<row kernel {self.bundle.name} {self.bundle.version} {self.fingerprint[:12]}>"


def compile(
    bundle: Bundle | FeatureSet,
    *,
    model_inputs: ModelInputs | None = None,
    text_limit: int = DEFAULT_LIMIT,
) -> RowKernel:
    """Compiles a bundle to a row kernel; machine code is cached on disk.

    Args:
        bundle: A bundle, or a feature set that needs no fit.
        model_inputs: What the model was trained with that this kernel is to serve.
        text_limit: The row limit: a longer text result is null.

    Raises:
        FitError: A feature set that needs a fit.
        DefinitionError: Something else, such as the path of a bundle.
        LayoutMismatchError: The bundle does not give the model what it was trained with.
        CompileError: This Python or an input type is not supported.
    """
    made = as_bundle(bundle)
    if model_inputs is not None:
        model_inputs.check(made)
    return RowKernel(made, text_limit=text_limit)


def as_mapping(row: Any) -> Any:
    """A mapping or pydantic model as the dict that the border sees, which machine code reads.

    What is none, or cannot be read, stays as it is: the border refuses it.
    """
    try:
        values = mapping_of(row)
    except Exception:  # the object's own code raised
        return row
    return row if values is None else values
