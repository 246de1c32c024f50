"""Device kernels of whole feature sets: their values, their tensors, their cache, their errors."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cuda.pathfinder import DynamicLibNotFoundError

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import MissingExtraError
from featurelib.jit import cuda_nvvm, cuda_program
from featurelib.jit.compile import compile_program
from featurelib.jit.cuda_program import compile_device
from featurelib.jit.device_rules import arena_bytes
from featurelib.jit.places import PlacedProgram
from featurelib.jit.tensors import TensorKernel
from featurelib.parity.device_engine import on_device
from featurelib.parity.engines import BatchKernel
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.run import check_rows
from featurelib.parity.values import Array, Rows
from featurelib_offline import fit
from parity_tests.device.device_programs import DEVICE_FAMILIES
from parity_tests.device.device_run import (
    DeviceInPtx,
    input_words,
    table_words,
)
from parity_tests.device.ptx_run import Memory, parsed, run
from parity_tests.feature_sets.flights import flights, load_flights
from parity_tests.parity.op_bundles import family_bundle
from parity_tests.soak import amount

ROWS = amount(40, soak=2000)
"""Generated rows of each family; the edges come first. `make soak` takes fifty times as many."""
ENGINES = [BatchKernel(), DeviceInPtx()]


@pytest.fixture(scope="module")
def flights_bundle() -> Bundle:
    return flights.bind(fit(flights, load_flights().head(20_000)))


@pytest.mark.parametrize("family", DEVICE_FAMILIES)
def test_ops_of_a_family_agree_on_generated_rows(family) -> None:
    """The PTX gives the bits of the reference and of the CPU's kernel: NaN, edges, nulls, text."""
    bundle, _ = family_bundle(family)
    section = check_rows(
        bundle, generate_rows(bundle, ROWS, seed=3), ENGINES, "generated", reference_rows=8
    )
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


def test_flights_agree(flights_bundle) -> None:
    """A whole feature set with fitted state, zones, tables and text: the same bits on the PTX."""
    bundle = on_device(flights_bundle)
    section = check_rows(bundle, generate_rows(bundle, 150, seed=1), ENGINES, "generated")
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


def _tensors(bundle: Bundle, rows: Rows, *, grid: int, block: int) -> dict[str, Array]:
    """The tensors that a device kernel of the bundle writes."""
    placed = PlacedProgram.of(bundle.program, bundle.layout, bundle.schema, only_tensors=True)
    machine = compile_device(placed.program, placed.places)
    memory = Memory()
    tensors = {
        t.name: np.full((len(rows), t.width), 77, t.dtype.storage) for t in bundle.layout.tensors
    }
    start = {name: memory.add(tensor) for name, tensor in tensors.items()}
    member = {m.output: m for m in placed.members}
    words = input_words(memory, machine.slots, rows.columns)
    for name in placed.program.outputs:
        tensor, first = member[name].tensor, member[name].start
        words += [start[tensor.name] + first * tensor.dtype.bits // 8, 0]
    words += table_words(memory, machine.slots, bundle.state)
    assert not machine.arena_by_row
    slices = np.zeros(max(1, machine.arena_bytes * grid * block), np.uint8)
    words.append(memory.add(slices))
    address = memory.add(np.array(words, np.int64))
    module = parsed(machine.ptx)
    run(module, machine.entry, [address, len(rows)], memory, grid=grid, block=block)
    return tensors


class Visit(fl.Schema):
    page: int
    seconds: float
    site: str


@fl.feature(version=1)
def page_of_5(page: fl.Expr) -> fl.Expr:
    """A number that every row makes anew."""
    return (page % 5).one_hot(5)


@fl.feature(version=1)
def site_of_3(site: fl.Expr) -> fl.Expr:
    """A second one, so that a row makes two."""
    return site.one_hot(["a", "é", "site"])


@fl.feature(version=1)
def log_seconds(seconds: fl.Expr) -> fl.Expr:
    """A number beside them."""
    return seconds.log1p().fill_nan(0.0).cast(fl.Float32)


@fl.feature(version=1)
def site_bucket(site: fl.Expr) -> fl.Expr:
    """In a tensor of another type."""
    return site.hash_bucket(1000, seed=1)


VISITS = fl.FeatureSet(
    "visits", version="1.0.0", inputs=Visit,
    features=[page_of_5, site_of_3, log_seconds, site_bucket],
    layout={"dense": ["log_seconds", "page_of_5", "site_of_3"], "ids": ["site_bucket"],
            "raw": ["page"]},
)  # fmt: skip


@pytest.mark.parametrize("grid, block", [(1, 1), (2, 3), (4, 64)])
def test_tensors_are_those_of_the_cpu(grid, block) -> None:
    """Arrays stand beside numbers, made in memory that a thread uses again for each of its rows."""
    bundle = VISITS.bind()
    rows = generate_rows(bundle, 90, seed=5)
    kernel = TensorKernel(bundle)
    _, expected = kernel.run([rows.columns[n].column() for n in kernel.inputs], len(rows))
    got = _tensors(bundle, rows, grid=grid, block=block)
    assert {n: t.tobytes() for n, t in got.items()} == {n: t.tobytes() for n, t in expected.items()}
    assert got["dense"].shape == (90, 9)


def test_memory_for_arrays_is_the_sum_of_what_a_row_makes() -> None:
    """Two Arrays of 5 and 3 floats: 24 and 16 bytes. Arrays in columns stay for every row."""
    program = VISITS.program
    assert arena_bytes(program) == 24 + 16
    assert compile_device(program).arena_by_row
    numbers = program.subset(["log_seconds"])
    assert compile_device(numbers).arena_bytes == 0
    assert not compile_device(numbers).arena_by_row


def test_no_rows_touch_no_memory() -> None:
    """A kernel that is launched for 0 rows writes nothing."""
    rows = generate_rows(VISITS.bind(), 1, seed=5).take(slice(0, 0))
    got = _tensors(VISITS.bind(), rows, grid=1, block=4)
    assert all(len(t) == 0 for t in got.values())


def test_ptx_and_machine_code_come_from_the_cache(tmp_path, monkeypatch) -> None:
    """A second process assembles nothing; a damaged file is made anew, to the same bytes."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("FEATURELIB_CACHE_DIR", str(tmp_path))

    def fresh():
        monkeypatch.setattr(cuda_program, "_compiled", {})
        return compile_device(VISITS.program)

    first = fresh()
    cubin = first.cubin()
    assert not first.from_cache
    again = fresh()
    assert again.from_cache and again.ptx == first.ptx and again.cubin() == cubin
    files = sorted(tmp_path.iterdir())
    assert {f.suffix for f in files} == {".cubin", ".ptx"}
    for file in files:
        file.write_bytes(file.read_bytes()[:-1])
    damaged = fresh()
    assert not damaged.from_cache
    assert (damaged.ptx, damaged.cubin()) == (first.ptx, cubin)


def test_threads_compile_for_the_cpu_and_for_devices_at_once(tmp_path, monkeypatch) -> None:
    """Each gets the code that it would get alone."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("FEATURELIB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cuda_program, "_compiled", {})
    programs = [VISITS.program.subset([name]) for name in VISITS.program.outputs]
    alone = [compile_device(p).ptx for p in programs]
    monkeypatch.setattr(cuda_program, "_compiled", {})
    for file in tmp_path.iterdir():
        file.unlink()
    with ThreadPoolExecutor(8) as pool:
        on_devices = [pool.submit(compile_device, p) for p in programs]
        on_cpu = [pool.submit(compile_program, p, wide=False) for p in programs]
        assert [f.result().ptx for f in on_devices] == alone
        assert all(f.result().address for f in on_cpu)


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_numba_cuda_is_imported_for_device_kernels_only() -> None:
    """A service without devices never pays for it."""
    done = _python(
        "import sys, featurelib, featurelib_online, featurelib.jit.device_rules, "
        "featurelib.jit.intrinsics_cuda\n"
        "assert not {'numba_cuda', 'numba.cuda.compiler', 'cuda.bindings'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["numba.cuda.compiler", "cuda.bindings"])
def test_a_missing_part_names_the_extra(missing) -> None:
    """Without numba-cuda or NVIDIA's bindings the error says what to install."""
    done = _python(
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from featurelib.errors import MissingExtraError\n"
        "try:\n    import featurelib.jit.cuda_program\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    assert "device kernels need numba-cuda" in done.stdout, done.stderr
    assert "pip install 'featurelib[cuda]'" in done.stdout


def test_missing_libraries_name_the_extra(monkeypatch) -> None:
    """The bindings without the libraries that they load: the same way out."""

    def not_found():
        raise DynamicLibNotFoundError("libnvvm.so not found")

    monkeypatch.setattr(cuda_nvvm.bindings, "version", not_found)
    cuda_nvvm.versions.cache_clear()
    monkeypatch.setattr(cuda_program, "_compiled", {})
    with pytest.raises(MissingExtraError, match=r"libnvvm\.so not found\n.*featurelib\[cuda\]"):
        compile_device(VISITS.program)
