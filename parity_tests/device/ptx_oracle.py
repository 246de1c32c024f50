"""What single PTX instructions mean, said in another way than the interpreter says it.

A line of the table is a text of PTX, the types of what it reads and gives, and a function from bits
to bits. Integers are Python's modulo a power of two, bit instructions are lists of bits as in the
pseudo code of the ISA. Floats are in `ptx_float_oracle.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

INTEGERS = [f"{kind}{width}" for width in (8, 16, 32, 64) for kind in "us"]


class Line(NamedTuple):
    """`text` names its operands {d}, {a}, {b}, {c}, {e}; `meaning` gives None if left open."""

    text: str
    reads: tuple[str, ...]
    gives: str
    meaning: Callable[..., int | None]


def width(type_: str) -> int:
    return int(type_[1:])


def number(bits: int, type_: str) -> int:
    """Bits as an integer of a type; higher bits do not count."""
    size = width(type_) // 8
    low = (bits % (1 << 8 * size)).to_bytes(size, "big")
    return int.from_bytes(low, "big", signed=type_[0] == "s")


def _on(type_: str, gives: str, function: Callable[..., int]) -> Callable[..., int]:
    return lambda *bits: function(*(number(b, type_) for b in bits)) % (1 << width(gives))


def _same(name: str, type_: str, count: int, function: Callable[..., int]) -> Line:
    places = ", ".join(["{d}", "{a}", "{b}", "{c}"][: count + 1])
    return Line(f"{name}.{type_} {places};", (type_,) * count, type_, _on(type_, type_, function))


def _quotient(a: int, b: int) -> int:
    return math.trunc(Fraction(a, b))


def _open(type_: str, function: Callable[[int, int], int]) -> Callable[[int, int], int | None]:
    """Division is left open by zero, and where the quotient does not fit."""

    def meaning(a: int, b: int) -> int | None:
        x, y = number(a, type_), number(b, type_)
        if y == 0 or (y == -1 and x == -(1 << (width(type_) - 1))):
            return None
        return function(x, y) % (1 << width(type_))

    return meaning


def _shifted(type_: str, way: int) -> Callable[[int, int], int]:
    """Amounts above the width count as the width: 99 is enough for both."""

    def meaning(a: int, b: int) -> int:
        moved = Fraction(number(a, type_)) * Fraction(2) ** (way * min(b, 99))
        return math.floor(moved) % (1 << width(type_))

    return meaning


def integer_lines() -> Iterator[Line]:
    """Arithmetic, logic and shifts of every width and sign."""
    for type_ in INTEGERS[2:]:
        bits, wide = width(type_), f"{type_[0]}{2 * width(type_)}"
        yield _same("add", type_, 2, lambda a, b: a + b)
        yield _same("sub", type_, 2, lambda a, b: a - b)
        yield _same("mul.lo", type_, 2, lambda a, b: a * b)
        yield _same("mul.hi", type_, 2, lambda a, b, n=bits: (a * b) // 2**n)
        yield _same("mad.lo", type_, 3, lambda a, b, c: a * b + c)
        yield _same("mad.hi", type_, 3, lambda a, b, c, n=bits: (a * b) // 2**n + c)
        yield _same("sad", type_, 3, lambda a, b, c: c + max(a, b) - min(a, b))
        yield _same("min", type_, 2, lambda a, b: sorted((a, b))[0])
        yield _same("max", type_, 2, lambda a, b: sorted((a, b))[1])
        if bits < 64:
            product = _on(type_, wide, lambda a, b: a * b)
            yield Line(f"mul.wide.{type_} {{d}}, {{a}}, {{b}};", (type_,) * 2, wide, product)
        for name, part in (("div", _quotient), ("rem", lambda a, b: a - b * _quotient(a, b))):
            yield Line(
                f"{name}.{type_} {{d}}, {{a}}, {{b}};", (type_,) * 2, type_, _open(type_, part)
            )
        shift = f"shr.{type_} {{d}}, {{a}}, {{b}};"
        yield Line(shift, (type_, "u32"), type_, _shifted(type_, -1))
        if type_[0] == "s":
            yield _same("abs", type_, 1, abs)
            yield _same("neg", type_, 1, lambda a: -a)
    for bits in (16, 32, 64):
        type_ = f"b{bits}"
        yield _same("and", type_, 2, lambda a, b: a & b)
        yield _same("or", type_, 2, lambda a, b: a | b)
        yield _same("xor", type_, 2, lambda a, b: a ^ b)
        yield _same("not", type_, 1, lambda a: -a - 1)
        yield _same("cnot", type_, 1, lambda a: int(a == 0))
        shift = f"shl.{type_} {{d}}, {{a}}, {{b}};"
        yield Line(shift, (type_, "u32"), type_, _shifted(type_, 1))


def _bits(value: int, count: int) -> list[int]:
    """Lowest bit first."""
    return [int(c) for c in f"{value % 2**count:0{count}b}"[::-1]]


def _value(bits: list[int]) -> int:
    return sum(bit << place for place, bit in enumerate(bits))


def _extract(type_: str) -> Callable[[int, int, int], int]:
    def meaning(a: int, b: int, c: int) -> int:
        x, start, length, top = _bits(a, width(type_)), b % 256, c % 256, width(type_) - 1
        sign = 0 if type_[0] == "u" or length == 0 else x[min(start + length - 1, top)]
        return _value([x[start + i] if i < length and start + i <= top else sign
                       for i in range(top + 1)])  # fmt: skip

    return meaning


def _insert(count: int) -> Callable[[int, int, int, int], int]:
    def meaning(a: int, b: int, c: int, e: int) -> int:
        source, result, start = _bits(a, count), _bits(b, count), c % 256
        for i in range(e % 256):
            if start + i < count:
                result[start + i] = source[i]
        return _value(result)

    return meaning


def _highest(type_: str, *, as_shift: bool) -> Callable[[int], int]:
    def meaning(a: int) -> int:
        x = _bits(a, width(type_))
        wanted = 1 - x[-1] if type_[0] == "s" else 1
        places = [i for i, bit in enumerate(x) if bit == wanted]
        if not places:
            return 2**32 - 1
        return len(x) - 1 - places[-1] if as_shift else places[-1]

    return meaning


def _funnel(side: str, mode: str) -> Callable[[int, int, int], int]:
    def meaning(a: int, b: int, c: int) -> int:
        n = c % 32 if mode == "wrap" else min(c % 2**32, 32)
        both = _bits(a, 32) + _bits(b, 32)
        moved = [0] * n + both if side == "l" else both[n:] + [0] * n
        return _value(moved[32:64] if side == "l" else moved[:32])

    return meaning


def _pick(a: int, b: int, c: int) -> int:
    source = a.to_bytes(4, "little") + b.to_bytes(4, "little")
    made = []
    for place in range(4):
        nibble = int(f"{c % 65536:04x}"[3 - place], 16)
        byte = source[nibble % 8]
        made.append((255 if byte > 127 else 0) if nibble > 7 else byte)
    return int.from_bytes(bytes(made), "little")


def _leading(count: int) -> Callable[[int], int]:
    return lambda a: [*_bits(a, count)[::-1], 1].index(1)


def _carries(bits: int) -> Iterator[Line]:
    """Two words of a result of which the upper one is kept."""
    b, one = f"b{bits}", 1 << bits
    for kind in "us":
        t = f"{kind}{bits}"
        text = f"add.cc.{t} {{d}}, {{a}}, {{b}}; addc.{t} {{d}}, {{c}}, {{e}};"
        yield Line(text, (b,) * 4, b, lambda a, b, c, e: (a + b + (c + e) * one) // one % one)
        text = f"sub.cc.{t} {{d}}, {{a}}, {{b}}; subc.{t} {{d}}, {{c}}, {{e}};"
        yield Line(text, (b,) * 4, b, lambda a, b, c, e: (a - b + (c - e) * one) // one % one)
    t = f"u{bits}"
    text = f"mad.lo.cc.{t} {{d}}, {{a}}, {{b}}, {{c}}; madc.hi.{t} {{d}}, {{a}}, {{b}}, {{e}};"
    yield Line(text, (b,) * 4, b, lambda a, b, c, e: (a * b + c + e * one) // one % one)


def _logic(table: int) -> Callable[[int, int, int], int]:
    def meaning(*words: int) -> int:
        columns = zip(*(_bits(w, 32) for w in words), strict=True)
        return _value([table >> int(f"{x}{y}{z}", 2) & 1 for x, y, z in columns])

    return meaning


def _fields(bits: int) -> Iterator[Line]:
    b = f"b{bits}"
    text = f"bfi.{b} {{d}}, {{a}}, {{b}}, {{c}}, {{e}};"
    yield Line(text, (b, b, "u32", "u32"), b, _insert(bits))
    for type_ in (f"u{bits}", f"s{bits}"):
        text = f"bfe.{type_} {{d}}, {{a}}, {{b}}, {{c}};"
        yield Line(text, (type_, "u32", "u32"), type_, _extract(type_))
        for word, as_shift in (("", False), (".shiftamt", True)):
            text = f"bfind{word}.{type_} {{d}}, {{a}};"
            yield Line(text, (type_,), "u32", _highest(type_, as_shift=as_shift))


def bit_lines() -> Iterator[Line]:
    """Counts, fields, carries, shifts of two words, permutation, logic of three."""
    for bits in (32, 64):
        b = f"b{bits}"
        yield Line(f"clz.{b} {{d}}, {{a}};", (b,), "u32", _leading(bits))
        yield Line(f"popc.{b} {{d}}, {{a}};", (b,), "u32", lambda a, n=bits: sum(_bits(a, n)))
        yield Line(f"brev.{b} {{d}}, {{a}};", (b,), b, lambda a, n=bits: _value(_bits(a, n)[::-1]))
        yield from _fields(bits)
        yield from _carries(bits)
    for side in "lr":
        for mode in ("wrap", "clamp"):
            text = f"shf.{side}.{mode}.b32 {{d}}, {{a}}, {{b}}, {{c}};"
            yield Line(text, ("b32", "b32", "u32"), "b32", _funnel(side, mode))
    yield Line("prmt.b32 {d}, {a}, {b}, {c};", ("b32",) * 3, "b32", _pick)
    for table in (0x80, 0x1B, 0xFE, 0x96):
        text = f"lop3.b32 {{d}}, {{a}}, {{b}}, {{c}}, {table};"
        yield Line(text, ("b32",) * 3, "b32", _logic(table))
