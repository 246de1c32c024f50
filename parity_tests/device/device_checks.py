"""What a device must get right: `make test` on interpreted PTX, `make test-cuda` on a real one.

Each check returns how much it compared, all of it equal; it raises where anything differs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import DeviceMemoryError, ParityError
from featurelib.fields import InputSchema
from featurelib.jit.slots import Slots
from featurelib.jit.tensors import TensorKernel
from featurelib.parity.device_engine import DeviceKernelEngine, on_device
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.golden import check, replay_reference
from featurelib.parity.golden_values import same_bits
from featurelib.parity.run import check_rows
from featurelib.parity.values import Rows
from featurelib.program import Program
from featurelib_online import cuda
from featurelib_online.columns import read_columns
from parity_tests.device.device_programs import Form, forms
from parity_tests.online import layouts
from parity_tests.parity.op_bundles import bundle_of, family_bundle


def golden_cases(device: Any, family: str) -> int:
    """Each golden case of a family: the oracle's value, and the reference's bits."""
    engine, count = DeviceKernelEngine(device), 0
    for form in forms(family):
        for case, got in zip(form.cases, _values(engine, form), strict=True):
            check(case, got)
            wanted = replay_reference(case)
            if not same_bits(wanted, got, case.out_type):
                raise ParityError(f"{case.where}: the reference gives {wanted!r}, not {got!r}")
            count += 1
    return count


def _values(engine: DeviceKernelEngine, form: Form) -> list[Any]:
    """The canonical value of each case; cases with the same tables are one call."""
    got: dict[int, Any] = {}
    calls: dict[tuple[str, ...], list[int]] = {}
    for i, node in enumerate(form.nodes):
        calls.setdefault(tuple(n.key for n in Slots.of(Program({"": node})).tables), []).append(i)
    for rows in calls.values():
        bundle = bundle_of({"out": form.nodes[rows[0]]})
        given = [
            {name: form.cases[i].args[int(name[1:])] for name in bundle.schema.names} for i in rows
        ]
        made = engine.compute(bundle, Rows.of(given, bundle.schema))["out"]
        got.update((row, made.canonical(i)) for i, row in enumerate(rows))
    return [got[i] for i in range(len(form.cases))]


def every_op(device: Any, family: str, rows: int, reference_rows: int) -> int:
    """Golden arguments and generated rows of a family, all ops in one kernel."""
    bundle, golden = family_bundle(family)
    bundle = on_device(bundle)
    if not bundle.program.outputs:
        return 0
    most = np.linspace(0, len(golden) - 1, min(len(golden), rows)).astype(int)
    count = agree(device, bundle, golden.take(most), reference_rows)
    made = generate_rows(bundle, rows, seed=11)
    return count + agree(device, bundle, made, reference_rows, edge_rows(bundle))


def agree(device: Any, bundle: Bundle, rows: Rows, reference_rows: int, edges: int = 0) -> int:
    """The device kernel against the batch kernel in all rows, and the reference in some."""
    engine = DeviceKernelEngine(device)
    section = check_rows(bundle, rows, [engine], "rows", reference_rows=reference_rows, edges=edges)
    if not section.passed:
        raise ParityError("\n".join(line for m in section.mismatches for line in m.lines()))
    return len(rows)


def tensors(device: Any, bundle: Bundle, frame: Any) -> int:
    """The tensors of a bundle's layout, new and given, against those that the CPU fills."""
    kernel = cuda.compile(bundle, device)
    here = TensorKernel(bundle)
    columns, rows = read_columns(frame, bundle)
    wanted = here.run([columns[name] for name in here.inputs], rows)[1]
    made = kernel.columns(frame)
    layouts.assert_tensors(made.numpy(), wanted)
    again = kernel.columns(frame, out=dict(made))
    layouts.assert_tensors(again.numpy(), wanted)
    return len(frame)


def calls_under_way(device: Any, calls: int, rows: int) -> int:
    """Calls in a row on one stream, read when all are queued: no staging is written over."""
    bundle = layouts.bundle_of(layouts.FULL)
    kernel = cuda.compile(bundle, device, calls_in_flight=3)
    given = [layouts.random_rows(rows + i, seed=i) for i in range(calls)]
    made = [kernel.columns(layouts.as_columns(batch)) for batch in given]
    for batch, device_batch in zip(given, made, strict=True):
        wanted = layouts.expected(bundle, layouts.FULL, batch)
        layouts.assert_tensors(device_batch.numpy(), wanted)
    return sum(map(len, given))


def columns_on_the_device(device: Any, rows: int) -> int:
    """What one kernel leaves on the device is a column of the next: no value visits the host."""
    lists = cuda.compile(layouts.bundle_of({"tags": ["tags"]}), device)
    given = layouts.random_rows(rows)
    for i, row in enumerate(given):
        row["tags"] = [i * i]
    numbers = lists.columns(layouts.as_columns(given))["tags"]
    more = fl.FeatureSet(
        "numbers",
        version="1.0.0",
        inputs=InputSchema.from_fields({"n": fl.Int64}),
        features=[fl.Feature("more", version=1, expr=fl.col("n") + 1)],
        layout={"x": ["more"]},
    )
    made = cuda.compile(more, device).columns({"n": numbers}).numpy()["x"]
    assert made[:, 0].tolist() == [i * i + 1 for i in range(rows)]
    return rows


def memory_that_runs_out(device: Any, most: int) -> int:
    """More rows than the device has memory for: an error that says so, and then all is well.

    Args:
        device: The device.
        most: Bytes that it cannot give.
    """
    half = fl.Feature("half", version=1, expr=fl.col("x") / 2)
    wide = fl.FeatureSet(
        "wide",
        version="1.0.0",
        inputs=InputSchema.from_fields({"x": float}),
        features=[half],
        layout={"wide": ["half"] * 1000},
    )
    kernel = cuda.compile(wide, device)
    with pytest.raises(DeviceMemoryError) as error:
        kernel.columns({"x": np.ones(most // 8000 + 1)})
    assert error.value.needed > most
    made = kernel.columns({"x": np.arange(5.0)}).numpy()["wide"]
    assert (made == np.arange(5.0)[:, None] / 2).all()
    return 1
