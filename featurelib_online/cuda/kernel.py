"""Device kernels: a bundle compiled for a CUDA device, columns in and the layout's tensors out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from featurelib.bundle import Bundle, as_bundle
from featurelib.errors import CompileError, NoDeviceError
from featurelib.feature_set import FeatureSet
from featurelib.jit.device_rules import refuse
from featurelib.jit.kernel import Column
from featurelib.jit.places import PlacedProgram
from featurelib.layout import Tensor
from featurelib.model_inputs import ModelInputs
from featurelib.node import INPUT
from featurelib.program import Program
from featurelib_online.cuda.device import Device
from featurelib_online.cuda.inputs import Inputs, read_inputs
from featurelib_online.cuda.program import Address, Copied, DeviceProgram
from featurelib_online.cuda.tensors import DeviceBatch, Target, check_overlaps, parts, targets

__all__ = ["DeviceKernel", "check", "compile"]


class DeviceKernel:
    """A bundle compiled for a device. Made by `featurelib_online.cuda.compile`.

    Safe to call from many threads. Nothing waits for the device unless it is asked to, but for one
    case: with `calls_in_flight` calls under way the next one waits for the oldest.

    Attributes:
        bundle: What is computed; only what stands in a tensor is.
        device: Where.
    """

    def __init__(self, bundle: Bundle, device: Device, *, calls_in_flight: int = 4) -> None:
        if type(calls_in_flight) is not int or calls_in_flight < 1:
            raise CompileError(f"expected calls_in_flight of 1 or more, got {calls_in_flight!r}")
        self.bundle = bundle
        self.device = device
        placed, self._lists, program = _placed(bundle)
        self._members = {m.output: m for m in placed.members}
        self._order = tuple(program.outputs)
        self._program = DeviceProgram(
            device,
            program,
            bundle.state,
            places=placed.places,
            calls_in_flight=calls_in_flight,
        )

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the set that this kernel computes."""
        return self.bundle.fingerprint

    @property
    def ptx(self) -> str:
        """The code that runs on the device, for people."""
        return self._program.machine.ptx

    def columns(
        self,
        data: Any,
        *,
        out: Mapping[str, Any] | None = None,
        stream: Any = None,
        trusted: Collection[str] = (),
    ) -> DeviceBatch:
        """The tensors of the layout for columns.

        Args:
            data: As for `RowKernel.columns`: a mapping from input name to NumPy or Arrow array, or
                a table. In a mapping numbers may be on the device already (anything with
                ``__dlpack__`` or ``__cuda_array_interface__``): these are read where they are, and
                must stay as they are until the kernel is done. A nullable one may be a pair of
                values and flags.
            out: Tensors on the device to write to, by name; of the dtype and width of the layout,
                contiguous, with room for the rows. A ragged tensor has two: ``ids`` and
                ``ids.offsets``. New ones if left out.
            stream: What the copies and the kernel are queued on: a ``torch.cuda.Stream``, a
                cuda.core Stream or the address of one. The default stream if left out.
            trusted: Inputs whose columns on the device the caller vouches for: constraints and
                ranges of dates are not checked there.

        Raises:
            InputError: A column or a tensor does not fit; nothing was queued.
            DeviceMemoryError: The device has not the memory; nothing was computed.
            DeviceError: The driver reports an error, perhaps of an earlier call: what was not
                waited for is not to be read.
        """
        queue = self.device.stream(stream)
        given = read_inputs(data, self.bundle, self.device, queue, trusted)
        totals = {t.name: self._total(given, self._lists[t.name]) for t in self._ragged}
        wanted = parts(self.bundle.layout, given.rows, totals)
        made = targets(wanted, out, self.device, queue, self.bundle.name)
        check_overlaps(made, given.views, self.bundle.name)
        by_name = {target.part.name: target for target in made}
        launched = self._program.run(
            given.columns,
            [self._address(name, by_name) for name in self._order],
            given.rows,
            queue,
            copied=[self._copied(tensor, by_name) for tensor in self._ragged],
        )
        return DeviceBatch(made, given.rows, self.device, launched.mark, queue)

    @property
    def _ragged(self) -> list[Tensor]:
        return [t for t in self.bundle.layout.tensors if t.is_ragged]

    def _total(self, given: Inputs, name: str) -> int:
        """How many elements a List input has in all rows."""
        column = given.columns[name]
        assert isinstance(column, Column)  # a List never comes from a device
        return int(column.values[:, 1].sum())

    def _address(self, output: str, made: Mapping[str, Target]) -> Address:
        member = self._members[output]
        target = made[member.tensor.name]
        return Address(target.address + member.start * target.part.dtype.itemsize)

    def _copied(self, tensor: Tensor, made: Mapping[str, Target]) -> Copied:
        name = self._lists[tensor.name]
        values, offsets = made[tensor.name].address, made[tensor.offsets_name].address
        return Copied(name, self.bundle.schema.by_name[name].dtype, values, offsets)

    def __repr__(self) -> str:
        bundle, name = self.bundle, self.device.label
        return f"<device kernel {bundle.name} {bundle.version} {self.fingerprint[:12]} on {name}>"


def compile(
    bundle: Bundle | FeatureSet,
    device: int | str | Device = 0,
    *,
    model_inputs: ModelInputs | None = None,
    calls_in_flight: int = 4,
) -> DeviceKernel:
    """Compiles a bundle to a device kernel; its code is cached on disk.

    Args:
        bundle: A bundle with a layout, or a feature set that needs no fit.
        device: Number of a CUDA device, or its name in torch (``"cuda:1"``, a `torch.device`).
        model_inputs: What the model was trained with that this kernel is to serve.
        calls_in_flight: How many calls may be under way before one waits for the oldest: each has
            staging buffers of its own.

    Raises:
        NoDeviceError: There is no such device, or it or its driver is too old.
        CompileError: A feature of the layout cannot run on a device (names it, the op and why), a
            List in it is computed, or there is no layout.
        DeviceMemoryError: The fitted state does not fit on the device.
        LayoutMismatchError: The bundle does not give the model what it was trained with.
        MissingExtraError: numba-cuda is not installed.
    """
    made = as_bundle(bundle)
    if model_inputs is not None:
        model_inputs.check(made)
    check(made)
    opened = device if isinstance(device, Device) else _open(device)
    return DeviceKernel(made, opened, calls_in_flight=calls_in_flight)


def check(bundle: Bundle | FeatureSet) -> None:
    """Refuses a bundle that no device can compute; needs no device and compiles nothing.

    For CI of a team whose service has devices and whose tests have none.

    Raises:
        CompileError: A feature of the layout cannot run on a device (names it, the op and why), a
            List in it is computed, or there is no layout.
    """
    _placed(as_bundle(bundle))


def _placed(bundle: Bundle) -> tuple[PlacedProgram, dict[str, str], Program]:
    """What goes where, the inputs that ragged tensors hold, and the program of the rest."""
    if not bundle.layout.tensors:
        raise CompileError(
            f"{bundle.name} has no layout, and a device kernel fills the tensors of one",
            hint='give the feature set a layout: layout={"dense": [...]}',
        )
    placed = PlacedProgram.of(bundle.program, bundle.layout, bundle.schema, only_tensors=True)
    lists = _lists(bundle, placed)
    ragged = set(placed.ragged.values())
    kept = {n: node for n, node in placed.program.outputs.items() if n not in ragged}
    program = Program(kept)
    refuse(program)
    return placed, lists, program


def _open(device: Any) -> Device:
    """A device by its number, or by its name in torch."""
    from featurelib_online.cuda.cuda_device import open_device

    name = device if isinstance(device, str) else str(device)
    index = device if isinstance(device, int) else _index(name)
    if index is None:
        raise NoDeviceError(
            f"expected the number of a CUDA device or a name like 'cuda:0', got {device!r}",
            hint="featurelib_online.compile serves the same bits from the CPU",
        )
    return open_device(index)


def _index(name: str) -> int | None:
    """The number in ``cuda:1``; ``cuda`` alone is the first."""
    kind, _, number = name.partition(":")
    if kind != "cuda" or not (number.isdecimal() or name == "cuda"):
        return None
    return int(number or 0)


def _lists(bundle: Bundle, placed: PlacedProgram) -> dict[str, str]:
    """The input that each ragged tensor holds.

    Raises:
        CompileError: A List is computed.
    """
    made = {}
    for tensor, output in placed.ragged.items():
        node = placed.program.outputs[output]
        if node.op != INPUT:
            member = next(t.members[0] for t in bundle.layout.tensors if t.name == tensor)
            raise CompileError(
                f"tensor `{tensor}`: the List `{member}` is computed, and a device kernel passes "
                "Lists of the input on",
                hint="compute it in a row kernel, or put the input itself into the layout",
            )
        made[tensor] = str(node.param["name"])
    return made
