"""What `CudaDevice` asks of NVIDIA's driver; `test_cuda_device.py` runs these in a process."""

from __future__ import annotations

import ctypes
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from featurelib.errors import DeviceError, DeviceMemoryError, InputError, NoDeviceError
from featurelib.jit.arena import ScratchArena
from featurelib.jit.compile import compile_program
from featurelib.jit.places import PlacedProgram
from featurelib_online import cuda
from parity_tests.device.driver_stand_in import NO_BINARY, Driver
from parity_tests.online import layouts

LAYOUT = {"dense": ["half", "kind"], "tags": ["tags"]}
ROWS = layouts.random_rows(130)
COLUMNS = layouts.as_columns(ROWS)
CONTEXT = 0x1000


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    made = Driver()
    made.load(tmp_path_factory.mktemp("driver"))
    return made


@pytest.fixture
def kernel(driver: Driver) -> Any:
    """A kernel whose launches run the same program as the CPU has it, on the same slots."""
    bundle = layouts.bundle_of(LAYOUT)
    made = cuda.compile(bundle, 0)
    placed = PlacedProgram.of(bundle.program, bundle.layout, bundle.schema, only_tensors=True)
    machine = compile_program(made._program.program, places=placed.places, wide=False)
    run = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(machine.address)

    def on_launch(slots: int, rows: int) -> None:
        arena = ScratchArena()
        last = ctypes.c_int64.from_address(slots + 8 * (len(machine.slots) - 1))
        last.value = arena.address
        run(slots, 0, rows)

    driver.on_launch = on_launch
    driver.calls.clear()
    return made


class Given:
    """An array on the device as another library hands it over."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.__cuda_array_interface__ = {
            "shape": array.shape,
            "typestr": array.dtype.str,
            "data": (array.ctypes.data, False),
            "strides": None if array.flags.c_contiguous else array.strides,
            "version": 3,
        }


def test_a_device_says_what_it_is(driver: Driver, kernel: Any) -> None:
    """Name, compute capability, driver and threads come from the driver; the cubin is loaded."""
    device = kernel.device
    found = (device.name, device.capability, device.driver, device.label, device.threads)
    assert found == ("Stand-in", (9, 0), "CUDA 13.5", "cuda:0", 8192)
    cuda.compile(layouts.bundle_of(LAYOUT), 0)
    assert (b"\x7fELF",) in driver.took("load")
    assert driver.took("kernel") == [(kernel._program.machine.entry,)]


def test_tensors_are_filled(driver: Driver, kernel: Any) -> None:
    """Addresses, slots, copies and tables are right: the reference's tensors stand in memory."""
    made = kernel.columns(COLUMNS)
    layouts.assert_tensors(made.numpy(), layouts.expected(kernel.bundle, LAYOUT, ROWS))
    assert not driver.took("unknown")


def test_a_call_is_copies_a_launch_and_an_event_on_its_stream(driver: Driver, kernel: Any) -> None:
    """All of it is queued on the caller's stream, in order, and nothing waits."""
    kernel.columns(COLUMNS, stream=0x9000)
    queued = [c[0] for c in driver.calls if c[-1] == 0x9000 and c[0] not in ("allocate", "free")]
    assert queued == ["copy in", "copy in", "copy in", "launch", "record"]
    (grid, rows, _stream) = driver.took("launch")[0]
    assert grid == (2, 1, 1, 128, 1, 1)
    assert rows == 130
    assert not driver.took("wait for stream") and not driver.took("wait for event")


@pytest.mark.parametrize(
    ("stream", "handle"),
    [
        (None, 1),
        (0, 1),
        (2, 2),
        (0x7000, 0x7000),
        (SimpleNamespace(cuda_stream=0, device=SimpleNamespace(index=0)), 1),
        (SimpleNamespace(cuda_stream=0x7008, device=SimpleNamespace(index=0)), 0x7008),
    ],
)
def test_streams_come_in_many_forms(driver: Driver, kernel: Any, stream: Any, handle: int) -> None:
    """None and torch's default are the default stream; addresses and torch's streams are taken."""
    kernel.columns(COLUMNS, stream=stream)
    assert driver.took("launch")[0][-1] == handle


def test_what_is_no_stream_of_the_device_is_refused(kernel: Any) -> None:
    """Another device's stream, and anything else, with the way out."""
    other = SimpleNamespace(cuda_stream=0x7008, device=SimpleNamespace(index=1))
    with pytest.raises(DeviceError, match="the stream is of cuda:1, the kernel of cuda:0"):
        kernel.columns(COLUMNS, stream=other)
    with pytest.raises(DeviceError, match="no stream: 'fast'"):
        kernel.columns(COLUMNS, stream="fast")


def test_another_stream_waits_for_the_kernel(driver: Driver, kernel: Any) -> None:
    """DLPack's stream waits for the event of the call, unless it says -1; memory is not copied."""
    from cuda.core.utils import StridedMemoryView

    tensor = kernel.columns(COLUMNS, stream=0x9000)["dense"]
    event = driver.took("record")[-1][0]
    view = StridedMemoryView.from_dlpack(tensor, stream_ptr=0xA000)
    assert driver.took("stream waits") == [(0xA000, event)]
    assert (view.ptr, view.shape, view.dtype) == (tensor.address, (130, 4), np.float32)
    assert tensor.__dlpack_device__() == (2, 0)
    tensor.__dlpack__(stream=-1)
    assert len(driver.took("stream waits")) == 1


def test_given_tensors_are_filled(kernel: Any) -> None:
    """By the CUDA array interface, and by DLPack; no memory is allocated for them."""
    wanted = layouts.expected(kernel.bundle, LAYOUT, ROWS)
    out = {
        "dense": Given(np.zeros((200, 4), np.float32)),
        "tags": Given(np.zeros(999, np.int64)),
        "tags.offsets": Given(np.zeros(131, np.int64)),
    }
    kernel.columns(COLUMNS, out=out)
    assert out["dense"].array[:130].tobytes() == wanted["dense"].tobytes()
    assert out["tags.offsets"].array.tobytes() == wanted["tags.offsets"].tobytes()
    made = kernel.columns(COLUMNS)
    again = kernel.columns(COLUMNS, out=dict(made))
    assert again["dense"].address == made["dense"].address
    for array, said in (
        (np.zeros((200, 4)), "got float64 of shape"),
        (np.zeros((200, 8), np.float32)[:, :4], "not contiguous"),
    ):
        with pytest.raises(InputError, match=said):
            kernel.columns(COLUMNS, out={**out, "dense": Given(array)})
    with pytest.raises(InputError, match="is on the CPU, the kernel on cuda:0"):
        kernel.columns(COLUMNS, out={**out, "dense": out["dense"].array})


def test_columns_are_read_where_they_are(kernel: Any) -> None:
    """A column by the CUDA array interface gives the bits that one of the host gives."""
    price = Given(np.array([row["price"] for row in ROWS]))
    made = kernel.columns({**COLUMNS, "price": price}).numpy()
    layouts.assert_tensors(made, layouts.expected(kernel.bundle, LAYOUT, ROWS))


def test_memory_that_runs_out_is_named(driver: Driver, kernel: Any) -> None:
    """The driver's code becomes our error; nothing was launched, and the next call works."""
    driver.limit = driver.used + 100
    with pytest.raises(DeviceMemoryError, match=r"cuda:0 \(Stand-in\) has not 2,080 bytes left"):
        kernel.columns(COLUMNS)
    driver.limit = None
    assert not driver.took("launch")
    layouts.assert_tensors(
        kernel.columns(COLUMNS).numpy(), layouts.expected(kernel.bundle, LAYOUT, ROWS)
    )


def test_memory_comes_back(driver: Driver, kernel: Any) -> None:
    """What is dropped is freed on the stream that it was made on."""
    kernel.columns(COLUMNS)
    used = driver.used
    made = kernel.columns(COLUMNS, stream=0x9000)
    address = made["dense"].address
    del made
    assert (address, 0x9000) in driver.took("free")
    assert driver.used == used


def test_the_threads_own_device_stays_what_it_was(driver: Driver, kernel: Any) -> None:
    """A thread that has another context, or none, has the same one after each call."""
    for mine in (0, 0xBEE8, CONTEXT):
        driver.context = mine
        kernel.columns(COLUMNS).wait()
        assert driver.context == mine
    errors = []

    def work() -> None:
        try:
            kernel.columns(COLUMNS).wait()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not errors


def test_machine_code_that_the_driver_refuses_is_an_error(driver: Driver, kernel: Any) -> None:
    """The error says what was done and gives the driver's own words."""
    driver.load_error = NO_BINARY
    try:
        with pytest.raises(DeviceError, match=r"(?s)loading machine code.*NO_BINARY_FOR_GPU"):
            cuda.compile(layouts.bundle_of(LAYOUT), 0)
    finally:
        driver.load_error = 0


def test_devices_that_are_not_there_are_refused(driver: Driver, kernel: Any) -> None:
    """A number too large, no device at all, and a driver of an older CUDA."""
    bundle = layouts.bundle_of(LAYOUT)
    with pytest.raises(NoDeviceError, match="no CUDA device 1, there are 1: 0 to 0"):
        cuda.compile(bundle, 1)
    driver.devices = 0
    with pytest.raises(NoDeviceError, match="no CUDA device 0, there is none"):
        cuda.compile(bundle, 0)
    driver.devices, driver.version = 1, 12040
    with pytest.raises(NoDeviceError, match=r"supports CUDA 12\.4"):
        cuda.compile(bundle, 0)
    driver.version = 13050
