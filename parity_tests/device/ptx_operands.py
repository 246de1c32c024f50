"""How translated code reads and writes the operands of an instruction (sections 6 and 9.4).

The translation of a function is Python source. A register is a local variable: an integer of its
bits (never negative), a float for .f64, a truth value for .pred.
"""

from __future__ import annotations

from collections.abc import Callable

from parity_tests.device.ptx_numbers import double_from_bits, integer, is_number, number_bits
from parity_tests.device.ptx_words import (
    PRED,
    Function,
    Instruction,
    PtxRefusal,
    Type,
    Variable,
)

SPECIAL = {
    "%tid.x": "thread[0]",
    "%ctaid.x": "thread[1]",
    "%ntid.x": "thread[2]",
    "%nctaid.x": "thread[3]",
    "%tid.y": "0", "%tid.z": "0", "%ctaid.y": "0", "%ctaid.z": "0",
    "%ntid.y": "1", "%ntid.z": "1", "%nctaid.y": "1", "%nctaid.z": "1",
}  # fmt: skip
"""Special registers (section 10) of a launch in one dimension."""


class Scope:
    """The names of one function: registers, parameters, addresses of variables."""

    def __init__(self, function: Function, addresses: dict[str, int]) -> None:
        self.function = function
        self.addresses = addresses
        self.frame = {v.name: 0 for v in function.locals}
        self.params: dict[str, Variable] = {}
        self.names: dict[str, str] = {}
        self.used: set[tuple[str, str, str]] = set()

    def python_name(self, name: str) -> str:
        """A variable of Python for a name of PTX."""
        if name not in self.names:
            letters = "".join(c if c.isalnum() else "_" for c in name)
            self.names[name] = f"x{len(self.names)}_{letters}"[:40]
        return self.names[name]

    def register(self, name: str) -> tuple[str, Type]:
        type_ = self.function.registers.get(name)
        if type_ is None:
            raise PtxRefusal(f"operand {name} is not known here")
        return self.python_name(name), type_

    def read(self, operand: str, type_: Type, *, may_cut: bool = False) -> str:
        """Source of the operand's value in a type.

        Args:
            operand: A register, constant, special register, or for a 64-bit type the address of a
                variable.
            type_: The type that the instruction gives it.
            may_cut: Whether a wider register is cut to the type, as `ld`, `st` and `cvt` allow.
        """
        if is_number(operand):
            if type_ == PRED:
                return str(integer(operand) != 0)  # section 4.5.3
            bits = number_bits(operand, type_)
            return str(bits) if type_ != Type("f", 64) else self.double(bits)
        if operand in SPECIAL:
            if type_.bits != 32 or type_.kind == "f":
                raise PtxRefusal(f"special register {operand} as .{type_}")
            return SPECIAL[operand]
        name, held = self.register(operand)
        return self.converted(name, operand, held, type_, may_cut)

    def converted(self, name: str, operand: str, held: Type, type_: Type, may_cut: bool) -> str:
        agree = held.kind == type_.kind or (
            PRED not in (held, type_)
            and ("b" in (held.kind, type_.kind) or "f" not in (held.kind, type_.kind))
        )
        fits = held.bits == type_.bits or (may_cut and held.bits > type_.bits)
        if not agree or not fits or (held.bits != type_.bits and "f" in (held.kind, type_.kind)):
            raise PtxRefusal(f"register {operand} is .{held}, the instruction takes .{type_}")
        if held == Type("f", 64) and type_.kind != "f":
            return f"bits_of({name})"
        if type_ == Type("f", 64) and held.kind != "f":
            return f"double_of({name})"
        return name if held.bits == type_.bits else f"({name} & {type_.mask})"

    def double(self, bits: int) -> str:
        value = double_from_bits(bits)
        plain = value == value and value not in (float("inf"), float("-inf"))
        return f"({value!r})" if plain else f"double_of({bits})"

    def read_signed(self, operand: str, type_: Type, *, may_cut: bool = False) -> str:
        """Source of an integer operand as a signed number."""
        text = self.read(operand, type_, may_cut=may_cut)
        if text.isdigit():
            value = int(text)
            return f"({value - (value >> (type_.bits - 1) << type_.bits)})"
        return f"(({text} ^ {type_.sign}) - {type_.sign})"

    def predicate(self, operand: str) -> str:
        """Source of a predicate that may be negated by `!`."""
        if operand.startswith("!"):
            return f"(not {self.read(operand[1:], PRED)})"
        return self.read(operand, PRED)

    def write(self, operand: str, value: str, type_: Type, *, may_widen: bool = False) -> str:
        """Source of an assignment of a value of a type to a register.

        With `may_widen` a wider integer register takes it, sign-extended for a signed type and
        zero-extended for another (section 9.4.1).
        """
        if operand == "_":
            return value
        name, held = self.register(operand)
        if held.bits > type_.bits and may_widen and "f" not in (held.kind, type_.kind):
            if type_.kind == "s":
                value = f"((({value}) ^ {type_.sign}) - {type_.sign}) & {held.mask}"
            return f"{name} = {value}"
        self.converted(name, operand, held, type_, may_cut=False)
        if held == Type("f", 64) and type_.kind != "f":
            value = f"double_of({value})"
        elif type_ == Type("f", 64) and held.kind != "f":
            value = f"bits_of({value})"
        return f"{name} = {value}"

    def write_float(self, operand: str, value: str, type_: Type) -> list[str]:
        """An assignment of an .f64 that arithmetic gave: every NaN becomes the launch's own."""
        if type_.bits == 32:
            return [self.write(operand, value, type_)]
        name, held = self.register(operand)
        if held == type_:
            return [f"{name} = {value}", f"if {name} != {name}: {name} = nan"]
        lines = [f"t = {value}", "if t != t: t = nan"]
        return [*lines, self.write(operand, "t", type_)]

    def address(self, operand: str, space: str) -> tuple[str, int]:
        """Source of the base of `[base+offset]`, and the offset."""
        if not (operand.startswith("[") and operand.endswith("]")):
            raise PtxRefusal(f"operand {operand} is no address")
        base, sign, offset = operand[1:-1].partition("+")
        if not sign:
            base, sign, offset = base.partition("-")
        shift = int(offset or "0", 0) * (-1 if sign == "-" else 1)
        if base in self.function.registers:
            name, held = self.register(base)
            if held.bits != 64 or held.kind == "f":
                raise PtxRefusal(f"address register {base} is .{held}, only 64 bits are known here")
            return name, shift
        return self.variable(base, space), shift

    def variable(self, name: str, space: str = "") -> str:
        """Source of the address of a variable in its state space."""
        if name in self.frame:
            if space not in ("", "local"):
                raise PtxRefusal(f"local variable {name} as .{space}")
            return f"(frame + {self.frame[name]})"
        if name not in self.addresses:
            raise PtxRefusal(f"operand {name} is not known here")
        return str(self.addresses[name])

    def helper(self, verb: str, space: str, layout: str) -> str:
        """The name of a function that loads or stores; `run` makes it for its memory."""
        self.used.add((verb, space, layout))
        return f"{verb}_{space}_{layout}"


Handler = Callable[[Scope, Instruction, list[str]], list[str]]
"""Translates an instruction, given its modifiers, to lines of Python."""
HANDLERS: dict[str, Handler] = {}
FLOAT_HANDLERS: dict[str, Handler] = {}
"""Translations that are taken where the last modifier is a type of floats."""


def handles(*opcodes: str) -> Callable[[Handler], Handler]:
    """Registers the translation of opcodes, named without modifiers."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(opcodes, handler))
        return handler

    return register


def handles_floats(*opcodes: str) -> Callable[[Handler], Handler]:
    """Registers the translation of opcodes on floats."""

    def register(handler: Handler) -> Handler:
        FLOAT_HANDLERS.update(dict.fromkeys(opcodes, handler))
        return handler

    return register


def refuse_rest(modifiers: list[str], *allowed: list[str]) -> None:
    """Refuses modifiers that are none of the allowed lists."""
    if modifiers not in allowed:
        raise PtxRefusal(f"modifiers .{'.'.join(modifiers)} are not known here")


def operands(instruction: Instruction, count: int) -> tuple[str, ...]:
    """The operands, which must be `count`."""
    if len(instruction.operands) != count:
        raise PtxRefusal(f"{len(instruction.operands)} operands, {count} are known here")
    return instruction.operands
