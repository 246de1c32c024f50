"""Moves, conversions, loads and stores as Python (section 9.7.9)."""

from __future__ import annotations

from parity_tests.device.ptx_memory import LOCAL_REGION, REGION_BITS
from parity_tests.device.ptx_operands import SPECIAL, Scope, handles, operands, refuse_rest
from parity_tests.device.ptx_values import ROUNDINGS
from parity_tests.device.ptx_words import PRED, Instruction, PtxRefusal, Type, parse_type

_F32, _F64 = Type("f", 32), Type("f", 64)
_LAYOUTS = {8: "B", 16: "H", 32: "I", 64: "Q"}
_SPACES = ("global", "local", "const", "param")
_CACHE = ("ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc")
"""Cache operators (9.7.9.1) and the read-only path: where bytes are kept, never what they are."""


def _parts(operand: str) -> list[str]:
    return operand[1:-1].split(",") if operand.startswith("{") else [operand]


@handles("mov")
def move(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`mov` of registers, constants, addresses (9.7.9.3), and to or from parts (9.7.9.4)."""
    refuse_rest(modifiers[:-1], [])
    type_ = parse_type(modifiers[-1])
    if type_.bits == 8:
        raise PtxRefusal("mov of .b8 is not known here")
    d, a = operands(ins, 2)
    if d.startswith("{") or a.startswith("{"):
        return _repack(scope, d, a, type_)
    name, _, offset = a.partition("+")
    is_variable = name in scope.frame or name in scope.addresses
    if is_variable and name not in scope.function.registers and a not in SPECIAL:
        if type_.bits != 64 or type_.kind == "f":
            raise PtxRefusal(f"address of {name} as .{type_}")
        return [scope.write(d, f"{scope.variable(name)} + {int(offset or '0', 0)}", type_)]
    return [scope.write(d, scope.read(a, type_), type_)]


def _repack(scope: Scope, d: str, a: str, type_: Type) -> list[str]:
    """The first part is the least significant."""
    parts = _parts(d if d.startswith("{") else a)
    part = Type("b", type_.bits // max(len(parts), 1))
    if type_.kind != "b" or len(parts) not in (2, 4) or part.bits not in _LAYOUTS:
        raise PtxRefusal(f"mov.{type_} of {len(parts)} parts is not known here")
    if d.startswith("{"):
        lines = [f"t = {scope.read(a, type_)}"]
        for k, name in enumerate(parts):
            if name != "_":
                lines.append(scope.write(name, f"t >> {k * part.bits} & {part.mask}", part))
        return lines
    values = [f"{scope.read(p, part)} << {k * part.bits}" for k, p in enumerate(parts)]
    return [scope.write(d, " | ".join(values), type_)]


@handles("cvta")
def to_address(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`cvta` (9.7.9.21): global and constant addresses are generic; local memory is a window."""
    refuse_rest(modifiers, *(
        [*way, space, "u64"] for way in ([], ["to"]) for space in ("global", "const", "local")
    ))  # fmt: skip
    d, a = operands(ins, 2)
    type_ = Type("u", 64)
    source = scope.variable(a) if a not in scope.function.registers else scope.read(a, type_)
    if modifiers[-2] == "local":
        sign = "-" if modifiers[0] == "to" else "+"
        source = f"({source} {sign} {LOCAL_REGION << REGION_BITS}) & {type_.mask}"
    return [scope.write(d, source, type_)]


@handles("cvt")
def convert(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`cvt` (9.7.9.22) among integers of 8 to 64 bits, .f32 and .f64."""
    if len(modifiers) < 2:
        raise PtxRefusal("two types are needed")
    to, source = parse_type(modifiers[-2]), parse_type(modifiers[-1])
    if "b" in (to.kind, source.kind) or PRED in (to, source):
        raise PtxRefusal(f"cvt of .{source} to .{to} is not known here")
    d, a = operands(ins, 2)
    rest = modifiers[:-2]
    if to.kind != "f" and source.kind != "f":
        return _between_integers(scope, d, a, to, source, rest)
    if to.kind != "f":
        refuse_rest(rest, *([mode] for mode in ROUNDINGS), *([m, "sat"] for m in ROUNDINGS))
        is_zero = source == _F32 and to.bits < 64
        x = scope.read(a, source)
        x = f"single_value({x})" if source == _F32 else x
        tail = f"{rest[0]!r}, {to.bits}, {to.kind == 's'}, {0 if is_zero else to.sign}"
        return [scope.write(d, f"to_integer({x}, {tail})", to, may_widen=True)]
    if source.kind != "f":
        refuse_rest(rest, ["rn"])
        read = scope.read_signed if source.kind == "s" else scope.read
        x = read(a, source, may_cut=True)
        return [scope.write(d, f"float({x})" if to == _F64 else f"single_exact({x})", to)]
    x = scope.read(a, source)
    if to == source:
        refuse_rest(rest, *([mode] for mode in ROUNDINGS))
        name = "integral" if to == _F64 else "single_integral"
        return scope.write_float(d, f"{name}({x}, {rest[0]!r})", to)
    refuse_rest(rest, ["rn"] if to == _F32 else [])
    return scope.write_float(d, f"single_{'round' if to == _F32 else 'value'}({x})", to)


def _between_integers(
    scope: Scope, d: str, a: str, to: Type, source: Type, rest: list[str]
) -> list[str]:
    refuse_rest(rest, [], ["sat"])
    read = scope.read_signed if source.kind == "s" else scope.read
    x = read(a, source, may_cut=True)
    if rest:
        is_wider = to.bits - (to.kind == "s") >= source.bits - (source.kind == "s")
        if is_wider and (source.kind == "u" or to.kind == "s"):
            raise PtxRefusal(f".sat, where every .{source} is a .{to}")
        low, high = (-to.sign, to.sign - 1) if to.kind == "s" else (0, to.mask)
        x = f"min(max({x}, {low}), {high})"
    return [scope.write(d, f"{x} & {to.mask}", to, may_widen=True)]


def _access(modifiers: list[str], cache: tuple[str, ...]) -> tuple[str, int, Type]:
    """State space, number of elements and type of a load or store."""
    words = list(modifiers)
    type_, space, count = parse_type(words.pop()), "generic", 1
    if words and words[0] in _SPACES:
        space = words.pop(0)
    if words and words[0] in cache:
        words.pop(0)
    if words and words[0] in ("v2", "v4"):
        count = int(words.pop(0)[1:])
    refuse_rest(words, [])
    if type_ == PRED:
        raise PtxRefusal("a .pred in memory")
    return space, count, type_


@handles("ld")
def load(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`ld` (9.7.9.8) of one, two or four values; a narrow one widens to its register."""
    space, count, type_ = _access(modifiers, _CACHE)
    d, a = operands(ins, 2)
    targets = _parts(d)
    if len(targets) != count:
        raise PtxRefusal(f"{len(targets)} registers for .v{count}")
    held = Type("b", 64) if type_ == _F64 else type_
    if type_ == _F64 and all(scope.register(t)[1] == _F64 for t in targets if t != "_"):
        letter, held = "d", _F64
    else:
        letter = _LAYOUTS[type_.bits]
    layout = letter if count == 1 else f"{count}{letter}"
    source = _place(scope, a, space, layout, type_.size * count, "load")
    if count == 1:
        return [scope.write(d, source, held, may_widen=True)]
    lines = [f"t = {source}"]
    for k, target in enumerate(targets):
        if target != "_":
            lines.append(scope.write(target, f"t[{k}]", held, may_widen=True))
    return lines


@handles("st")
def store(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`st` (9.7.9.12) of one, two or four values, each cut to the type."""
    space, count, type_ = _access(modifiers, ("wb", "cg", "cs", "wt"))
    if space == "const":
        raise PtxRefusal("a store to .const")
    a, given = operands(ins, 2)
    values = _parts(given)
    if len(values) != count:
        raise PtxRefusal(f"{len(values)} values for .v{count}")
    letter = "d" if type_ == _F64 else _LAYOUTS[type_.bits]
    layout = letter if count == 1 else f"{count}{letter}"
    texts = [scope.read(v, type_, may_cut=True) for v in values]
    place = _place(scope, a, space, layout, type_.size * count, "store")
    return [f"{place[:-1]}, {', '.join(texts)})"]


def _place(scope: Scope, operand: str, space: str, layout: str, size: int, verb: str) -> str:
    """Source of a call that loads, or of one that stores and still lacks the values."""
    if space != "param":
        base, shift = scope.address(operand, space)
        function = scope.helper(verb, space, layout)
        return f"{function}({base} + {shift})" if shift else f"{function}({base})"
    name, _, offset = operand[1:-1].partition("+")
    param = scope.params.get(name)
    if param is None:
        raise PtxRefusal(f"parameter {name} is not known here")
    at = int(offset or "0", 0)
    if at % size or at + size > param.size:
        raise PtxRefusal(f"{size} bytes at {at} of parameter {name}, which has {param.size}")
    function = scope.helper(verb, "param", layout)
    return f"{function}({scope.python_name(name)}, {at})"
