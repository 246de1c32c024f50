"""The words of a PTX module, as data: types, variables, instructions, functions, and what is wrong.

Sections named in this folder are those of the PTX ISA, version 9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class PtxError(Exception):
    """PTX that the interpreter does not know, or that went wrong when it ran."""


class PtxRefusal(PtxError):
    """A word that is not known here: the interpreter never guesses what it means."""


class PtxFault(PtxError):
    """A step that a device may answer with anything: a load out of bounds, a register never set."""


_TYPE = re.compile(r"([busf])(8|16|32|64)\Z")


class Type(NamedTuple):
    """A fundamental type (section 5.2.1): `kind` is b, u, s, f or pred."""

    kind: str
    bits: int

    @property
    def size(self) -> int:
        return self.bits // 8

    @property
    def mask(self) -> int:
        return (1 << self.bits) - 1

    @property
    def sign(self) -> int:
        return 1 << (self.bits - 1)

    def __str__(self) -> str:
        return "pred" if self.kind == "pred" else f"{self.kind}{self.bits}"


PRED = Type("pred", 1)
U32 = Type("u", 32)


def parse_type(word: str) -> Type:
    """`s64`, `b8`, `f32`, `pred`; half floats, packed and 128-bit types are refused."""
    if word == "pred":
        return PRED
    found = _TYPE.match(word)
    if found is None or word in ("f8", "f16"):
        raise PtxRefusal(f"type .{word} is not known here")
    return Type(found[1], int(found[2]))


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable or parameter: `size` and `align` in bytes, `content` None if not given."""

    name: str
    space: str
    type: Type
    size: int
    align: int
    content: bytes | None = None
    is_defined: bool = True


@dataclass(frozen=True, slots=True)
class Label:
    """A place that a branch may name."""

    name: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `opcode` with its modifiers, `guard` the predicate as written, or empty."""

    opcode: str
    operands: tuple[str, ...]
    guard: str
    line: int

    def __str__(self) -> str:
        guard = f"@{self.guard} " if self.guard else ""
        return f"line {self.line}: `{guard}{self.opcode} {', '.join(self.operands)};`"


@dataclass(slots=True)
class Function:
    """A `.func` or `.entry` with its body in order; `body` is None for a mere declaration."""

    name: str
    is_entry: bool
    params: tuple[Variable, ...]
    results: tuple[Variable, ...]
    body: list[Label | Instruction | Variable] | None = None
    registers: dict[str, Type] = field(default_factory=dict)
    locals: list[Variable] = field(default_factory=list)
    branch_targets: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Module:
    """A parsed module. `compiled` keeps what was translated, by name of the entry."""

    target: str
    functions: dict[str, Function] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    compiled: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the kernels."""
        return tuple(name for name, f in self.functions.items() if f.is_entry)
