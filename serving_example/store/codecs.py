"""Payloads of static fields, as MessagePack."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from featurelib import borders, canonical_json
from featurelib.dtypes import to_json
from featurelib.fields import Field
from serving_example.store.errors import VectorError
from serving_example.store.vector import SCHEMA_BYTES

__all__ = ["FieldsCodec", "schema_of"]


def schema_of(what: str, fields: Sequence[Field]) -> bytes:
    """The 8 bytes that name a codec and its fields.

    Args:
        what: The codec and its version.
        fields: Names, types and nullability, in order.
    """
    told = [[f.name, to_json(f.dtype), f.nullable] for f in fields]
    text = canonical_json.dumps({"codec": what, "fields": told})
    return hashlib.sha256(text.encode()).digest()[:SCHEMA_BYTES]


class FieldsCodec:
    """Static fields of any type but structs, as MessagePack: an array of their canonical values.

    Args:
        fields: What a payload holds, in order.

    Attributes:
        fields: The same.
        names: Their names.
        schema: The 8 bytes for a `View`.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.schema = schema_of("fields 1", self.fields)
        self.names = tuple(field.name for field in self.fields)
        self._encoder, self._decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[Any])

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The payload of some values, as Python or the border of JSON has them.

        Args:
            values: A value for each field, None for null.

        Raises:
            VectorError: A field is missing.
            FieldValueError: A field does not take its value.
        """
        made = []
        for field in self.fields:
            if field.name not in values:
                raise VectorError(f"`{field.name}` is missing: give None for null")
            made.append(borders.canonical(values[field.name], field))
        return self._encoder.encode(made)

    def decode(self, payload: bytes) -> dict[str, Any]:
        """The values as Python has them: texts, aware datetimes, None for null.

        Raises:
            VectorError: The payload is of other fields.
        """
        try:
            values = self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            raise VectorError(f"the payload is no list of fields: {error}") from None
        if len(values) != len(self.fields):
            raise VectorError(f"expected {len(self.fields)} fields, got {len(values)}")
        return {
            field.name: borders.from_canonical(value, field.dtype)
            for field, value in zip(self.fields, values, strict=True)
        }
