"""Every op that is legal on a device compiles for one, to PTX that computes what bodies say."""

from __future__ import annotations

import re

import pytest

import featurelib as fl
from featurelib.errors import CompileError
from featurelib.jit.cuda_entry import emit_entry
from featurelib.jit.cuda_nvvm import OPTIONS, Capability, to_cubin, to_ptx
from featurelib.jit.cuda_program import CAPABILITIES, compile_device
from featurelib.jit.device_rules import device_reason, refuse
from featurelib.parity.device_engine import on_device
from featurelib.program import Program, body_of
from parity_tests.device.device_programs import (
    DEVICE_FAMILIES,
    DEVICE_OPS,
    family_ptx,
    kernels,
)
from parity_tests.device.kernel_rules import faults, opcodes
from parity_tests.parity.op_bundles import family_bundle
from parity_tests.registry import every_op
from parity_tests.soak import amount

WITHOUT_DEVICE = {
    "concat@1", "dt.strftime@1", "geohash_text@1", "list.arithmetic@1", "list.filter@1",
    "list.hash_bucket@1", "list.sort@1", "parse_float@1", "str.casefold@1", "str.char_ngrams@1",
    "str.jaro_winkler@1", "str.json_path_match@1", "str.levenshtein@1", "str.normalize@1",
    "str.pad_end@1", "str.pad_start@1", "str.repeat@1", "str.replace_literal@1",
    "str.replace_regex@1", "str.reverse@1",
    "str.to_lowercase@1", "str.to_titlecase@1", "str.to_uppercase@1", "str.word_ngrams@1",
    "str.zfill@1", "text_of@1", "text_of_float@1",
}  # fmt: skip
"""Ops that no device has; the set may shrink. A new op that joins it needs a good reason."""


def test_ops_without_a_device_are_counted() -> None:
    """Only ops that make text or lists of any length are not on a device, and each says why."""
    without = {op.key: device_reason(op) for op in every_op() if op not in DEVICE_OPS}
    assert set(without) == WITHOUT_DEVICE
    assert all(without.values())


def test_every_body_is_in_a_kernel() -> None:
    """The kernels of the families hold each body of each op and version that a device has."""
    found = {
        body_of(node)
        for family in DEVICE_FAMILIES
        for program in kernels(family).values()
        for node in program.serving_nodes
        if "@" in node.op
    }
    missing = [
        f"{op.key}: {b.fn.__name__}" for op in DEVICE_OPS for b in op.bodies if b not in found
    ]
    assert not missing, "bodies that no kernel calls"


@pytest.mark.parametrize("family", DEVICE_FAMILIES)
def test_every_body_compiles_to_ptx_that_is_exact(family) -> None:
    """No operation is fused, approximated or flushed; nothing outside the module is called.

    A kernel a form, for the oldest device, and a kernel of the whole family, for the newest: the
    two that golden cases and generated rows run on.
    """
    oldest, newest = CAPABILITIES
    ptx = family_ptx(family, oldest)
    whole = compile_device(on_device(family_bundle(family)[0]).program, cc=newest)
    assert faults(ptx) == faults(whole.ptx) == []
    assert _target(ptx) == oldest and _target(whole.ptx) == newest
    for entry in kernels(family):
        assert f".entry {entry}(" in ptx


def _target(ptx: str) -> Capability:
    found = re.search(r"^\.target sm_(\d+)(\d)$", ptx, re.MULTILINE)
    assert found
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("family", amount(["temporal"], soak=DEVICE_FAMILIES))
def test_the_assembler_takes_the_ptx_of_a_family(family) -> None:
    """Machine code is made of it for each device without having one. In a soak for every family."""
    for capability in CAPABILITIES:
        ptx = family_ptx(family, CAPABILITIES[0])
        assert to_cubin(ptx, capability).startswith(b"\x7fELF")


def _sum_of_products() -> Program:
    @fl.feature(version=1)
    def polynomial(x: fl.Expr, y: fl.Expr) -> fl.Expr:
        return x * y + 1.0

    class Row(fl.Schema):
        x: float
        y: float

    return fl.FeatureSet("p", version="1.0.0", inputs=Row, features=[polynomial]).program


def test_the_check_of_ptx_finds_contraction() -> None:
    """Where NVVM may contract, `x * y + 1` is fused, and the check says so; ours is not."""
    modules = emit_entry(_sum_of_products(), {}, "polynomial").modules
    assert faults(to_ptx(modules, (9, 0))) == []
    fused = to_ptx(modules, (9, 0), OPTIONS | {"fma": 1})
    assert "fma.rn.f64" in opcodes(fused)
    assert faults(fused) == ["fma.rn.f64: fused or approximate"]


@pytest.mark.parametrize(
    "line, fault",
    [
        ("add.f64 %fd1, %fd2, %fd3;", "add.f64: its rounding is not said"),
        ("@%p1 sqrt.approx.ftz.f32 %f1, %f2;", "sqrt.approx.ftz.f32: not IEEE 754"),
        ("ex2.approx.f32 %f1, %f2;", "ex2.approx.f32: fused or approximate"),
        ("mad.rn.f64 %fd1, %fd2, %fd3, %fd4;", "mad.rn.f64: fused or approximate"),
        ("cvt.rz.f32.f64 %f1, %fd1;", "cvt.rz.f32.f64: its rounding is not said"),
        ("call.uni (retval0),\n__nv_exp,\n(param0);", "not defined here: __nv_exp"),
    ],
)
def test_the_check_of_ptx_names_what_is_not_exact(line, fault) -> None:
    """Each kind of instruction that could move a bit is found, whatever stands before it."""
    assert faults(f"\t{line}\n\tadd.rn.f64 %fd1, %fd2, %fd3;\n") == [fault]


def test_a_program_with_ops_that_no_device_has_is_refused_by_name() -> None:
    """The error names every feature, op and reason, and compiles nothing."""

    @fl.feature(version=1)
    def shout(name: fl.Expr) -> fl.Expr:
        return name.str.to_uppercase() + "!"

    @fl.feature(version=1)
    def length(name: fl.Expr) -> fl.Expr:
        return name.str.len_bytes()

    class Row(fl.Schema):
        name: str

    program = fl.FeatureSet("s", version="1.0.0", inputs=Row, features=[shout, length]).program
    with pytest.raises(CompileError, match="cannot run on a device") as refused:
        compile_device(program)
    text = str(refused.value)
    for part in ("`shout`", "`str.to_uppercase@1`", "`concat@1`", "text that makes text", "Hint:"):
        assert part in text
    assert "`length`" not in text
    refuse(program.subset(["length"]))


def test_only_devices_that_are_tested_for_are_compiled_for() -> None:
    """An older device is refused; a newer one takes the newest PTX, assembled for it."""
    program = _sum_of_products()
    with pytest.raises(CompileError, match=r"8\.0 or later, the device has 7\.5"):
        compile_device(program, cc=(7, 5))
    assert compile_device(program, cc=(8, 9)).cc == (8, 0)
    newest = compile_device(program, cc=(12, 0))
    assert newest.cc == (9, 0)
    assert newest.cubin((12, 0)).startswith(b"\x7fELF")
    with pytest.raises(CompileError, match=r"does not run on a device of 8\.0"):
        newest.cubin((8, 0))


def test_the_assembler_says_what_it_refuses() -> None:
    """Damaged PTX is an error with the assembler's own words."""
    ptx = compile_device(_sum_of_products()).ptx.replace("add.rn.f64", "add.rm.what")
    with pytest.raises(CompileError, match=r"nvJitLink refuses.*\n.*what"):
        to_cubin(ptx, (9, 0))
