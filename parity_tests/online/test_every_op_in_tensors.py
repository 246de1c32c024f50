"""Random programs of all ops, their values in tensors: strides change no bit of any op."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from featurelib.bundle import Bundle
from featurelib.jit.kernel import Kernel
from featurelib.jit.tensors import TensorKernel
from featurelib.layout import Layout
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.random_graphs import grow
from featurelib.parity.strategies import bundle_of_program
from featurelib.parity.values import Values
from featurelib.program import Program

ROWS = 500


def with_layout(bundle: Bundle) -> Bundle:
    """The bundle with a tensor for each type, of all features that may stand in one, and twice."""
    members: dict[str, list[str]] = {}
    for name, node in bundle.program.outputs.items():
        element = node.dtype.inner or node.dtype
        if node.nullable or not (element.is_numeric or element.name == "Bool"):
            continue
        if node.dtype.name == "List":
            members[f"list {name}"] = [name]
        else:
            members.setdefault(str(element), []).append(name)
    layout = {t: m if t.startswith("list") else [*m, *reversed(m)] for t, m in members.items()}
    made = Layout.make(bundle.name, layout, bundle.program.outputs, bundle.schema)
    return replace(bundle, layout=made)


def program_with_tensors(chance: random.Random, count: int) -> Bundle:
    """The first random program with so many tensors: how many one has moves with each new op."""
    while True:
        nodes = grow(chance.choice, 160)
        made = with_layout(bundle_of_program(Program({f"f{i}": n for i, n in enumerate(nodes)})))
        if len(made.layout.tensors) >= count:
            return made


@pytest.mark.parametrize("seed", [1, 2])
def test_a_value_in_a_tensor_has_the_bits_that_it_has_in_a_column(seed: int) -> None:
    """Numbers, Arrays laid out, Lists end to end."""
    bundle = program_with_tensors(random.Random(seed), 5)
    rows = generate_rows(bundle, ROWS, seed)
    kernel, placed = Kernel(bundle.program, bundle.state), TensorKernel(bundle, only_tensors=False)
    columns = kernel.run([rows.columns[n].column() for n in kernel.inputs], ROWS)
    expected = {
        name: Values.of_column(column, node.dtype)
        for (name, node), column in zip(bundle.program.outputs.items(), columns, strict=True)
    }
    inputs = [rows.columns[n].column() for n in placed.inputs]
    shown, tensors = placed.run(inputs, ROWS)
    for tensor in bundle.layout.tensors:
        got, start = tensors[tensor.name], 0
        if tensor.is_ragged:
            whole = b"".join(expected[tensor.members[0]].data)
            assert got.tobytes() == whole, tensor
            continue
        for member, width in zip(tensor.members, tensor.widths, strict=True):
            values, part = expected[member].data, got[:, start : start + width]
            whole = b"".join(values) if values.dtype == object else values.tobytes()
            assert np.ascontiguousarray(part).tobytes() == whole, (tensor.name, member)
            start += width
    for name, values in expected.items():
        node = bundle.program.outputs[name]
        assert not values.differs(Values.of_column(shown[name], node.dtype)).any(), name
