"""An input schema as JSON: the data that a bundle holds, and a JSON Schema for clients."""

from __future__ import annotations

from typing import Any

from featurelib import borders, dtypes
from featurelib.canonical_json import float_to_hex, hex_to_float, int_to_text, text_to_int
from featurelib.dtypes import DType
from featurelib.fields import BOUNDS, MISSING, Constraints, Field, InputSchema
from featurelib.struct_inputs import members


def field_to_json(field: Field) -> dict[str, Any]:
    """A field as plain JSON data."""
    data: dict[str, Any] = {
        "name": field.name,
        "type": dtypes.to_json(field.dtype),
        "nullable": field.nullable,
    }
    if field.has_default:
        data["default"] = encode(field.canonical_default, field.dtype)
    if not field.constraints.is_empty:
        data["constraints"] = {
            n: encode(v, field.dtype) if n in BOUNDS or n == "one_of" else v
            for n, v in field.constraints.given().items()
        }
    if field.description:
        data["description"] = field.description
    return data


def field_from_json(data: Any) -> Field:
    """The field that `field_to_json` wrote.

    Raises:
        TypeError: `nullable` is no truth value: 0 equals False, and is written otherwise.
    """
    dtype = dtypes.from_json(data["type"])
    if type(data["nullable"]) is not bool:
        raise TypeError(f"`nullable` is true or false, got {data['nullable']!r}")
    limits: dict[str, Any] = {}
    for name, value in data.get("constraints", {}).items():
        if name in BOUNDS:
            limits[name] = decode(value, dtype)
        elif name == "one_of":
            limits[name] = tuple(_plain(decode(v, dtype)) for v in value)
        else:
            limits[name] = value
    default = MISSING
    if "default" in data:
        default = borders.from_canonical(decode(data["default"], dtype), dtype)
    return Field(
        data["name"], dtype, data["nullable"], default, Constraints(**limits),
        data.get("description", ""),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def encode(value: Any, dtype: DType) -> Any:
    """A canonical value as plain JSON data: bits of floats, decimal strings of integers."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return [encode(v, dtype.inner or dtype) for v in value]
    if isinstance(value, dict):
        return {name: encode(value[name], t) for name, t, _ in dtype.fields}
    if dtype.kind == "f":
        return float_to_hex(value)
    if dtype.kind in ("i", "u"):
        return int_to_text(value)
    return _plain(value)


def decode(value: Any, dtype: DType) -> Any:
    """The canonical value that `encode` wrote."""
    if value is None:
        return None
    if dtype.inner is not None:
        return tuple(decode(v, dtype.inner) for v in value)
    if dtype.fields:
        return {name: decode(value[name], t) for name, t, _ in dtype.fields}
    if dtype.kind == "f":
        return hex_to_float(value)
    if dtype.kind in ("i", "u"):
        return text_to_int(value)
    return value.encode() if dtype.name == "String" else bool(value)


_JSON_TYPES: dict[str, dict[str, Any]] = {
    "Bool": {"type": "boolean"},
    "Float32": {"type": "number"},
    "Float64": {"type": "number"},
    "String": {"type": "string"},
    "Date": {"type": "string", "format": "date"},
    "Datetime": {"type": "string", "format": "date-time"},
    "Duration": {"type": "string", "format": "duration"},
}
_BOUND_WORDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}


def json_schema(schema: InputSchema) -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of one row as the JSON border reads it."""
    taken = {name for s in schema.structs for name, _, _ in members(s.dtype, s.name)}
    fields = [*(f for f in schema.fields if f.name not in taken), *schema.structs]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema.name,
        "type": "object",
        "properties": {f.name: _property(f) for f in fields},
        "required": [f.name for f in fields if not f.has_default],
        "additionalProperties": schema.extra == "ignore",
    }


def _property(field: Field) -> dict[str, Any]:
    about: dict[str, Any] = _json_type(field.dtype)
    limits = field.constraints.given()
    for name, word in _BOUND_WORDS.items():
        if name in limits and field.dtype.is_numeric and abs(limits[name]) < float("inf"):
            # Of an integer's own range and a bound the tighter holds.
            tighter = max if name == "ge" else min
            about[word] = tighter(limits[name], about.get(word, limits[name]))
    if "one_of" in limits:
        about["enum"] = list(limits["one_of"])
    if "max_length" in limits:
        about["maxItems" if field.dtype.inner else "maxLength"] = limits["max_length"]
    if field.nullable:
        about = {"anyOf": [about, {"type": "null"}]}
    if field.description:
        about["description"] = field.description
    if field.has_default:
        about["default"] = _json_value(field.default, field.dtype)
    return about


def _json_type(dtype: DType) -> dict[str, Any]:
    if dtype.is_integer:
        low, high = dtype.bounds
        return {"type": "integer", "minimum": low, "maximum": high}
    if dtype.inner is not None:
        about: dict[str, Any] = {"type": "array", "items": _json_type(dtype.inner)}
        return about | ({"minItems": dtype.size, "maxItems": dtype.size} if dtype.size else {})
    if dtype.fields:
        return {
            "type": "object",
            "properties": {n: _property(Field(n, t, null)) for n, t, null in dtype.fields},
            "required": [n for n, _, _ in dtype.fields],
            "additionalProperties": False,
        }
    return dict(_JSON_TYPES[dtype.name])


def _json_value(value: Any, dtype: DType) -> Any:
    if value is None or dtype.name in ("Bool", "String") or dtype.is_integer:
        return value
    if dtype.inner is not None:
        return [_json_value(v, dtype.inner) for v in value]
    if dtype.fields:
        return {name: _json_value(value[name], t) for name, t, _ in dtype.fields}
    if dtype.is_float:
        return value if abs(value) < float("inf") else str(value)
    if dtype.name == "Duration":
        micros = borders.canonical(value, Field("default", dtype))
        sign, (seconds, rest) = "-" * (micros < 0), divmod(abs(micros), 1_000_000)
        return f"{sign}PT{seconds}.{rest:06}S"
    return value.isoformat()
