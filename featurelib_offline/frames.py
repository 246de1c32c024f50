"""Frames at the border: Polars, pyarrow and pandas in, the same kind out."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import polars as pl

from featurelib.border_errors import message, missing_field, prefix, show, takes, unknown_field
from featurelib.border_rules import Refusal
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import InputSchema
from featurelib.struct_inputs import whole_structs
from featurelib_offline import foreign
from featurelib_offline.frame_checks import Check, FieldBorder, default_border, field_border
from featurelib_offline.struct_columns import unnested
from featurelib_offline.text_columns import text_border

__all__ = ["Frame", "Kind", "read_frame"]

Engine = Literal["in-memory", "streaming"]
Kind = Literal["polars", "polars_lazy", "pyarrow", "record_batch", "pandas"]


@dataclass(frozen=True)
class Frame:
    """A frame bound to an input schema.

    Attributes:
        raw: The columns as they came, as a lazy frame.
        kind: What the caller gave.
        schema: What the columns must become.
        where: The feature set, for errors.
        keep: Other columns that go along as they are.
        index: The index of a pandas frame.
        is_text: Whether columns of text are read as the types of their fields (CSV).
        struct_checks: What Struct columns must satisfy beyond their members.
    """

    raw: pl.LazyFrame
    kind: Kind
    schema: InputSchema
    where: str = ""
    keep: tuple[str, ...] = ()
    index: Any = None
    is_text: bool = False
    struct_checks: tuple[Check, ...] = ()

    @cached_property
    def borders(self) -> tuple[FieldBorder, ...]:
        """The border of each field.

        Raises:
            MissingFieldError: A column is absent and its field has no default.
            FieldValueError: A column has a type that its field does not take.
        """
        types = self.raw.collect_schema()
        made = []
        for field in self.schema.fields:
            if field.name not in types:
                if not field.has_default:
                    raise missing_field(field, self.schema, self.where, None, list(types))
                made.append(default_border(field))
                continue
            source = types[field.name]
            column = pl.col(field.name)
            try:
                if self.is_text and source == pl.String and field.dtype.name != "String":
                    made.append(text_border(column, field))
                else:
                    made.append(field_border(column, source, field))
            except Refusal as refusal:
                raise FieldValueError(
                    message(
                        field, f"a column of {source}", self.where, None, refusal.path,
                        refusal.reason,
                    ),
                    field=field.name,
                    hint=refusal.hint or None,
                ) from None  # fmt: skip
        return tuple(made)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check of a value, in the order of the fields."""
        of_fields = (check for border in self.borders for check in border.checks)
        return (*self.struct_checks, *of_fields)

    def columns(self) -> pl.LazyFrame:
        """The schema's columns in their types, then `keep`; refused rows are not looked for."""
        return self.raw.select(*(b.column for b in self.borders), *self._kept())

    def checked(self) -> pl.LazyFrame:
        """As `columns`; a refused row stops the plan that reads it with a FieldValueError.

        Run it inside ``with frame.naming_faults():``, which then says which row it was.
        """
        if not self.checks:
            return self.columns()

        def stop(bad: pl.Series) -> pl.Series:
            if bad.any():
                raise FieldValueError(f"{prefix(self.where)}a row does not fit the input schema")
            return bad

        guard = self._bad().map_batches(stop, return_dtype=pl.Boolean(), is_elementwise=True)
        return self.raw.filter(~guard).select(*(b.column for b in self.borders), *self._kept())

    @contextlib.contextmanager
    def naming_faults(self) -> Iterator[None]:
        """Around a run of `checked`: an error names the first refused row, by a second pass."""
        try:
            yield
        except (FieldValueError, pl.exceptions.PolarsError):
            fault = self.fault()
            if fault is None:
                raise
            raise fault from None

    def fault(self) -> FieldValueError | None:
        """The error about the first refused row, None if every row is taken."""
        if not self.checks:
            return None
        engine: Engine = "in-memory" if self.is_eager else "streaming"
        some = [c.bad.any().alias(str(i)) for i, c in enumerate(self.checks)]
        failed = [
            i for i, bad in enumerate(self.raw.select(some).collect(engine=engine).row(0)) if bad
        ]
        if not failed:
            return None
        rows = pl.int_range(pl.len(), dtype=pl.Int64)
        firsts = self.raw.select(
            rows.filter(self.checks[i].bad).min().alias(str(i)) for i in failed
        ).collect(engine=engine)
        row, i = min(zip(firsts.row(0), failed, strict=True))
        check = self.checks[i]
        name = check.field.name
        shown, null = self._shown(name, row)
        hint = f"declare it nullable: `{name}: T | None`, and fill_null in the features"
        return FieldValueError(
            message(check.field, shown, self.where, row, reason="" if null else check.reason),
            field=name,
            row=row,
            hint=hint if null else 'errors="collect" of transform and job leaves such rows out',
        )

    def _shown(self, name: str, row: int) -> tuple[str, bool]:
        """A value of the raw column for an error, and whether it is null."""
        cell = self.raw.slice(row, 1).select(name).collect(engine="in-memory").to_series()
        try:
            value = cell.item()
        except (OverflowError, ValueError):  # a time that Python has no object for
            return f"{cell.to_physical().item()} ({cell.dtype})", False
        value = value.to_list() if isinstance(value, pl.Series) else value
        return show(value), value is None

    def split(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Good rows as `columns` has them, and refused rows; together every row.

        The second frame has ``row`` (the index in the input), ``reasons`` (a list of text) and
        ``input`` (a struct of the columns as they came).
        """
        names = self.raw.collect_schema().names()
        if not self.checks:
            return self.columns(), self._refused(names, pl.lit([], dtype=pl.List(pl.String)), False)
        reasons = pl.concat_list(
            pl.when(c.bad).then(
                pl.lit(f"field `{c.field.name}` takes {takes(c.field)}: {c.reason}")
            )
            for c in self.checks
        ).list.drop_nulls()
        good = self.raw.filter(~self._bad()).select(
            *(b.column for b in self.borders), *self._kept()
        )
        return good, self._refused(names, reasons, self._bad())

    def _refused(self, names: list[str], reasons: pl.Expr, bad: pl.Expr | bool) -> pl.LazyFrame:
        row = pl.int_range(pl.len(), dtype=pl.Int64).alias("row")
        return self.raw.select(
            row, reasons.alias("reasons"), pl.struct(names).alias("input"),
            pl.lit(bad).alias("refused") if isinstance(bad, bool) else bad.alias("refused"),
        ).filter("refused").drop("refused")  # fmt: skip

    def _bad(self) -> pl.Expr:
        return pl.any_horizontal([check.bad for check in self.checks])

    def _kept(self) -> list[pl.Expr]:
        return [pl.col(name) for name in self.keep if name not in self.schema.by_name]

    @property
    def is_eager(self) -> bool:
        """Whether the data is in memory already."""
        return self.kind != "polars_lazy"

    def restore(
        self,
        result: pl.LazyFrame | pl.DataFrame,
        *,
        nullable: Collection[str] = (),
        engine: Engine = "in-memory",
    ) -> Any:
        """A result as the kind of frame that the caller gave.

        Args:
            result: The columns to hand over; collected unless the caller gave a lazy frame.
            nullable: Columns that may be null: in pandas they are masked arrays, so that an
                integer stays one and a null is not a NaN.
            engine: How a lazy result is collected.
        """
        if self.kind == "polars_lazy":
            return result.lazy()
        if isinstance(result, pl.LazyFrame):
            result = result.collect(engine=engine)
        if self.kind == "polars":
            return result
        if self.kind == "pandas":
            return foreign.to_pandas(result, nullable, self.index)
        table = result.to_arrow()
        return foreign.to_record_batch(table) if self.kind == "record_batch" else table


def read_frame(
    data: Any,
    schema: InputSchema,
    *,
    where: str = "",
    keep: Sequence[str] = (),
    check: bool = True,
    is_text: bool = False,
) -> Frame:
    """Binds a frame to an input schema.

    Names and types of columns are checked at once; values too where the data is in memory, unless
    `check` is false (for `Frame.split`).

    Args:
        data: A Polars DataFrame or LazyFrame, pyarrow Table or RecordBatch, or pandas DataFrame.
        schema: What the columns must become.
        where: The feature set, for errors; by default the schema's name.
        keep: Columns outside the schema that go along as they are.
        check: Whether to look at values now.
        is_text: See `Frame`.

    Raises:
        MissingFieldError, UnknownFieldError, FieldValueError: See `featurelib.borders`.
        InputError: `data` is no frame, or has no column of `keep`.
    """
    where = where or schema.name
    names = foreign.column_names(data)
    if names is None:
        raise InputError(
            f"{prefix(where)}a frame is a polars, pyarrow or pandas one, got {type(data).__name__}"
        )
    structs = {field.name for field in whole_structs(schema, names)}
    for name in names:
        if schema.extra == "forbid" and name not in {*schema.by_name, *structs, *keep}:
            raise unknown_field(name, schema, where)
    for name in keep:
        if name not in names:
            raise InputError(f"{prefix(where)}keep: no column `{name}`", field=name)
    wanted = [n for n in names if n in schema.by_name or n in structs or n in keep]
    raw, kind = foreign.to_polars(data, wanted, schema, where)
    index = data.index if kind == "pandas" else None
    raw, checks = unnested(raw, schema, where) if schema.structs else (raw, ())
    frame = Frame(raw, kind, schema, where, tuple(keep), index, is_text, checks)
    _ = frame.borders
    if check and frame.is_eager:
        fault = frame.fault()
        if fault is not None:
            raise fault
    return frame
