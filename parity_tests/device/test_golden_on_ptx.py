"""Every golden case of every op that a device has, on the PTX that a device is given."""

from __future__ import annotations

import pytest

from featurelib.errors import ParityError
from featurelib.parity.golden import check, replay_reference
from featurelib.parity.golden_values import same_bits
from parity_tests.device.device_golden import Form, compute, forms, ptx_of
from parity_tests.device.ptx_run import Module, parse
from parity_tests.parity.op_bundles import FAMILIES

ON_DEVICE = {family: found for family in FAMILIES if (found := forms(family))}


def _differences(module: Module, all_forms: list[Form]) -> list[str]:
    """Cases whose value on the PTX is not the golden one, or not the reference's to the bit."""
    wrong = []
    for form in all_forms:
        for case, got in zip(form.cases, compute(module, form), strict=True):
            try:
                check(case, got)
            except ParityError as error:
                wrong.append(str(error))
            reference = replay_reference(case)
            if not same_bits(reference, got, case.out_type):
                wrong.append(f"{case.where}: the reference gives {reference!r}, PTX {got!r}")
    return wrong


@pytest.mark.parametrize("family", ON_DEVICE)
def test_ptx_gives_the_golden_values(family) -> None:
    """Each case, with text and lists at every alignment: the oracle's value, the body's bits."""
    module = parse(ptx_of(ON_DEVICE[family]))
    wrong = _differences(module, ON_DEVICE[family])
    assert not wrong, f"{len(wrong)} golden cases differ:\n" + "\n".join(wrong[:10])


@pytest.mark.parametrize(
    "good, bad",
    [("add.rn.f64", "sub.rn.f64"), ("setp.nan.f64", "setp.num.f64"), ("mul.lo.s64", "add.s64")],
)
def test_golden_cases_find_a_wrong_instruction(good, bad) -> None:
    """PTX in which one kind of instruction is another one gives other values than the oracle's."""
    family = "arithmetic"
    ptx = ptx_of(ON_DEVICE[family])
    assert good in ptx
    assert _differences(parse(ptx.replace(good, bad)), ON_DEVICE[family])
