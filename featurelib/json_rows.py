"""JSON as input: strict where JSON's readers are loose. Requests, files and commands share it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from featurelib import borders
from featurelib.errors import InputError
from featurelib.struct_inputs import flat_row

if TYPE_CHECKING:
    from featurelib.bundle import Bundle
    from featurelib.fields import Field

__all__ = ["parse", "read_json", "refuse_constant"]


def read_json(text: bytes | str) -> Any:
    """What a JSON text says, where it says one thing only.

    Raises:
        ValueError: The text is no JSON, an object in it repeats a key, it holds NaN or Infinity or
            a number beyond Float64, or it is nested too deep.
    """
    try:
        return json.loads(
            text, parse_constant=refuse_constant, parse_float=_finite, object_pairs_hook=_unique
        )
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def parse(data: bytes | str, bundle: Bundle) -> Any:
    """A row (dict), or a list of rows, with times read from ISO 8601 text.

    Raises:
        InputError: The text is no JSON (see `read_json`), or a time in it cannot be read.
    """
    if not isinstance(data, (str, bytes, bytearray)):
        raise InputError(
            f"{bundle.name}: JSON is text or bytes, got {type(data).__name__}",
            hint="rows as dicts go to kernel.many, a buffer as bytes(data)",
        )
    try:
        parsed = read_json(data)
    except ValueError as error:
        raise InputError(f"{bundle.name}: no readable JSON: {error}") from None
    times = [f for f in bundle.schema.fields if (f.dtype.inner or f.dtype).is_temporal]
    if isinstance(parsed, list):
        return [_row(r, bundle, times, i) for i, r in enumerate(parsed)]
    return _row(parsed, bundle, times, None)


def _row(row: Any, bundle: Bundle, times: list[Field], index: int | None) -> Any:
    if not isinstance(row, dict):
        raise InputError(f"{bundle.name}: expected a JSON object, got {row!r}", row=index)
    if bundle.schema.structs:
        row = flat_row(row, bundle.schema, where=bundle.name, row=index)
    for field in times:
        if field.name in row:
            value = borders.canonical(
                row[field.name], field, where=bundle.name, row=index, source="json"
            )
            row[field.name] = borders.from_canonical(value, field.dtype)
    return row


def refuse_constant(text: str) -> NoReturn:
    """For `json`: NaN, Infinity and -Infinity, which Python reads and JSON has not."""
    raise ValueError(f"{text} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} stands twice in an object")
    return made


def _finite(text: str) -> float:
    """A number of JSON; one beyond Float64 is refused, not read as an infinity."""
    value = float(text)
    if abs(value) == float("inf"):
        raise ValueError(f"{text} is outside Float64")
    return value
