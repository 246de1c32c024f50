"""What single PTX instructions on floats mean, said in another way than the interpreter says it.

Arithmetic is NumPy's on floats of the same width, `fma` is the C library's, and rounding to
integers is decimal's. A comparison says in which of four outcomes it is true.
"""

from __future__ import annotations

import ctypes
import decimal
import math
from collections.abc import Callable, Iterator

import numpy as np

from parity_tests.device.ptx_oracle import INTEGERS, Line, number, width

NAN = 0x7FF8DEADBEEF0001
_DECIMAL = decimal.Context(prec=1200, traps=[], Emax=10**6, Emin=-(10**6))
_MODES = {
    "rni": decimal.ROUND_HALF_EVEN, "rzi": decimal.ROUND_DOWN,
    "rmi": decimal.ROUND_FLOOR, "rpi": decimal.ROUND_CEILING,
}  # fmt: skip
_C = ctypes.CDLL(None)
_FMA = {"f64": _C.fma, "f32": _C.fmaf}
for _name, _ctype in (("f64", ctypes.c_double), ("f32", ctypes.c_float)):
    _FMA[_name].restype = _ctype
    _FMA[_name].argtypes = [_ctype] * 3
_NUMPY = {"f64": np.float64, "f32": np.float32}


def real(bits: int, type_: str) -> np.floating:
    """Bits as a float of NumPy."""
    whole = np.uint64(bits) if type_ == "f64" else np.uint32(bits % (1 << 32))
    return whole.view(_NUMPY[type_])


def raw(value: np.floating) -> int:
    """The bits of a float of NumPy; of every NaN those that the interpreter is told to give."""
    single = value.dtype == np.float32
    if np.isnan(value):
        return NAN >> 32 if single else NAN
    return int(value.view(np.uint32 if single else np.uint64))


def _on(type_: str, function: Callable[..., np.floating]) -> Callable[..., int]:
    def meaning(*bits: int) -> int:
        with np.errstate(all="ignore"):
            return raw(_NUMPY[type_](function(*(real(b, type_) for b in bits))))

    return meaning


def _sign(x: np.floating) -> int:
    return -1 if np.signbit(x) else 1


def _ordered(pick: int) -> Callable[..., np.floating]:
    """`min` or `max`: numbers before NaN, and -0.0 below 0.0."""

    def meaning(a: np.floating, b: np.floating) -> np.floating:
        numbers = [x for x in (a, b) if x == x]
        return sorted(numbers, key=lambda x: (x, _sign(x)))[pick] if numbers else a

    return meaning


def _integral(mode: str) -> Callable[[np.floating], np.floating]:
    def meaning(a: np.floating) -> np.floating:
        if not np.isfinite(a):
            return a
        whole = decimal.Decimal(float(a)).to_integral_value(_MODES[mode], _DECIMAL)
        return np.copysign(np.float64(float(whole)), np.float64(a))

    return meaning


def _range(type_: str) -> tuple[int, int]:
    """The least and the greatest integer of a type."""
    if type_[0] == "u":
        return 0, 2 ** width(type_) - 1
    return -(2 ** (width(type_) - 1)), 2 ** (width(type_) - 1) - 1


def _to_integer(mode: str, source: str, to: str) -> Callable[[int], int]:
    low, high = _range(to)

    def meaning(bits: int) -> int:
        a = real(bits, source)
        if np.isnan(a):
            is_zero = source == "f32" and width(to) < 64
            return 0 if is_zero else widened(1 << (width(to) - 1), to)
        if np.isinf(a):
            return widened(high if a > 0 else low, to)
        whole = int(decimal.Decimal(float(a)).to_integral_value(_MODES[mode], _DECIMAL))
        return widened(sorted((low, whole, high))[1], to)

    return meaning


def widened(value: int, type_: str) -> int:
    """A value of a type in a register of at least 16 bits."""
    return number(value % (1 << width(type_)), type_) % (1 << max(width(type_), 16))


def _converted(source: str, to: str, *, clamps: bool) -> Callable[[int], int]:
    low, high = _range(to)

    def meaning(bits: int) -> int:
        value = number(bits, source)
        return widened(sorted((low, value, high))[1] if clamps else value, to)

    return meaning


def conversion_lines() -> Iterator[Line]:
    for to in INTEGERS:
        for source in INTEGERS:
            text = f"cvt{{}}.{to}.{source} {{{{d}}}}, {{{{a}}}};"
            yield Line(text.format(""), (source,), to, _converted(source, to, clamps=False))
            low, high = _range(to)
            if not all(low <= edge <= high for edge in _range(source)):  # else .sat is no PTX
                yield Line(text.format(".sat"), (source,), to, _converted(source, to, clamps=True))
        for type_ in _NUMPY:
            for mode in _MODES:
                yield Line(
                    f"cvt.{mode}.{to}.{type_} {{d}}, {{a}};",
                    (type_,),
                    to,
                    _to_integer(mode, type_, to),
                )
            text = f"cvt.rn.{type_}.{to} {{d}}, {{a}};"
            yield Line(text, (to,), type_, _from_integer(to, type_))
    for type_ in _NUMPY:
        for mode in _MODES:
            yield Line(
                f"cvt.{mode}.{type_}.{type_} {{d}}, {{a}};",
                (type_,),
                type_,
                _on(type_, _integral(mode)),
            )
    yield Line("cvt.rn.f32.f64 {d}, {a};", ("f64",), "f32", lambda a: _cast(a, "f64", np.float32))
    yield Line("cvt.f64.f32 {d}, {a};", ("f32",), "f64", lambda a: _cast(a, "f32", np.float64))


def nearest(value: int, type_: str) -> float:
    """The float of a type nearest to an integer, ties to even: decimal cuts its binary digits."""
    digits = 53 if type_ == "f64" else 24
    unit = 2 ** max(abs(value).bit_length() - digits, 0)
    count = (decimal.Decimal(value) / unit).to_integral_value(decimal.ROUND_HALF_EVEN, _DECIMAL)
    return float(int(count) * unit)


def _from_integer(source: str, to: str) -> Callable[[int], int]:
    return lambda a: raw(_NUMPY[to](nearest(number(a, source), to)))


def _cast(bits: int, source: str, to: type[np.floating]) -> int:
    with np.errstate(all="ignore"):
        return raw(to(real(bits, source)))


def float_lines() -> Iterator[Line]:
    for t in _NUMPY:

        def line(name: str, count: int, function: Callable[..., np.floating], t: str = t) -> Line:
            places = ", ".join(["{d}", "{a}", "{b}", "{c}"][: count + 1])
            return Line(f"{name}.{t} {places};", (t,) * count, t, _on(t, function))

        yield line("add.rn", 2, lambda a, b: a + b)
        yield line("sub.rn", 2, lambda a, b: a - b)
        yield line("mul.rn", 2, lambda a, b: a * b)
        yield line("div.rn", 2, lambda a, b: a / b)
        yield line("rcp.rn", 1, lambda a, t=t: _NUMPY[t](1.0) / a)
        yield line("sqrt.rn", 1, np.sqrt)
        yield line("fma.rn", 3, lambda a, b, c, t=t: _NUMPY[t](_FMA[t](a, b, c)))
        yield line("min", 2, _ordered(0))
        yield line("max", 2, _ordered(-1))
        for name, sign in (("neg", lambda a: not np.signbit(a)), ("abs", lambda a: False)):
            yield Line(f"{name}.{t} {{d}}, {{a}};", (t,), t,
                       lambda a, t=t, s=sign: _signed(a, t, s(real(a, t))))  # fmt: skip
        yield Line(f"copysign.{t} {{d}}, {{a}}, {{b}};", (t, t), t,
                   lambda a, b, t=t: _signed(b, t, bool(np.signbit(real(a, t)))))  # fmt: skip
        for name, holds in _PROPERTIES.items():
            yield Line(f"testp.{name}.{t} %p, {{a}}; selp.u32 {{d}}, 1, 0, %p;", (t,), "u32",
                       lambda a, t=t, f=holds: int(f(real(a, t))))  # fmt: skip


def _signed(bits: int, type_: str, negative: bool) -> int | None:
    """A number with a sign; what a NaN becomes is left open."""
    if np.isnan(real(bits, type_)):
        return None
    half = 1 << (width(type_) - 1)
    return bits % half + (half if negative else 0)


_PROPERTIES: dict[str, Callable[[np.floating], bool]] = {
    "finite": lambda a: bool(np.isfinite(a)),
    "infinite": lambda a: bool(np.isinf(a)),
    "number": lambda a: not np.isnan(a),
    "notanumber": lambda a: bool(np.isnan(a)),
    "normal": lambda a: bool(np.isfinite(a)) and abs(a) >= np.finfo(a.dtype).smallest_normal,
    "subnormal": lambda a: bool(a != 0) and abs(a) < np.finfo(a.dtype).smallest_normal,
}
_TRUE = {
    "eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "lo": "<", "ls": "<=", "hi": ">", "hs": ">=",
    "equ": "=?", "neu": "<>?", "ltu": "<?", "leu": "<=?", "gtu": ">?", "geu": ">=?",
    "num": "<=>", "nan": "?",
}  # fmt: skip
"""In which of the four outcomes (less, equal, greater, unordered) each comparison is true."""


def _outcome(a: int, b: int, type_: str) -> str:
    if type_[0] == "f":
        x, y = float(real(a, type_)), float(real(b, type_))
        if math.isnan(x) or math.isnan(y):
            return "?"
    else:
        x, y = number(a, type_), number(b, type_)
    return "=" if x == y else "<" if x < y else ">"


def _selected(by: str, sign: Callable[[int, str], object]) -> Callable[[int, int, int], int]:
    return lambda a, b, c: a if sign(c, by) >= 0 else b  # type: ignore[operator]


def _compared(type_: str, name: str, true: int) -> Callable[[int, int], int]:
    return lambda a, b: true if _outcome(a, b, type_) in _TRUE[name] else 0


def comparison_lines() -> Iterator[Line]:
    names = list(_TRUE)
    known = {"b": names[:2], "s": names[:6], "u": names[:10], "f": names[:6] + names[10:]}
    for type_ in [*INTEGERS[2:], "b16", "b32", "b64", "f32", "f64"]:
        for name in known[type_[0]]:
            text = f"setp.{name}.{type_} %p, {{a}}, {{b}}; selp.u32 {{d}}, 1, 0, %p;"
            yield Line(text, (type_, type_), "u32", _compared(type_, name, 1))
            for to, true in (("u32", 2**32 - 1), ("s32", 2**32 - 1), ("f32", 0x3F800000)):
                text = f"set.{name}.{to}.{type_} {{d}}, {{a}}, {{b}};"
                yield Line(text, (type_, type_), to, _compared(type_, name, true))
    for type_ in ("u16", "s32", "b64", "f64", "f32"):
        for by, sign in (("s32", number), ("f32", real)):
            text = f"slct.{type_}.{by} {{d}}, {{a}}, {{b}}, {{c}};"
            yield Line(text, (type_, type_, by), type_, _selected(by, sign))
        yield Line(f"mov.{type_} {{d}}, {{a}};", (type_,), type_, lambda a: a)
