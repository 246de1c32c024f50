"""Buffers for torch, checks of what a caller gives, and the way from a batch to torch."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

import featurelib_online as online
from featurelib.errors import DefinitionError, InputError
from featurelib_online.tensors import TorchBuffers, as_torch, padded
from parity_tests.late import Late
from parity_tests.online.layouts import (
    FULL,
    as_columns,
    as_json,
    assert_tensors,
    bundle_of,
    expected,
    random_rows,
)

KERNEL = Late(lambda: online.compile(bundle_of(FULL)))
LAYOUT = bundle_of(FULL).layout
ROOT = Path(__file__).parents[2]


def numpy(tensors: dict[str, torch.Tensor]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}


@pytest.mark.parametrize("n", [0, 1, 16, 256])
def test_buffers_are_filled_by_every_call_and_read_by_torch_without_a_copy(n: int) -> None:
    """The same memory each time: the tensors of torch hold the rows of the last call."""
    buffers = TorchBuffers(LAYOUT, 256, elements=2000)
    rows = random_rows(n, finite=True)
    wanted = expected(KERNEL.bundle, FULL, rows)
    for compute in (
        lambda: KERNEL.many(rows, out=buffers.arrays),
        lambda: KERNEL.columns(as_columns(rows), out=buffers.arrays),
        lambda: KERNEL.json(as_json(rows), out=buffers.arrays),
    ):
        KERNEL.many(random_rows(256), out=buffers.arrays)
        compute()
        made = buffers.first(n)
        assert_tensors(numpy(made), wanted)
        assert np.shares_memory(made["dense"].numpy(), buffers.arrays["dense"]) == (n > 0)


def test_padding_gives_every_batch_the_same_shape() -> None:
    """The rows as they are, zeros behind, an empty List for each row behind."""
    buffers = TorchBuffers(LAYOUT, 64, elements={"tags": 500, "scores": 500, "again": 500})
    for n in (64, 5, 0, 17):
        rows = random_rows(n)
        batch = KERNEL.many(rows, out=buffers.arrays)
        wanted = expected(KERNEL.bundle, FULL, rows)
        for made in (padded(batch, LAYOUT, 64), buffers.padded(n)):
            for tensor in LAYOUT.tensors:
                if tensor.is_ragged:
                    offsets = made[tensor.offsets_name].numpy()
                    assert offsets.tolist() == [
                        *wanted[tensor.offsets_name].tolist(),
                        *[len(wanted[tensor.name])] * (64 - n),
                    ]
                    assert made[tensor.name].numpy().tobytes() == wanted[tensor.name].tobytes()
                else:
                    whole = made[tensor.name].numpy()
                    assert whole.shape == (64, tensor.width)
                    assert whole[:n].tobytes() == wanted[tensor.name].tobytes()
                    assert not whole[n:].any()


def test_a_model_gives_a_row_the_same_logits_in_every_padded_batch() -> None:
    """Alone, among others, and from a row kernel's own memory: equal bits."""
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(9, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    rows = random_rows(40, finite=True)
    buffers = TorchBuffers(LAYOUT, 64, elements=500)
    with torch.no_grad():
        KERNEL.many(rows, out=buffers.arrays)
        together = model(buffers.padded(40)["dense"].clamp(-1e3, 1e3))[:40].clone()
        for i in (0, 7, 39):
            alone = padded(KERNEL(rows[i]), LAYOUT, 64)["dense"]
            assert torch.equal(model(alone.clamp(-1e3, 1e3))[:1], together[i : i + 1])


def test_rows_and_batches_become_torch_tensors_that_share_their_memory() -> None:
    """Without a warning, and alive when the row is gone."""
    rows = random_rows(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch = KERNEL.many(rows)
        made = as_torch(batch)
        assert made["dense"].data_ptr() == batch.tensors["dense"].ctypes.data
        alone = [as_torch(KERNEL(row)) for row in rows]
    for row, tensors in zip(rows, alone, strict=True):
        assert_tensors(numpy(tensors), expected(KERNEL.bundle, FULL, [row]))
    assert_tensors(numpy(made), expected(KERNEL.bundle, FULL, rows))


def test_tensors_of_torch_are_buffers_themselves() -> None:
    """CPU tensors may be given as `out`, those of bool for a Bool."""
    rows = random_rows(20)
    wanted = expected(KERNEL.bundle, FULL, rows)
    out = {n: torch.zeros(a.shape, dtype=torch.from_numpy(a).dtype) for n, a in wanted.items()}
    out["flags"] = out["flags"].bool()
    KERNEL.many(rows, out=out)
    got = numpy(out)
    assert got["flags"].dtype == np.bool_
    assert_tensors(got | {"flags": got["flags"].view(np.uint8)}, wanted)


@pytest.mark.parametrize("kind", [np.matrix, np.memmap, np.recarray])
def test_a_buffer_of_another_class_is_its_memory(kind: Any) -> None:
    """The batch has plain arrays over it: a column of a matrix would have two dimensions."""
    rows = random_rows(20)
    memory = {n: np.zeros_like(a) for n, a in expected(KERNEL.bundle, FULL, rows).items()}
    out = {n: a.view(kind) if a.ndim == 2 else a for n, a in memory.items()}
    for batch in (KERNEL.many(rows, out=out), KERNEL.columns(as_columns(rows), out=out)):
        assert_tensors(memory, expected(KERNEL.bundle, FULL, rows))
        assert batch.columns["half"].shape == (20,)
        assert np.shares_memory(batch.tensors["dense"], memory["dense"])


def _arrays(rows: int = 4) -> dict[str, Any]:
    return dict(TorchBuffers(LAYOUT, rows, elements=100).arrays)


class _OnDevice:
    """What a tensor on a GPU says of itself."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0


REFUSED = {
    "dtype": ("dense", np.zeros((4, 9)), "must be float32 of shape (>= 4, 9), got float64 of"),
    "width": ("dense", np.zeros((4, 8), "<f4"), "(>= 4, 9), got float32 of shape (4, 8)"),
    "rows": ("dense", np.zeros((3, 9), "<f4"), "(>= 4, 9), got float32 of shape (3, 9)"),
    "one dimension": ("dense", np.zeros(36, "<f4"), "got float32 of shape (36,)"),
    "bool": ("counts", np.zeros((4, 2), bool), "must be int16 of shape (>= 4, 2), got bool"),
    "strided": ("dense", np.zeros((4, 18), "<f4")[:, ::2], "must be contiguous (C order), got str"),
    "Fortran": ("dense", np.zeros((9, 4), "<f4").T, "must be contiguous"),
    "read-only": ("ids", np.frombuffer(bytes(16), "<u4").reshape(4, 1), "must be writable"),
    "masked": ("dense", np.ma.zeros((4, 9), "<f4"), "plain array, got a masked one, whose mask"),
    "list": ("ids", [[1]] * 4, "must be a NumPy array or a CPU tensor, got builtins.list"),
    "device": ("dense", _OnDevice(), "in memory of the CPU, got a .*_OnDevice on a CUDA device"),
    "meta": ("dense", torch.zeros(4, 9, device="meta"), "got a torch.Tensor on another device"),
    "gradient": ("dense", torch.zeros(4, 9, requires_grad=True), "requires grad"),
    "bfloat16": ("dense", torch.zeros(4, 9, dtype=torch.bfloat16), "cannot be seen as a NumPy"),
    "float64 torch": ("dense", torch.zeros(4, 9, dtype=torch.float64), "got float64 of shape"),
    "elements": ("tags", np.zeros((9, 1), "<i8"), "must be int64 of shape (>= 0,), got int64 of"),
    "offsets": ("tags.offsets", np.zeros(4, "<i8"), "int64 of shape (>= 5,), got int64 of shape"),
    "int32 offsets": ("tags.offsets", np.zeros(5, "<i4"), "must be int64 of shape (>= 5,), got"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_buffer_that_does_not_fit_is_refused_before_anything_is_written(case: str) -> None:
    """By name, with what is wanted and what was given."""
    name, wrong, message = REFUSED[case]
    rows = random_rows(4)
    pattern = (
        re.escape(f"offers: `out['{name}']`") + ".*" + re.escape(message).replace(r"\.\*", ".*")
    )
    for call in (
        lambda out: KERNEL.many(rows, out=out),
        lambda out: KERNEL.columns(as_columns(rows), out=out),
    ):
        out = _arrays() | {name: wrong}
        with pytest.raises(InputError, match=pattern):
            call(out)
        assert not any(a.any() for n, a in out.items() if n != name)


def test_missing_and_unknown_buffers_are_named() -> None:
    """All tensors of the layout, the offsets of ragged ones too, and no others."""
    for name in ("dense", "tags", "tags.offsets"):
        out = _arrays()
        del out[name]
        with pytest.raises(InputError, match=f"`out` lacks tensor `{re.escape(name)}`"):
            KERNEL.many(random_rows(4), out=out)
    with pytest.raises(InputError, match="`out` has no place for `labels`"):
        KERNEL.many(random_rows(4), out=_arrays() | {"labels": np.zeros((4, 1))})
    with pytest.raises(InputError, match="`out` is no mapping of buffers, got list"):
        KERNEL.many(random_rows(4), out=[])


def test_buffers_that_share_memory_are_refused() -> None:
    """With each other, and with the columns that are read."""
    rows, memory = random_rows(4), np.zeros(80, "<i8")
    out = _arrays() | {"tags": memory[:40], "again": memory[39:]}
    with pytest.raises(InputError, match=r"`out\['tags'\]` and `out\['again'\]` share memory"):
        KERNEL.many(rows, out=out)
    KERNEL.many(rows, out=out | {"again": memory[40:]})
    columns = as_columns(rows) | {"price": np.ones(4)}
    wide = np.zeros((4, 3))
    wide.reshape(-1)[:4] = columns["price"]
    with pytest.raises(
        InputError, match=r"`out\['wide'\]` shares memory with input column `price`"
    ):
        KERNEL.columns(columns | {"price": wide.reshape(-1)[:4]}, out=_arrays() | {"wide": wide})


@pytest.mark.parametrize("way", ["matrix", "Arrow"])
def test_buffers_that_share_memory_with_elements_are_refused(way: str) -> None:
    """An Array's elements are copied row by row: those of later rows would be written over."""
    rows = random_rows(4)
    out = _arrays()
    elements = out["dense"].reshape(-1)[-8:]
    pairs = elements.reshape(4, 2)
    columns = as_columns(rows) | {
        "pair": pairs if way == "matrix" else pa.FixedSizeListArray.from_arrays(elements, 2)
    }
    with pytest.raises(
        InputError, match=r"`out\['dense'\]` shares memory with input column `pair`"
    ):
        KERNEL.columns(columns, out=out)
    KERNEL.columns(columns | {"pair": pairs.copy()}, out=out)


def test_buffers_say_how_much_they_hold() -> None:
    """Rows, elements of ragged tensors, and pinned memory without a device."""
    for rows in (0, -1, 2.0, True):
        with pytest.raises(DefinitionError, match="expected rows >= 1, got rows="):
            TorchBuffers(LAYOUT, rows, elements=9)  # type: ignore[arg-type]
    for elements in (None, {"tags": 9}):
        with pytest.raises(DefinitionError, match=r"is a List of .*: how many elements"):
            TorchBuffers(LAYOUT, 4, elements=elements)
    with pytest.raises(DefinitionError, match="expected elements of `tags` >= 1, got"):
        TorchBuffers(LAYOUT, 4, elements=0)
    with pytest.raises(DefinitionError, match=r"no tensor `tag` has a List.*tags, scores, again"):
        TorchBuffers(LAYOUT, 4, elements={"tags": 9, "scores": 9, "again": 9, "tag": 9})
    with pytest.raises(DefinitionError, match=r"expected a layout, got Bundle(.|\n)*bundle.layout"):
        TorchBuffers(KERNEL.bundle, 4, elements=9)  # type: ignore[arg-type]
    buffers = TorchBuffers(LAYOUT, 4, elements=9)
    for count in (-1, 5, 2.0, True, "2", None):
        with pytest.raises(InputError, match=f"expected 0 <= rows <= 4, got rows={count!r}"):
            buffers.first(count)  # type: ignore[arg-type]
    assert buffers.first(np.int64(2))["ids"].shape == (2, 1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected at most 2 rows, got 3"):
        padded(KERNEL.many(random_rows(3)), LAYOUT, 2)
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="pin_memory=True needs a CUDA device"):
            TorchBuffers(LAYOUT, 4, elements=9, pin_memory=True)


def test_tensors_of_another_layout_are_not_padded() -> None:
    """By name, width and type: a column would be repeated, or its values rounded, in silence."""
    batch = KERNEL.many(random_rows(2))
    cases = {
        "width": ({**FULL, "dense": FULL["dense"][:-1]}, "`dense`: expected float32 of shape"),
        "dtype": ({**FULL, "ids": ["stock"]}, r"`ids`: expected int16 .*, got uint32 of shape"),
        "names": ({"dense": FULL["dense"]}, "expected tensors dense, got dense, wide"),
    }
    for layout, message in cases.values():
        with pytest.raises(InputError, match=message):
            padded(batch, bundle_of(layout).layout, 4)
    for call in (as_torch, lambda made: padded(made, LAYOUT, 4)):
        with pytest.raises(InputError, match="expected a batch or a row of a kernel, got dict"):
            call({"dense": 1})  # type: ignore[arg-type]


def test_serving_does_not_import_torch() -> None:
    """Nor does the module of tensors, before a tensor is wanted."""
    code = (
        "import sys, featurelib_online, featurelib_online.tensors\n"
        "print('torch' in sys.modules, 'numba.cuda' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["False", "False"], done.stderr
