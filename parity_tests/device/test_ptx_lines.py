"""Each instruction of the interpreter of PTX, against a second reading of the ISA."""

from __future__ import annotations

import pytest

from parity_tests.cases import check_each
from parity_tests.device.ptx_float_oracle import (
    NAN,
    comparison_lines,
    conversion_lines,
    float_lines,
)
from parity_tests.device.ptx_line import cases, results
from parity_tests.device.ptx_oracle import Line, bit_lines, integer_lines

LINES = [*integer_lines(), *bit_lines(), *conversion_lines(), *float_lines(), *comparison_lines()]


@pytest.mark.parametrize("name", sorted({line.text.split(".")[0] for line in LINES}))
def test_an_instruction_gives_the_bits_that_the_isa_says(name: str) -> None:
    """Edges of every type against each other, and random words; what is left open may vary."""
    check_each(_gives_the_bits, ((x,) for x in LINES if x.text.split(".")[0] == name))


def _gives_the_bits(line: Line) -> None:
    rows = cases(line)
    for row, got in zip(rows, results(line, rows, NAN), strict=True):
        want = line.meaning(*row)
        assert want is None or got == want, (line.text, [hex(w) for w in row], hex(got), hex(want))
