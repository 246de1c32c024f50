"""Every golden case of every op that a device has, on PTX for the oldest device.

What is compiled for the newest computes golden arguments and generated rows in
`test_device_kernel_engine` and `test_device_programs`.
"""

from __future__ import annotations

import pytest

from featurelib.errors import ParityError
from featurelib.jit.cuda_program import CAPABILITIES
from featurelib.parity.golden import check, replay_reference
from featurelib.parity.golden_values import same_bits
from parity_tests.device.device_golden import compute
from parity_tests.device.device_programs import DEVICE_FAMILIES, family_ptx, forms
from parity_tests.device.ptx_run import Module, parse

OLDEST = CAPABILITIES[0]


def _differences(module: Module, family: str) -> list[str]:
    """Cases whose value on the PTX is not the golden one, or not the reference's to the bit."""
    wrong = []
    for form in forms(family):
        for case, got in zip(form.cases, compute(module, form), strict=True):
            try:
                check(case, got)
            except ParityError as error:
                wrong.append(str(error))
            reference = replay_reference(case)
            if not same_bits(reference, got, case.out_type):
                wrong.append(f"{case.where}: the reference gives {reference!r}, PTX {got!r}")
    return wrong


@pytest.mark.parametrize("family", DEVICE_FAMILIES)
def test_ptx_gives_the_golden_values(family) -> None:
    """Each case, with text and lists at every alignment: the oracle's value, the body's bits."""
    wrong = _differences(parse(family_ptx(family, OLDEST)), family)
    assert not wrong, f"{len(wrong)} golden cases differ:\n" + "\n".join(wrong[:10])


@pytest.mark.parametrize(
    "good, bad",
    [("add.rn.f64", "sub.rn.f64"), ("setp.nan.f64", "setp.num.f64"), ("mul.lo.s64", "add.s64")],
)
def test_golden_cases_find_a_wrong_instruction(good, bad) -> None:
    """PTX in which one kind of instruction is another one gives other values than the oracle's."""
    family = "arithmetic"
    ptx = family_ptx(family, OLDEST)
    assert good in ptx
    assert _differences(parse(ptx.replace(good, bad)), family)
