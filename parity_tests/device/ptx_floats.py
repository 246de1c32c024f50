"""Floating-point instructions as Python (section 9.7.3).

Only `.rn` is known, and it must be written: `add`, `sub` and `mul` without a rounding modifier may
be contracted to a fused multiply-add by the assembler, so their result is not fixed.
"""

from __future__ import annotations

from parity_tests.device.ptx_operands import Scope, handles, handles_floats, operands, refuse_rest
from parity_tests.device.ptx_words import PRED, Instruction, PtxRefusal, Type, parse_type

_DOUBLE = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "divide_floats({0}, {1})",
    "rcp": "divide_floats(1.0, {0})",
    "sqrt": "root({0})",
    "fma": "nearest_double(fused({0}, {1}, {2}))",
    "min": "least({0}, {1})",
    "max": "greatest({0}, {1})",
    "neg": "-({0})",
    "abs": "abs({0})",
    "copysign": "copysign({1}, {0})",
}
_SINGLE = {
    **{name: f"single_{name}({{0}}, {{1}})" for name in ("add", "sub", "mul", "div", "min", "max")},
    "rcp": f"single_div({0x3F800000}, {{0}})",
    "sqrt": "single_sqrt({0})",
    "fma": "single_fma({0}, {1}, {2})",
    # A NaN is left to the machine: here only its sign moves.
    "neg": f"{{0}} ^ {1 << 31}",
    "abs": f"{{0}} & {(1 << 31) - 1}",
    "copysign": f"({{1}} & {(1 << 31) - 1}) | ({{0}} & {1 << 31})",
}
_ROUNDED = ("add", "sub", "mul", "div", "rcp", "sqrt", "fma")
_COUNTS = {"rcp": 1, "sqrt": 1, "neg": 1, "abs": 1, "fma": 3}


@handles_floats(*_DOUBLE)
def arithmetic(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """Arithmetic on .f64 and .f32, rounded once to the nearest, ties to even."""
    name = ins.opcode.split(".")[0]
    type_ = parse_type(modifiers[-1])
    patterns = _DOUBLE if type_ == Type("f", 64) else _SINGLE
    if type_.kind != "f" or name not in patterns:
        raise PtxRefusal(f"{name} of .{type_} is not known here")
    if name in _ROUNDED and modifiers == [str(type_)]:
        raise PtxRefusal("no .rn: the assembler may contract it, so its result is not fixed")
    refuse_rest(modifiers[:-1], ["rn"] if name in _ROUNDED else [])
    d, *given = operands(ins, 1 + _COUNTS.get(name, 2))
    value = patterns[name].format(*(scope.read(o, type_) for o in given))
    return scope.write_float(d, value, type_)


@handles("testp")
def test(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`testp` (9.7.3.1) looks at the fields of the bits; zero is neither normal nor subnormal."""
    property_, type_ = modifiers[0], parse_type(modifiers[-1])
    if type_.kind != "f":
        raise PtxRefusal(f"testp of .{type_} is not known here")
    refuse_rest(modifiers[1:], [str(type_)])
    d, a = operands(ins, 2)
    digits = 52 if type_.bits == 64 else 23
    text = scope.read(a, Type("b", type_.bits)) if not a.startswith("0") else scope.read(a, type_)
    top = (1 << (type_.bits - 1 - digits)) - 1 << digits
    conditions = {
        "finite": f"t < {top}",
        "infinite": f"t == {top}",
        "number": f"t <= {top}",
        "notanumber": f"t > {top}",
        "normal": f"{1 << digits} <= t < {top}",
        "subnormal": f"0 < t < {1 << digits}",
    }
    if property_ not in conditions:
        raise PtxRefusal(f"modifier .{property_} is not known here")
    lines = [f"t = {text} & {type_.mask >> 1}"]
    return [*lines, scope.write(d, conditions[property_], PRED)]
