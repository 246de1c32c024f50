"""Functions of modules as machine code: torch's bits, for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.dtypes import FLOAT32, UINT32
from featurelib.errors import InputError
from featurelib.layout import Layout
from featurelib.layout import Tensor as LayoutTensor
from parity_tests.soak import amount
from serving_example.devices import Ladder, cpu_device
from serving_example.models.dense import Dense
from serving_example.models.dense_code import VECTORS
from serving_example.tests.models.test_models import CONFIGS, SHAPES, made

PARTS = [
    (kind, config, part)
    for kind, config in CONFIGS
    for part in ("user", "film", *(["score"] if kind == "ranker" else []))
    if config["hidden"]
]


def layout_of(sample: dict[str, np.ndarray]) -> Layout:
    kinds = {np.dtype(np.float32): FLOAT32, np.dtype(np.uint32): UINT32}
    return Layout(tuple(
        LayoutTensor(name, (name,), kinds[array.dtype], (array.shape[1],))
        for name, array in sample.items()
    ))  # fmt: skip


@pytest.mark.parametrize("kind, config, part", PARTS)
def test_any_number_of_rows_has_the_bits_of_torch_at_the_padded_size(
    kind: str, config: dict[str, object], part: str
) -> None:
    """Of every function of every module, whether its machine code is taken here or given up."""
    module, device = made(kind, config), cpu_device()
    compiled = module.compiled(part)
    rows = compiled.sample(256)
    loaded = device.load("d" * 64, module, layout_of(rows), Ladder((128, 256)), part)
    with torch.inference_mode():
        tensors = {name: torch.from_numpy(array.copy()) for name, array in rows.items()}
        wanted = getattr(module, part)(tensors).numpy()
    for is_warm in (False, True):
        if is_warm:
            for size in loaded.ladder:
                device.warm(loaded, size)
        for count in (1, 2, 3, 5, 47, 48, 49, 100, 128, 200, 256):
            few = {name: array[:count] for name, array in rows.items()}
            assert device.run(loaded, [few]).tobytes() == wanted[:count].tobytes()
        halves = [{name: a[:100] for name, a in rows.items()},
                  {name: a[100:130] for name, a in rows.items()}]  # fmt: skip
        assert device.run(loaded, halves).tobytes() == wanted[:130].tobytes()


def fused(rows: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A layer, each product added with one rounding: long doubles hold the sum before it."""
    sums: np.ndarray = np.zeros((len(rows), len(weights)), np.float32)
    for k in range(rows.shape[1]):
        products = rows[:, k, None].astype(np.longdouble) * weights[:, k].astype(np.longdouble)
        sums = (sums.astype(np.longdouble) + products).astype(np.float32)
    made: np.ndarray = sums + bias
    return made


@settings(max_examples=amount(10, soak=400), deadline=None)
@given(
    st.integers(0, 2**32), st.integers(1, 120), st.integers(1, 90), st.sampled_from([8, 16, 24, 40])
)
def test_a_layer_is_summed_from_the_first_column_to_the_last(
    seed: int, n: int, read: int, gives: int
) -> None:
    """Each product is added with one rounding, and the bias at last.

    Small whole numbers over a power of two: their sums are exact in long doubles, so the oracle has
    one rounding too.
    """
    draw = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return (draw.integers(-(2**12), 2**12, shape) / 2**9).astype(np.float32)

    rows, weights, bias = numbers(n, read), numbers(gives, read), numbers(gives)
    layer = Dense([(torch.from_numpy(weights), torch.from_numpy(bias))], VECTORS)
    assert layer(rows).tobytes() == fused(rows, weights, bias).tobytes()


def test_code_with_other_bits_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """A device compares before it trusts: the answers stay torch's, and the log says so."""
    module, device = made(*CONFIGS[0]), cpu_device()
    honest = module.compiled("user")

    class Off:
        sample = staticmethod(honest.sample)

        def __call__(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
            moved: np.ndarray = np.nextafter(honest(tensors), np.float32(2))
            return moved

    module.compiled = lambda part: Off()
    rows = honest.sample(50)
    loaded = device.load("d" * 64, module, layout_of(rows), Ladder((128,)), "user")
    before = device.run(loaded, [rows])
    device.warm(loaded, 128)
    assert device.run(loaded, [rows]).tobytes() == before.tobytes()
    assert "other bits than torch at 128 rows" in caplog.text


def test_an_id_without_a_vector_is_refused() -> None:
    """The error names the tensor, the row and the ids."""
    compiled = made(*CONFIGS[0]).compiled("user")
    rows = compiled.sample(3)
    rows["user_ids"][2, 1] = SHAPES.tables["user_ids"][1]
    with pytest.raises(
        InputError, match=r"`user_ids`, row 2: expected ids below \[945, 23, 1557\]"
    ):
        compiled(rows)


def test_widths_without_code_are_left_to_torch() -> None:
    """A ranker without hidden layers, and the whole of a module, have none."""
    assert made("ranker", {"embedding": 4, "hidden": []}).compiled("score") is None
    assert made(*CONFIGS[0]).compiled("forward") is None
