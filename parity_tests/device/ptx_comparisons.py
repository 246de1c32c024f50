"""Comparison and selection as Python (sections 9.3.1 and 9.7.6)."""

from __future__ import annotations

from parity_tests.device.ptx_operands import Scope, handles, operands, refuse_rest
from parity_tests.device.ptx_words import PRED, Instruction, PtxRefusal, Type, parse_type

_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_UNSIGNED = {"lo": "<", "ls": "<=", "hi": ">", "hs": ">="}
_FLOATS = {
    # 9.3.1.2: an ordered comparison with a NaN is false, an unordered one is true.
    **{name: f"{{0}} {sign} {{1}}" for name, sign in _SIGNS.items() if name != "ne"},
    "ne": "({0} < {1} or {0} > {1})",
    "equ": "(not ({0} < {1} or {0} > {1}))",
    "neu": "{0} != {1}",
    "ltu": "(not {0} >= {1})",
    "leu": "(not {0} > {1})",
    "gtu": "(not {0} <= {1})",
    "geu": "(not {0} < {1})",
    "num": "({0} == {0} and {1} == {1})",
    "nan": "({0} != {0} or {1} != {1})",
}
_BOOLEAN = {"and": "&", "or": "|", "xor": "^"}


def _comparison(scope: Scope, operator: str, type_: Type, a: str, b: str) -> list[str]:
    """Lines that leave the truth of `a operator b` in `t`."""
    if type_.bits < 16 or type_ == PRED:
        raise PtxRefusal(f"comparison of .{type_} is not known here")
    if type_.kind == "f":
        pattern = _FLOATS.get(operator)
        x, y = scope.read(a, type_), scope.read(b, type_)
        if type_.bits == 32:
            x, y = f"single_value({x})", f"single_value({y})"
        lines, x, y = [f"u, v = {x}, {y}"], "u", "v"
        if pattern is None:
            raise PtxRefusal(f"comparison .{operator}.{type_} is not known here")
        return [*lines, f"t = {pattern.format(x, y)}"]
    signs = {
        "b": {"eq": "==", "ne": "!="},
        "s": _SIGNS,
        "u": {**_SIGNS, **_UNSIGNED},
    }[type_.kind]
    if operator not in signs:
        raise PtxRefusal(f"comparison .{operator}.{type_} is not known here")
    read = scope.read_signed if type_.kind == "s" else scope.read
    return [f"t = {read(a, type_)} {signs[operator]} {read(b, type_)}"]


@handles("setp", "set")
def compare(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`setp` (9.7.6.2) to one or two predicates and `set` (9.7.6.1) to a word of ones."""
    name = ins.opcode.split(".")[0]
    result, modifiers = (PRED, modifiers) if name == "setp" else (None, list(modifiers))
    source = parse_type(modifiers.pop()) if name == "set" else parse_type(modifiers[-1])
    if result is None:
        result = parse_type(modifiers[-1])
        if result.bits != 32:
            raise PtxRefusal(f"set to .{result} is not known here")
    operator, *boolean = modifiers[:-1]
    refuse_rest(boolean, [], *([word] for word in _BOOLEAN))
    d, a, b, *combined = operands(ins, 4 if boolean else 3)
    lines = _comparison(scope, operator, source, a, b)
    tail = f" {_BOOLEAN[boolean[0]]} {scope.predicate(combined[0])}" if boolean else ""
    if name == "set":
        one = 0x3F800000 if result.kind == "f" else 0xFFFFFFFF
        return [*lines, scope.write(d, f"{one} if t{tail} else 0", result)]
    first, _, second = d.partition("|")
    if second:
        # Either result may go to the predicate that both are combined with: read it first.
        both = [f"u, v = t{tail}, (not t){tail}", scope.write(first, "u", PRED)]
        return [*lines, *both, scope.write(second, "v", PRED)]
    if tail:
        return [*lines, scope.write(first, f"t{tail}", PRED)]
    return [*lines[:-1], scope.write(first, lines[-1].removeprefix("t = "), PRED)]


@handles("selp", "slct")
def select(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`selp` by a predicate (9.7.6.3) and `slct` by a sign (9.7.6.4)."""
    d, a, b, c = operands(ins, 4)
    if ins.opcode.startswith("selp"):
        refuse_rest(modifiers[:-1], [])
        type_, condition = parse_type(modifiers[-1]), scope.read(c, PRED)
    else:
        refuse_rest(modifiers[1:], ["s32"], ["f32"])
        type_, by = parse_type(modifiers[0]), parse_type(modifiers[1])
        condition = scope.read(c, by)
        condition = (
            f"single_value({condition}) >= 0.0" if by.kind == "f" else f"{condition} < {by.sign}"
        )
    if type_.bits < 16:
        raise PtxRefusal(f"selection of .{type_} is not known here")
    return [
        scope.write(d, f"{scope.read(a, type_)} if {condition} else {scope.read(b, type_)}", type_)
    ]
