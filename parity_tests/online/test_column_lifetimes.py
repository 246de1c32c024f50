"""What columns point into lives until a call is done, and no longer; a plan holds none of it."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib.errors import InputError
from parity_tests.late import Late

SCHEMA = fl.InputSchema.from_fields({"x": float, "s": (str | None, None)})
KERNEL = Late(
    lambda: online.compile(
        fl.FeatureSet(
            "flights",
            version="1.0.0",
            inputs=SCHEMA,
            features=[
                fl.Feature("y", version=1, expr=fl.col("x") * 2.0),
                fl.Feature("t", version=1, expr=fl.col("s").str.to_uppercase()),
            ],
        )
    )
)
_API: Any = ctypes.PyDLL(None)
_API.PyCapsule_New.restype = ctypes.py_object
_DESTRUCTOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_API.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _DESTRUCTOR]
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_SIZES, _RELEASE_AT, _NAMES = (72, 80), (56, 64), (b"arrow_schema", b"arrow_array")

KEPT: list[Any] = []
"""What C code may call until the process ends."""


class Producer:
    """Makes an array for each call, and counts those that were not given back yet."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows, self.held, self.handed = rows, 0, 0

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        self.structs = structs = [ctypes.create_string_buffer(size) for size in _SIZES]
        addresses = [ctypes.addressof(s) for s in structs]
        self.array(self.rows)._export_to_c(*reversed(addresses))
        self.held, self.handed = self.held + 2, self.handed + 2
        return tuple(map(self._capsule, structs, addresses, _RELEASE_AT, _NAMES))

    def array(self, rows: list[Any]) -> Any:
        return pa.array(rows)

    def _capsule(self, struct: Any, address: int, release_at: int, name: bytes) -> Any:
        word = ctypes.c_void_p.from_address(address + release_at)
        original = _RELEASE(word.value or 0)

        def release(at: int) -> None:
            self.held -= 1
            original(at)

        def destroy(_: int) -> None:
            if word.value:
                ctypes.cast(word.value, _RELEASE)(address)

        counted, destructor = _RELEASE(release), _DESTRUCTOR(destroy)
        word.value = ctypes.cast(counted, ctypes.c_void_p).value
        KEPT.extend([struct, original, counted, destructor])
        return _API.PyCapsule_New(address, name, destructor)


class Batches(Producer):
    def array(self, rows: list[Any]) -> Any:
        return pa.array(rows, pa.struct([("x", pa.float64()), ("s", pa.string())]))


ROWS = [{"x": 1.5, "s": "a text that is longer than a view"}, {"x": -0.0, "s": None}]


def test_a_batch_is_given_back_when_the_call_is_done() -> None:
    """Both structs, once; also when the plan was made in another call, and after an error."""
    batches = Batches(ROWS)
    for turn in range(3):
        made = KERNEL.columns(batches)
        gc.collect()
        assert (batches.held, batches.handed) == (0, 2 * turn + 2)
        assert made.canonical("y") == [3.0, -0.0]
        assert made.canonical("t") == [b"A TEXT THAT IS LONGER THAN A VIEW", None]
    wrong = Batches([{"x": None, "s": "a"}])
    for _ in range(2):
        with pytest.raises(InputError, match="field `x`"):
            KERNEL.columns(wrong)
        gc.collect()
        assert wrong.held == 0


def test_columns_by_name_are_asked_for_and_given_back() -> None:
    """An array that only its capsule holds lives until the texts are read."""
    columns = {"x": Producer([1.0, 2.0]), "s": Producer(["abc" * 9, None])}
    for _ in range(3):
        made = KERNEL.columns(columns)
        assert made.canonical("t") == [b"ABC" * 9, None]
        gc.collect()
        assert [c.held for c in columns.values()] == [0, 0]
    mixed = {"x": np.array([1.0, 2.0]), "s": Producer(["é", "ß"])}
    assert KERNEL.columns(mixed).canonical("t") == ["É".encode(), b"SS"]


@pytest.mark.parametrize("which", [0, 1])
def test_a_released_struct_is_refused(which: int) -> None:
    """By its name, before anything in it is looked at."""

    class Released(Batches):
        def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
            capsules = super().__arrow_c_array__()
            struct = self.structs[which]
            release = ctypes.c_void_p.from_buffer(struct, _RELEASE_AT[which])
            ctypes.cast(release.value or 0, _RELEASE)(ctypes.addressof(struct))
            ctypes.memset(ctypes.addressof(struct), 0xFF, 8)
            release.value = None
            return capsules

    KERNEL.columns(Batches(ROWS))
    with pytest.raises(InputError, match="released or read before"):
        KERNEL.columns(Released(ROWS))


def test_a_stream_is_read_once() -> None:
    """Also where its values are refused, or lie in several chunks."""
    schema = pa.schema([("x", pa.float64()), ("s", pa.string())])
    batch = pa.RecordBatch.from_pylist(ROWS, schema)
    for chunks in ([batch], [batch, batch], []):
        reader = pa.RecordBatchReader.from_batches(schema, iter(chunks))
        assert len(KERNEL.columns(reader)) == 2 * len(chunks)
    null = pa.RecordBatch.from_pylist([{"x": None, "s": "a"}], schema)
    reader = pa.RecordBatchReader.from_batches(schema, iter([null]))
    with pytest.raises(InputError, match=r"field `x` takes Float64, got None .* in row 0"):
        KERNEL.columns(reader)
    column = pa.RecordBatchReader.from_batches(
        pa.schema([("x", pa.float64())]), iter([batch.select(["x"])])
    )
    with pytest.raises(InputError, match="field `x`"):
        KERNEL.columns({"x": column, "s": pa.array(["a", "b"])})


def test_texts_of_objects_are_not_held() -> None:
    """A text of an array of objects has as many references as before; so has None."""
    text = "".join(["not ", "interned, é"])
    array = np.array([text, None, text], object)
    columns = {"x": np.array([1.0, 2.0, 3.0]), "s": array}
    KERNEL.columns(columns)
    before = [sys.getrefcount(o) for o in (text, array, None)]
    for _ in range(200):
        KERNEL.columns(columns)
    after = [sys.getrefcount(o) for o in (text, array, None)]
    assert after[:2] == before[:2] and abs(after[2] - before[2]) < 100


def test_threads_with_other_schemas_share_a_kernel() -> None:
    """Each gets its own rows; memory that a call gave back is in no other call."""
    problems: list[Any] = []

    def serve(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(150):
            count = int(rng.integers(1, 40))
            texts = [str(rng.integers(10**9)) * int(rng.integers(1, 4)) for _ in range(count)]
            numbers = rng.random(count)
            kind = (pa.string(), pa.large_string(), pa.string_view())[seed % 3]
            columns: dict[str, Any] = {"x": pa.array(numbers), "s": pa.array(texts, kind)}
            data: Any = pa.record_batch(columns) if seed % 2 else columns
            if seed == 4:
                data = {"s": np.array(texts, object), "x": numbers}
            made = KERNEL.columns(data)
            if made.canonical("t") != [t.encode() for t in texts]:
                problems.append((seed, texts))
            if made.columns["y"].tobytes() != (numbers * 2.0).tobytes():
                problems.append((seed, numbers))

    threads = [threading.Thread(target=serve, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
