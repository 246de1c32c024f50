"""Integer and logic instructions as Python (sections 9.7.1, 9.7.2 and 9.7.8)."""

from __future__ import annotations

from parity_tests.device.ptx_operands import Scope, handles, operands, refuse_rest
from parity_tests.device.ptx_words import PRED, U32, Instruction, PtxRefusal, Type, parse_type

_WIDE = ("16", "32", "64")
_MIDDLE = ("32", "64")


def _type(modifiers: list[str], kinds: str, widths: tuple[str, ...] = _WIDE) -> Type:
    """The last modifier as a type, which must be one that the instruction has."""
    word = modifiers[-1] if modifiers else "nothing"
    if word[:1] not in kinds or word[1:] not in widths:
        raise PtxRefusal(f"type .{word} of this instruction is not known here")
    return parse_type(word)


def _pair(scope: Scope, names: tuple[str, ...], type_: Type) -> list[str]:
    read = scope.read_signed if type_.kind == "s" else scope.read
    return [read(name, type_) for name in names]


@handles("add", "sub", "addc", "subc")
def add(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`add`, `sub` and their forms with carry (9.7.1.1, 9.7.1.2, 9.7.2.1 to 9.7.2.4)."""
    name = ins.opcode.split(".")[0]
    type_ = _type(modifiers, "us")
    refuse_rest(modifiers[:-1], [], ["cc"])
    d, a, b = operands(ins, 3)
    sign = "+" if name.startswith("add") else "-"
    carry = f" {sign} carry" if name.endswith("c") else ""
    total = f"{scope.read(a, type_)} {sign} {scope.read(b, type_)}{carry}"
    if "cc" not in modifiers:
        return [scope.write(d, f"({total}) & {type_.mask}", type_)]
    # The borrow of a subtraction is the sign of the exact difference.
    flag = f"carry = t >> {type_.bits}" if sign == "+" else "carry = 1 if t < 0 else 0"
    return [f"t = {total}", flag, scope.write(d, f"t & {type_.mask}", type_)]


def _product(scope: Scope, names: tuple[str, ...], part: str, type_: Type) -> tuple[str, Type]:
    """Source of `lo`, `hi` or `wide` of a product, and its type; not yet cut to the type."""
    if part == "lo":
        a, b = (scope.read(name, type_) for name in names)
        return f"{a} * {b}", type_
    a, b = _pair(scope, names, type_)
    if part == "wide":
        return f"{a} * {b}", Type(type_.kind, type_.bits * 2)
    return f"({a} * {b} >> {type_.bits})", type_


@handles("mul")
def mul(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`mul.lo`, `mul.hi`, `mul.wide` (9.7.1.3)."""
    type_ = _type(modifiers, "us", ("16", "32") if "wide" in modifiers else _WIDE)
    refuse_rest(modifiers[:-1], ["lo"], ["hi"], ["wide"])
    d, a, b = operands(ins, 3)
    product, result = _product(scope, (a, b), modifiers[0], type_)
    return [scope.write(d, f"{product} & {result.mask}", result)]


@handles("mad", "madc")
def mad(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`mad.lo`, `mad.hi`, `mad.wide`, with carry in and out (9.7.1.4, 9.7.2.5, 9.7.2.6)."""
    has_carry = ins.opcode.startswith("madc")
    type_ = _type(modifiers, "us", ("16", "32") if "wide" in modifiers else _WIDE)
    plain = [["lo"], ["hi"]] if has_carry else [["lo"], ["hi"], ["wide"]]
    refuse_rest(modifiers[:-1], *plain, ["lo", "cc"], ["hi", "cc"])
    d, a, b, c = operands(ins, 4)
    product, result = _product(scope, (a, b), modifiers[0], type_)
    carry = " + carry" if has_carry else ""
    total = f"({product} & {result.mask}) + {scope.read(c, result)}{carry}"
    if "cc" not in modifiers:
        return [scope.write(d, f"({total}) & {result.mask}", result)]
    low = scope.write(d, f"t & {result.mask}", result)
    return [f"t = {total}", f"carry = t >> {result.bits}", low]


@handles("div", "rem")
def divide(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`div` and `rem` of integers (9.7.1.8, 9.7.1.9)."""
    type_ = _type(modifiers, "us")
    refuse_rest(modifiers[:-1], [])
    d, a, b = operands(ins, 3)
    name = "divide" if ins.opcode.startswith("div") else "remainder"
    values = f"{scope.read(a, type_)}, {scope.read(b, type_)}, {type_.bits}, {type_.kind == 's'}"
    return [scope.write(d, f"{name}({values})", type_)]


@handles("min", "max")
def extreme(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`min` and `max` of integers (9.7.1.11, 9.7.1.12)."""
    type_ = _type(modifiers, "us")
    refuse_rest(modifiers[:-1], [])
    d, a, b = operands(ins, 3)
    x, y = _pair(scope, (a, b), type_)
    compare = "<" if ins.opcode.startswith("min") else ">"
    value = f"{scope.read(a, type_)} if {x} {compare} {y} else {scope.read(b, type_)}"
    return [scope.write(d, value, type_)]


@handles("and", "or", "xor")
def logic(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`and`, `or`, `xor` of bits and of predicates (9.7.8.1 to 9.7.8.3)."""
    type_ = PRED if modifiers == ["pred"] else _type(modifiers, "b")
    refuse_rest(modifiers[:-1], [])
    d, a, b = operands(ins, 3)
    sign = {"and": "&", "or": "|", "xor": "^"}[ins.opcode.split(".")[0]]
    return [scope.write(d, f"{scope.read(a, type_)} {sign} {scope.read(b, type_)}", type_)]


@handles("not", "cnot", "neg", "abs", "clz", "popc", "brev")
def one(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """Instructions of one operand (9.7.1.10, 9.7.1.13 to 9.7.1.15, 9.7.1.18, 9.7.8.4, 9.7.8.5)."""
    name = ins.opcode.split(".")[0]
    d, a = operands(ins, 2)
    refuse_rest(modifiers[:-1], [])
    if name == "not" and modifiers == ["pred"]:
        return [scope.write(d, f"not {scope.read(a, PRED)}", PRED)]
    if name in ("neg", "abs"):
        type_ = _type(modifiers, "s")
        sign = "-" if name == "neg" else "abs"
        value = f"{sign}({scope.read_signed(a, type_)}) & {type_.mask}"
        return [scope.write(d, value, type_)]
    type_ = _type(modifiers, "b", _WIDE if name in ("not", "cnot") else _MIDDLE)
    x = scope.read(a, type_)
    value, result = {
        "not": (f"{x} ^ {type_.mask}", type_),
        "cnot": (f"1 if {x} == 0 else 0", type_),
        "clz": (f"{type_.bits} - ({x}).bit_length()", U32),
        "popc": (f"({x}).bit_count()", U32),
        "brev": (f"reverse({x}, {type_.bits})", type_),
    }[name]
    return [scope.write(d, value, result)]


@handles("shl", "shr")
def shift(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """`shl` and `shr` (9.7.8.9, 9.7.8.10): an amount above the width counts as the width."""
    left = ins.opcode.startswith("shl")
    type_ = _type(modifiers, "b" if left else "bus")
    refuse_rest(modifiers[:-1], [])
    d, a, b = operands(ins, 3)
    n = scope.read(b, U32)
    if not left:
        read = scope.read_signed if type_.kind == "s" else scope.read
        return [scope.write(d, f"{read(a, type_)} >> {n} & {type_.mask}", type_)]
    if n.isdigit():
        n = str(min(int(n), type_.bits))
        return [scope.write(d, f"{scope.read(a, type_)} << {n} & {type_.mask}", type_)]
    value = f"{scope.read(a, type_)} << {n} & {type_.mask} if {n} < {type_.bits} else 0"
    return [scope.write(d, value, type_)]


@handles("bfe", "bfi", "bfind", "shf", "prmt", "lop3", "sad")
def fields(scope: Scope, ins: Instruction, modifiers: list[str]) -> list[str]:
    """Bit fields, funnel shifts, byte permutation, logic of three, sum of differences."""
    name = ins.opcode.split(".")[0]
    kinds = {"bfe": "us", "bfind": "us", "sad": "us"}.get(name, "b")
    narrow = name in ("shf", "prmt", "lop3")
    widths = ("32",) if narrow else _WIDE if name == "sad" else _MIDDLE
    type_ = _type(modifiers, kinds, widths)
    rest, result = modifiers[:-1], type_
    if name == "shf":
        refuse_rest(rest, *([side, mode] for side in "lr" for mode in ("wrap", "clamp")))
        d, a, b, c = operands(ins, 4)
        x, y, n = (scope.read(o, type_ if o is not c else U32) for o in (a, b, c))
        value = f"funnel({x}, {y}, {n}, {rest[0] == 'l'}, {rest[1] == 'wrap'})"
    elif name == "bfind":
        refuse_rest(rest, [], ["shiftamt"])
        d, a = operands(ins, 2)
        result = U32
        value = f"find_bit({scope.read(a, type_)}, {type_.bits}, {type_.kind == 's'}, {rest != []})"
    elif name == "sad":
        refuse_rest(rest, [])
        d, a, b, c = operands(ins, 4)
        x, y = _pair(scope, (a, b), type_)
        value = f"({scope.read(c, type_)} + abs({x} - {y})) & {type_.mask}"
    else:
        refuse_rest(rest, [])
        d, *given = operands(ins, {"bfe": 4, "bfi": 5, "prmt": 4, "lop3": 5}[name])
        values = 1 if name == "bfe" else 3 if name == "lop3" else 2
        texts = [scope.read(o, type_ if k < values else U32) for k, o in enumerate(given)]
        call = {"bfe": "bit_field", "bfi": "insert_bits", "prmt": "permute", "lop3": "logic3"}[name]
        widths_given = {
            "bfe": [str(type_.bits), str(type_.kind == "s")],
            "bfi": [str(type_.bits)],
        }
        value = f"{call}({', '.join(texts + widths_given.get(name, []))})"
    return [scope.write(d, value, result)]
