"""Payloads: numeric values as words of 8 bytes, and static fields as MessagePack."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from featurelib import borders, canonical_json
from featurelib.dtypes import to_json
from featurelib.errors import DefinitionError
from featurelib.fields import Field
from serving_example.store.errors import VectorError
from serving_example.store.vector import SCHEMA_BYTES

__all__ = ["FieldsCodec", "WordCodec", "schema_of"]

Array = np.ndarray[Any, Any]
_KINDS: Final = {"b": "q", "i": "q", "u": "Q", "f": "d"}
_WORDS: Final = {"b": np.int64, "i": np.int64, "u": np.uint64, "f": np.float64}


def schema_of(what: str, fields: Sequence[Field]) -> bytes:
    """The 8 bytes that name a codec and its fields.

    Args:
        what: The codec and its version.
        fields: Names, types and nullability, in order.
    """
    told = [[f.name, to_json(f.dtype), f.nullable] for f in fields]
    text = canonical_json.dumps({"codec": what, "fields": told})
    return hashlib.sha256(text.encode()).digest()[:SCHEMA_BYTES]


class WordCodec:
    """Numbers, truth values and times: a word each, then a byte each that says whether it is null.

    A Bool is 0 or 1, a time is microseconds (a Date days), a Float32 is held as the equal Float64.

    Args:
        fields: What a payload holds, in order.

    Attributes:
        fields: The same.
        schema: The 8 bytes for a `View`.
        words: How many there are.
        bytes: Length of a payload.

    Raises:
        DefinitionError: A field is text or a list, or two have one name.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        names = [field.name for field in self.fields]
        if len(set(names)) != len(names):
            raise DefinitionError(f"expected different names, got {names}")
        for field in self.fields:
            if field.dtype.kind not in _KINDS or field.dtype.inner is not None:
                raise DefinitionError(
                    f"`{field.name}` is {field.dtype}: a word holds a number, a Bool or a time",
                    hint="texts and lists go into a FieldsCodec",
                )
        self.schema = schema_of("words 1", self.fields)
        self.words = len(self.fields)
        self.bytes = 9 * self.words
        self._format = struct.Struct("<" + "".join(_KINDS[f.dtype.kind] for f in self.fields))
        self._place = {name: i for i, name in enumerate(names)}

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The payload of some values, as Python or the border of JSON has them.

        Args:
            values: A value for each field, None for null.

        Raises:
            VectorError: A field is missing.
            FieldValueError: A field does not take its value.
        """
        made, valid = [], bytearray(self.words)
        for i, field in enumerate(self.fields):
            if field.name not in values:
                raise VectorError(f"`{field.name}` is missing: give None for null")
            value = borders.canonical(values[field.name], field)
            valid[i] = value is not None
            # One NaN: whose bits a payload has must not depend on who computed it.
            made.append(0 if value is None else value if value == value else math.nan)
        return self._format.pack(*made) + bytes(valid)

    def decode_into(self, payload: bytes, words: Array, valid: Array) -> None:
        """Writes a payload into a row of a matrix.

        Args:
            payload: What `encode` gave.
            words: int64 of shape (fields,): the words as they are; see `column`.
            valid: uint8 or bool of shape (fields,): 1 where there is a value.

        Raises:
            VectorError: The payload has another length.
        """
        self._check(payload)
        words[:] = np.frombuffer(payload, np.int64, self.words)
        valid[:] = np.frombuffer(payload, np.uint8, self.words, 8 * self.words)

    def column(self, words: Array, name: str) -> Array:
        """A field's column of a matrix of words: int64, uint64 or float64, not copied.

        Args:
            words: int64 of shape (rows, fields).
            name: The field.
        """
        i = self._place[name]
        return words[:, i].view(_WORDS[self.fields[i].dtype.kind])

    def decode(self, payload: bytes) -> dict[str, Any]:
        """The values, in the form that kernels hold them in: times as integers, None for null.

        Raises:
            VectorError: The payload has another length.
        """
        self._check(payload)
        values = self._format.unpack_from(payload)
        valid = payload[8 * self.words :]
        return {
            field.name: (bool(value) if field.dtype.kind == "b" else value) if ok else None
            for field, value, ok in zip(self.fields, values, valid, strict=True)
        }

    def _check(self, payload: bytes) -> None:
        if len(payload) != self.bytes:
            raise VectorError(
                f"a payload of {self.words} words has {self.bytes} bytes, got {len(payload)}"
            )


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
        """The payload of some values; see `WordCodec.encode`."""
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
