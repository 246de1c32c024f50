"""What the PTX of a kernel may not hold, so that its bits are those of the body.

Rounding is spelled out in PTX: an `add.f64` without `.rn` may be fused with a `mul.f64` by the
assembler, one with `.rn` never is (PTX ISA, floating point instructions).
"""

from __future__ import annotations

import re

_INSTRUCTION = re.compile(r"^\s*(?:@!?%\w+\s+)?([a-z][a-z0-9_]*(?:\.[a-zA-Z0-9_]+)*)[\s;]")
_ROUNDED = {"add", "sub", "mul", "div", "sqrt", "rcp"}
_INEXACT = {"fma", "ex2", "lg2", "sin", "cos", "rsqrt", "tanh"}
_LOOSE = {"approx", "ftz", "full", "sat"}
_FLOATS = {"f16", "bf16", "f32", "f64", "f16x2", "bf16x2"}


def opcodes(ptx: str) -> set[str]:
    """Every instruction with its modifiers, once."""
    found = (_INSTRUCTION.match(line) for line in ptx.splitlines())
    return {m.group(1) for m in found if m} - {"param"}


def faults(ptx: str) -> list[str]:
    """What stands in the PTX and must not, each once."""
    ptx = re.sub(r"//.*", "", ptx)
    found = []
    for opcode in sorted(opcodes(ptx)):
        name, *modifiers = opcode.split(".")
        is_float = not _FLOATS.isdisjoint(modifiers)
        if name in _INEXACT or (name == "mad" and is_float):
            found.append(f"{opcode}: fused or approximate")
        elif not _LOOSE.isdisjoint(modifiers):
            found.append(f"{opcode}: not IEEE 754")
        elif ((is_float and name in _ROUNDED) or _narrows(opcode)) and "rn" not in modifiers:
            found.append(f"{opcode}: its rounding is not said")
    found += [f"not defined here: {name}" for name in sorted(_called(ptx) - _defined(ptx))]
    found += re.findall(r"^\.extern .*$", ptx, re.MULTILINE)
    return found


def _narrows(opcode: str) -> bool:
    return opcode.startswith("cvt") and opcode.endswith("f32.f64")


def _defined(ptx: str) -> set[str]:
    return set(re.findall(r"\.func\s+(?:\([^)]*\)\s*)?([\w$]+)\s*\(", ptx))


def _called(ptx: str) -> set[str]:
    """Names after `call`, on whichever line they stand; an indirect call names a register."""
    return set(re.findall(r"\bcall(?:\.uni)?\s*(?:\([^)]*\)\s*,)?\s*([\w$%.]+)", ptx))
