"""What device kernels refuse, and what a device that fails leaves behind: nothing misleading."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pytest
import torch

import featurelib as fl
from featurelib.errors import (
    CompileError,
    DeviceError,
    DeviceMemoryError,
    FieldValueError,
    InputError,
    MissingFieldError,
)
from featurelib.fields import InputSchema
from featurelib_online import cuda
from parity_tests.device.ptx_device import DeviceArray, PtxDevice
from parity_tests.online import layouts

LAYOUT = {"dense": ["half", "heavy"], "tags": ["tags"]}


@pytest.fixture
def device() -> PtxDevice:
    return PtxDevice(is_quick=True)


@pytest.fixture
def kernel(device: PtxDevice) -> Any:
    return cuda.compile(layouts.bundle_of(LAYOUT), device)


COLUMNS = layouts.as_columns(layouts.random_rows(4))


def given_out(device: PtxDevice, **changed: Any) -> dict[str, Any]:
    """Tensors that fit four rows, all sevens; some of them replaced."""
    fitting = {
        "dense": DeviceArray(device, np.full((4, 2), 7, np.float32)),
        "tags": DeviceArray(device, np.full(99, 7, np.int64)),
        "tags.offsets": DeviceArray(device, np.full(5, 7, np.int64)),
    }
    return {**fitting, **{name.replace("_", "."): value for name, value in changed.items()}}


def refused(kernel: Any, out: dict[str, Any], *said: str) -> None:
    """`out` is refused in these words, and nothing was copied, launched or written."""
    device = kernel.device
    before = len(device.copies), len(device.launches)
    with pytest.raises(InputError) as error:
        kernel.columns(COLUMNS, out=out)
    for words in said:
        assert words in str(error.value)
    assert (len(device.copies), len(device.launches)) == before
    for given in out.values():
        if isinstance(given, DeviceArray):
            assert (given.array == 7).all()


@pytest.mark.parametrize(
    ("shape", "dtype", "shown"),
    [
        ((4, 2), "f8", "float64 of shape (4, 2)"),
        ((3, 2), "f4", "float32 of shape (3, 2)"),
        ((4, 3), "f4", "float32 of shape (4, 3)"),
        ((8,), "f4", "float32 of shape (8,)"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(
    kernel: Any, shape: tuple[int, ...], dtype: str, shown: str
) -> None:
    """Dtype and shape are shown, those that are wanted and those that came."""
    wrong = DeviceArray(kernel.device, np.full(shape, 7, dtype))
    out = given_out(kernel.device, dense=wrong)
    refused(kernel, out, "offers: `out['dense']`", "float32 of shape (>= 4, 2)", shown)


def test_room_for_the_elements_of_lists_is_checked(kernel: Any) -> None:
    """Values need a place for each element, offsets one more than there are rows."""
    short = DeviceArray(kernel.device, np.full(1, 7, np.int64))
    refused(
        kernel, given_out(kernel.device, tags=short), "`out['tags']`", "got int64 of shape (1,)"
    )
    out = given_out(kernel.device, tags_offsets=short)
    refused(kernel, out, "`out['tags.offsets']` must be int64 of shape (>= 5)")


def test_tensors_must_be_contiguous_and_writable(kernel: Any) -> None:
    """A slice of columns, and memory that may only be read, are refused."""
    device = kernel.device
    slices = DeviceArray(device, np.full((4, 4), 7, np.float32)[:, :2])
    refused(kernel, given_out(device, dense=slices), "is not contiguous")
    locked = np.full((4, 2), 7, np.float32)
    locked.flags.writeable = False
    out = given_out(device)
    out["dense"].array = locked
    refused(kernel, out, "is not writable")


@pytest.mark.parametrize(
    ("place", "said"), [((2, 1), "on cuda:1"), ((1, 0), "on the CPU"), ((3, 0), "on the CPU")]
)
def test_tensors_must_be_on_the_device(kernel: Any, place: tuple[int, int], said: str) -> None:
    """The CPU's memory and another device's are refused by name, and so is the kernel's device."""
    away = DeviceArray(kernel.device, np.full((4, 2), 7, np.float32), place=place)
    refused(kernel, given_out(kernel.device, dense=away), said, "the kernel on ptx:0")


def test_tensors_of_the_cpu_and_what_is_no_tensor_are_refused(kernel: Any) -> None:
    """A CPU tensor of torch says so; a list has no memory to write to."""
    out = given_out(kernel.device, dense=torch.full((4, 2), 7.0))
    refused(kernel, out, "`out['dense']` is on the CPU", "device='ptx:0'")
    out = given_out(kernel.device, dense=[[0.0, 0.0]] * 4)
    refused(kernel, out, "is no array on a device but list")


def test_missing_and_unknown_tensors_are_refused(kernel: Any) -> None:
    """Exactly the tensors of the layout are given; the error lists them."""
    out = given_out(kernel.device)
    extra = {**out, "sparse": out["dense"]}
    refused(kernel, extra, "`out` has no place for `sparse`", "dense, tags, tags.offsets")
    del out["tags.offsets"]
    refused(kernel, out, "`out` lacks tensor `tags.offsets`")


def test_tensors_that_share_memory_are_refused(kernel: Any) -> None:
    """A kernel writes in any order: two tensors, or a tensor and a column, have memory each."""
    device = kernel.device
    one = DeviceArray(device, np.full(99, 7, np.int64))
    out = given_out(device, tags=one)
    out["tags.offsets"] = DeviceArray(device, one.array[:5])
    out["tags.offsets"].address = one.address
    refused(kernel, out, "`out['tags.offsets']` and `out['tags']` share memory")
    out = given_out(device)
    price = DeviceArray(device, np.zeros(4))
    price.address = out["dense"].address
    with pytest.raises(InputError, match=r"`out\['dense'\]` and column `price` share memory"):
        kernel.columns({**COLUMNS, "price": price}, out=out)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        (
            "price",
            np.zeros(4, np.float32),
            "must be float64 of shape (rows,) on a device, got float32",
        ),
        ("price", np.zeros((4, 1)), "of shape (4, 1)"),
        ("price", np.zeros(8)[::2], "not contiguous"),
        ("price", np.zeros(3), "has 3"),
        ("when", np.zeros(4, np.int64), "years 1 to 9999"),
        ("tags", np.zeros(4, np.int64), "List(Int64) comes from the host"),
    ],
)
def test_columns_on_the_device_must_be_what_the_kernel_reads(
    kernel: Any, name: str, given: Any, said: str
) -> None:
    """A column that would have to be converted or checked is refused; the error names it."""
    with pytest.raises(InputError) as error:
        kernel.columns({**COLUMNS, name: DeviceArray(kernel.device, given)})
    assert said in str(error.value)
    assert f"`{name}`" in str(error.value)


def test_flags_on_the_device_are_checked(kernel: Any) -> None:
    """Flags belong to nullable fields, are bool, and one a row."""
    device = kernel.device
    good, short = (DeviceArray(device, np.ones(n, bool)) for n in (4, 3))
    weight = DeviceArray(device, np.ones(4, np.float32))
    price = DeviceArray(device, np.ones(4))
    with pytest.raises(FieldValueError, match="the field is not nullable"):
        kernel.columns({**COLUMNS, "price": (price, good)})
    with pytest.raises(InputError, match=r"bool of shape \(4,\), got bool of shape \(3,\)"):
        kernel.columns({**COLUMNS, "weight": (weight, short)})


def test_constraints_are_checked_on_the_host_or_vouched_for(device: PtxDevice) -> None:
    """A rule that a device does not check is never passed over in silence."""
    schema = InputSchema.from_fields({"price": Annotated[float, fl.Constraints(ge=0)]})
    feature = fl.Feature("log", version=1, expr=fl.col("price").log1p())
    bundle = fl.FeatureSet(
        "fares", version="1.0.0", inputs=schema, features=[feature], layout={"x": ["log"]}
    ).bind()
    kernel = cuda.compile(bundle, device)
    price = DeviceArray(device, np.array([1.0, 2.0]))
    with pytest.raises(FieldValueError, match=r"ge=0.*on a device nothing does"):
        kernel.columns({"price": price})
    assert len(kernel.columns({"price": price}, trusted=["price"]).numpy()["x"]) == 2
    with pytest.raises(InputError, match="`trusted` names `cost`"):
        kernel.columns({"price": price}, trusted=["cost"])


def test_a_missing_column_is_refused_beside_columns_on_the_device(kernel: Any) -> None:
    """The border of the host holds for what is on the host."""
    price = DeviceArray(kernel.device, np.zeros(4))
    columns = {n: c for n, c in COLUMNS.items() if n != "stock"}
    with pytest.raises(MissingFieldError, match="`stock`"):
        kernel.columns({**columns, "price": price})


def test_a_device_without_memory_computes_nothing(device: PtxDevice, kernel: Any) -> None:
    """The error says what was asked for; given tensors keep what they held; then all works."""
    out = given_out(device)
    launches, room = len(device.launches), device.total
    device.total = device.used + 100
    with pytest.raises(DeviceMemoryError, match="has not 16,384 bytes left") as error:
        kernel.columns(COLUMNS, out=out)
    assert error.value.needed == 16_384
    assert len(device.launches) == launches
    assert all((given.array == 7).all() for given in out.values())
    device.total = room
    rows = layouts.random_rows(4)
    made = kernel.columns(COLUMNS).numpy()
    layouts.assert_tensors(made, layouts.expected(kernel.bundle, LAYOUT, rows))


def test_memory_that_a_call_took_comes_back_when_it_fails(device: PtxDevice, kernel: Any) -> None:
    """The second of two tensors does not fit: the first is given back."""
    kernel.columns(COLUMNS)
    used, device.total = device.used, device.used + 40
    with pytest.raises(DeviceMemoryError):
        kernel.columns(COLUMNS)
    assert device.used == used


def test_a_launch_that_fails_hands_out_nothing(device: PtxDevice, kernel: Any) -> None:
    """The driver's error is raised, and a later call is not touched by it."""
    device.fails = "an illegal address was met"
    with pytest.raises(DeviceError, match="illegal address"):
        kernel.columns(COLUMNS)
    device.fails = ""
    rows = layouts.random_rows(4)
    made = kernel.columns(COLUMNS).numpy()
    layouts.assert_tensors(made, layouts.expected(kernel.bundle, LAYOUT, rows))


def test_what_cannot_run_on_a_device_is_refused_at_compile(device: PtxDevice) -> None:
    """The feature, its op and the way out are named; nothing runs on the CPU instead."""

    def compile_with(features: list[fl.Feature], layout: dict[str, list[str]]) -> None:
        bundle = fl.FeatureSet(
            "offers", version="1.0.0", inputs=layouts.Offer, features=features, layout=layout
        ).bind()
        cuda.compile(bundle, device)

    name = fl.col("name").fill_null("")
    loud = fl.Feature("loud", version=1, expr=name.str.to_uppercase().hash_bucket(10).fill_null(0))
    with pytest.raises(CompileError, match=r"(?s)`loud`: `str.to_uppercase@1`: .*row kernel"):
        compile_with([loud], {"x": ["loud"]})
    with pytest.raises(CompileError, match=r"(?s)offers has no layout.*layout="):
        compile_with([loud], {})
    compile_with([loud], {"x": ["price"]})
    tags = fl.col("tags")
    chosen = fl.when(fl.col("is_new")).then(tags).otherwise(tags.fill_null([]))
    chosen_tags = fl.Feature("chosen_tags", version=1, expr=chosen)
    with pytest.raises(CompileError, match="tensor `t`: the List `chosen_tags` is computed"):
        compile_with([chosen_tags], {"t": ["chosen_tags"]})
    with pytest.raises(CompileError, match="calls_in_flight of 1 or more, got 0"):
        cuda.compile(layouts.bundle_of(LAYOUT), device, calls_in_flight=0)
