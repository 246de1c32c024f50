"""How errors about input are worded: the same in every engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from featurelib.errors import MissingFieldError, UnknownFieldError

if TYPE_CHECKING:
    from featurelib.fields import Field, InputSchema

_SHOWN = 80


def message(
    field: Field, shown: str, where: str, row: int | None, path: str = "", reason: str = ""
) -> str:
    """The first line of an error about one value; every engine words it alike."""
    place = "" if row is None else f" in row {row}"
    text = f"{prefix(where)}field `{field.name}{path}` takes {takes(field)}, got {shown}{place}"
    return f"{text}: {reason}" if reason else text


def takes(field: Field) -> str:
    """The type of a field, as an error says it."""
    return f"{field.dtype} or null" if field.nullable else str(field.dtype)


def prefix(where: str) -> str:
    """Where the error is, as it stands before the message."""
    return f"{where}: " if where else ""


def show(value: Any) -> str:
    """A value with its type, for an error; safe on objects whose methods raise."""
    name = type(value).__name__
    try:
        text = repr(value)
    except Exception:
        text = "a value"  # its repr raised, or it is an integer too long to print
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "..."
    return f"{text} ({name})"


def missing_field(
    field: Field, schema: InputSchema, where: str, row: int | None, given: Iterable[Any]
) -> MissingFieldError:
    """The error for a field or column that is absent."""
    place = "" if row is None else f" in row {row}"
    near = _nearest(field.name, [k for k in given if k not in schema.by_name])
    hint = f"got `{near}`: rename it" if near else "give it, or give the field a default"
    return MissingFieldError(
        f"{prefix(where)}field `{field.name}` ({field.dtype}) is missing{place}",
        field=field.name,
        row=row,
        hint=hint,
    )


def unknown_field(
    key: Any, schema: InputSchema, where: str, row: int | None = None
) -> UnknownFieldError:
    """The error for a field or column that the schema does not know."""
    is_text = issubclass(type(key), str)
    name = str.__str__(key) if is_text else show(key)
    place = "" if row is None else f" in row {row}"
    near = _nearest(name, [f.name for f in schema.fields]) if is_text else ""
    hint = f"did you mean `{near}`? " if near else ""
    return UnknownFieldError(
        f"{prefix(where)}field `{name}` is not in the input schema{place}",
        field=name,
        row=row,
        hint=hint + 'leave it out, or declare the schema with extra="ignore"',
    )


def _nearest(name: str, others: list[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(name, others, 1)), "")
