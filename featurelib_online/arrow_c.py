"""Arrow's C data interface by ctypes: arrays of any library, without importing one.

An object that has ``__arrow_c_array__`` or ``__arrow_c_stream__`` hands over structs of addresses.
They are moved out of the capsule as the interface says (the producer's copy is marked as released),
and the release callback runs once, when the last column that looks into the buffers is gone.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from featurelib.errors import InputError

Array = np.ndarray[Any, Any]


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_ReleaseSchema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_ReleaseArray = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))
_ReleaseStream = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))
_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", _ReleaseSchema),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", _ReleaseArray),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
    ("release", _ReleaseStream),
    ("private_data", ctypes.c_void_p),
]
# An instance of its own: others may set these types on the shared `ctypes.pythonapi`.
_api = ctypes.PyDLL(None)
_SCHEMA_WORDS, _ARRAY_WORDS = struct.Struct("9q"), struct.Struct("10q")
_RELEASE_AT = (_Schema.release.offset, _Array.release.offset)
_api.PyCapsule_GetPointer.restype = ctypes.c_void_p
_api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


class _Owner:
    """A struct that we own; its release callback runs once."""

    def __init__(self, moved: Any) -> None:
        self.struct = moved

    def release(self) -> None:
        if self.struct.release:
            self.struct.release(ctypes.byref(self.struct))
            self.struct.release = type(self.struct.release)()

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():  # a producer written in Python may be half gone by then
            self.release()


class ArrowType(NamedTuple):
    """The type of an Arrow array.

    Attributes:
        format: As the interface writes it: ``"l"``, ``"tsu:UTC"``, ``"+w:3"``.
        name: The column's name.
        children: Types of the members.
        dictionary: Type of the values that indices point to, None if there is no dictionary.
    """

    format: str
    name: str
    children: tuple[ArrowType, ...]
    dictionary: ArrowType | None


class ArrowArray(NamedTuple):
    """An Arrow array: addresses, and the owner that keeps them alive.

    Attributes:
        length: Rows.
        offset: The first row's place in the buffers; in a validity bitmap it counts bits.
        null_count: Nulls, -1 if they were not counted.
        buffers: Addresses, 0 for one that is left out; the validity bitmap is the first.
        children: The members; where they begin is said by their own offsets.
        dictionary: The values that indices point to.
        owner: Lives as long as anything looks into the buffers.
    """

    length: int
    offset: int
    null_count: int
    buffers: tuple[int, ...]
    children: tuple[ArrowArray, ...]
    dictionary: ArrowArray | None
    owner: Any

    def slice(self, start: int, length: int) -> ArrowArray:
        """Rows `start` to `start + length`."""
        nulls = 0 if self.null_count == 0 else -1
        at = self.offset + start
        return ArrowArray(
            length, at, nulls, self.buffers, self.children, self.dictionary, self.owner
        )

    def buffer(self, index: int, dtype: str, start: int, count: int) -> Array:
        """Elements `start` to `start + count` of a buffer, as an array that keeps it alive."""
        if count <= 0 or not self.buffers[index]:
            return np.zeros(max(count, 0), dtype)
        size = np.dtype(dtype).itemsize
        made = np.asarray(_Memory(self.buffers[index] + start * size, count, dtype, self.owner))
        return made if made.flags.aligned else made.copy()


class _Memory:
    """What NumPy asks of an object to look into its memory."""

    def __init__(self, address: int, count: int, dtype: str, owner: Any) -> None:
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (count,),
            "typestr": dtype,
            "version": 3,
        }
        self._owner = owner


class Handed(NamedTuple):
    """What a producer handed over: structs, not yet read.

    Attributes:
        schema: Address of the ArrowSchema.
        arrays: Addresses of the ArrowArrays, one a chunk.
        owners: Live as long as the structs: two capsules, or the schema's owner and the arrays'.
    """

    schema: int
    arrays: tuple[int, ...]
    owners: tuple[Any, ...]


def is_arrow(data: Any) -> bool:
    """Whether an object hands over its content by the C data interface, or is what was handed."""
    return (
        hasattr(data, "__arrow_c_array__")
        or hasattr(data, "__arrow_c_stream__")
        or isinstance(data, Handed)
    )


def hand_over(data: Any) -> Handed:
    """The structs of an Arrow object: one chunk of ``__arrow_c_array__``, or those of a stream.

    Raises:
        InputError: The producer failed.
    """
    try:
        if hasattr(data, "__arrow_c_array__"):
            schema, array = data.__arrow_c_array__()
            places = _pointer(schema, b"arrow_schema"), _pointer(array, b"arrow_array")
            for place, at, what in zip(places, _RELEASE_AT, ("schema", "array"), strict=True):
                if not ctypes.c_int64.from_address(place + at).value:
                    raise InputError(f"the arrow_{what} was released or read before")
            return Handed(places[0], places[1:], (schema, array))
        stream = _moved(data.__arrow_c_stream__(), b"arrow_array_stream", _Stream)
        owners = (_pull(stream, "get_schema", _Schema), *_chunks(stream))
        first, *chunks = (ctypes.addressof(owner.struct) for owner in owners)
        return Handed(first, tuple(chunks), owners)
    except InputError:
        raise
    except Exception as error:  # the producer's own code raised
        raise InputError(
            f"reading the {type(data).__name__} by Arrow's C interface raised "
            f"{type(error).__name__}: {error}"
        ) from error


def read_arrow(data: Any) -> tuple[ArrowType, list[ArrowArray]]:
    """The type and the chunks of an Arrow object; nothing is copied.

    Args:
        data: It has ``__arrow_c_array__`` (one chunk) or ``__arrow_c_stream__``, or is what they
            handed over.

    Raises:
        InputError: The producer failed.
    """
    handed = data if isinstance(data, Handed) else hand_over(data)
    schema, *arrays = handed.owners
    if not isinstance(schema, _Owner):
        schema = _moved(schema, b"arrow_schema", _Schema)
        arrays = [_moved(array, b"arrow_array", _Array) for array in arrays]
    chunks = [read_array(ctypes.addressof(owner.struct), owner) for owner in arrays]
    return read_type(ctypes.addressof(schema.struct)), chunks


def _pointer(capsule: Any, name: bytes) -> int:
    return int(_api.PyCapsule_GetPointer(capsule, name))


def _moved(capsule: Any, name: bytes, kind: Callable[[], Any]) -> _Owner:
    """The struct in a capsule, moved out of it."""
    source: Any = kind.from_address(_pointer(capsule, name))  # type: ignore[attr-defined]
    if not source.release:
        raise InputError(f"the {name.decode()} was released or read before")
    target = kind()
    ctypes.memmove(ctypes.byref(target), ctypes.byref(source), ctypes.sizeof(target))
    source.release = type(source.release)()
    return _Owner(target)


def _pull(stream: _Owner, function: str, kind: Callable[[], Any]) -> _Owner:
    made, source = kind(), ctypes.byref(stream.struct)
    failed = getattr(stream.struct, function)(source, ctypes.byref(made))
    if failed:
        text = stream.struct.get_last_error(source) or b"no reason given"
        raise InputError(f"the Arrow stream failed (error {failed}): {text.decode()}")
    return _Owner(made)


def _chunks(stream: _Owner) -> Iterator[_Owner]:
    while True:
        chunk = _pull(stream, "get_next", _Array)
        if not chunk.struct.release:
            return
        yield chunk


def length(array: int) -> int:
    """Rows of the ArrowArray at an address."""
    return int(ctypes.c_int64.from_address(array).value)


# A struct is read at once, as words: a tenth of the time that its fields take one by one.


def read_type(address: int) -> ArrowType:
    """The type that an ArrowSchema describes."""
    letters, name, _, _, n, children, words, _, _ = _SCHEMA_WORDS.unpack(
        ctypes.string_at(address, _SCHEMA_WORDS.size)
    )
    return ArrowType(
        ctypes.string_at(letters).decode(),
        ctypes.string_at(name).decode() if name else "",
        tuple(map(read_type, _words(children, n))),
        read_type(words) if words else None,
    )


def read_array(address: int, owner: Any) -> ArrowArray:
    """What an ArrowArray describes; `owner` lives as long as anything looks into its buffers."""
    length, nulls, offset, n_buffers, n, buffers, children, words, _, _ = _ARRAY_WORDS.unpack(
        ctypes.string_at(address, _ARRAY_WORDS.size)
    )
    return ArrowArray(
        length,
        offset,
        nulls,
        _words(buffers, n_buffers),
        tuple([read_array(child, owner) for child in _words(children, n)]),
        read_array(words, owner) if words else None,
        owner,
    )


def _words(address: int, count: int) -> tuple[int, ...]:
    return struct.unpack(f"{count}q", ctypes.string_at(address, 8 * count)) if count else ()
