"""Golden cases: read, and replayed on the bodies as CPython runs them.

`golden_data/ops/<family>/<op>@<version>.jsonl` holds one case a line. Its values come from an
oracle that shares no code with this library and is named in the line: parity says "the same
everywhere", golden cases say "and right".
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featurelib.dtypes import DType
from featurelib.errors import FeaturelibError, ParityError
from featurelib.intrinsics import Arena, View, f64_round_f32
from featurelib.op import Body, Nulls, Op, get_op
from featurelib.parity.golden_values import decode, encode, parse_type, same_bits, ulp_distance
from featurelib.tables import TableData

__all__ = [
    "GROUPS",
    "GoldenCase",
    "call_body",
    "case_path",
    "check",
    "op_family",
    "read_cases",
    "replay_reference",
]

GROUPS = ("basic", "nulls", "nan_inf", "signed_zero", "bounds", "text_edges", "dst")
"""Why a case is there; every op has `basic` and `nulls`, the others where they make sense."""

_REQUIRED = {"group", "types", "args", "params", "out_type", "out", "oracle", "why"}
_ULP_LIMITS = {"elementary": 1, "geo": 6}
"""How far from the true value functions of a family may be; all others have the exact bits."""
_RESULTS = {"b": "bool", "i": "int", "u": "int", "f": "float", "v": "View"}
_ZEROS: dict[str, Any] = {"b": False, "i": 0, "u": 0, "f": 0.0}


@dataclass(frozen=True)
class GoldenCase:
    """One line of a golden file, with canonical values (see `golden_values`).

    Attributes:
        where: ``file:line``, for people.
        op: Name of the op.
        version: Its version.
        group: One of `GROUPS`.
        types: Types of the arguments.
        args: Their values.
        params: The op's parameters.
        out_type: Type of the result.
        out: The right value.
        oracle: Who says so, with its version.
        why: What the case shows.
        ulp: How far a function of the families in `_ULP_LIMITS` may be from `out`; 0 elsewhere.
    """

    where: str
    op: str
    version: int
    group: str
    types: tuple[DType, ...]
    args: tuple[Any, ...]
    params: dict[str, Any]
    out_type: DType
    out: Any
    oracle: str
    why: str
    ulp: int = 0


def op_family(op: Op) -> str:
    """The family of an op: the file (or folder) of `featurelib/ops/` that its first body is in."""
    module = op.bodies[0].fn.__module__
    return module.removeprefix("featurelib.ops.").partition(".")[0]


def case_path(root: Path, op: Op) -> Path:
    """Where the golden cases of an op are, below ``golden_data``."""
    return root / "ops" / op_family(op) / f"{op.key}.jsonl"


def read_cases(path: Path) -> Iterator[GoldenCase]:
    """The cases of one file.

    Raises:
        ParityError: A line is not as the format says; names file and line.
    """
    name, _, version = path.name.removesuffix(".jsonl").rpartition("@")
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{path.parent.name}/{path.name}:{number}"
            try:
                yield _parse(where, name, int(version), path.parent.name, json.loads(line))
            except (FeaturelibError, ValueError, TypeError) as error:
                raise ParityError(f"{where}: {error}") from error


def _parse(where: str, op: str, version: int, family: str, raw: dict[str, Any]) -> GoldenCase:
    missing, unknown = _REQUIRED - raw.keys(), raw.keys() - _REQUIRED - {"ulp"}
    if missing or unknown:
        raise ParityError(f"missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
    if raw["group"] not in GROUPS:
        raise ParityError(f"group {raw['group']!r} is none of {', '.join(GROUPS)}")
    if not raw["oracle"] or not raw["why"]:
        raise ParityError("a case names its oracle and says why it is there")
    if raw.get("ulp", 0) > _ULP_LIMITS.get(family, 0):
        limit = _ULP_LIMITS.get(family, 0)
        raise ParityError(f"family {family} has a tolerance of {limit} ulp, got ulp={raw['ulp']}")
    types = tuple(map(parse_type, raw["types"]))
    if len(types) != len(raw["args"]):
        raise ParityError(f"{len(types)} types for {len(raw['args'])} arguments")
    args = tuple(decode(a, t) for a, t in zip(raw["args"], types, strict=True))
    out_type = parse_type(raw["out_type"])
    return GoldenCase(
        where, op, version, raw["group"], types, args, _read_params(raw["params"]), out_type,
        decode(raw["out"], out_type), raw["oracle"], raw["why"], raw.get("ulp", 0),
    )  # fmt: skip


def _read_params(params: dict[str, Any]) -> dict[str, Any]:
    special = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
    return {k: special.get(v, v) if isinstance(v, str) else v for k, v in params.items()}


def replay_reference(case: GoldenCase, arena: Arena | None = None) -> Any:
    """The canonical value that the op's body gives for a case, run by CPython.

    Raises:
        ParityError: The op's result type is another than the case says.
    """
    op = get_op(case.op, case.version)
    body, dtype = op.resolve(case.types, case.params)
    if dtype != case.out_type:
        raise ParityError(f"{case.where}: `{op.key}` gives {dtype}, the case says {case.out_type}")
    return call_body(op, body, case.types, case.args, case.params, dtype, arena or Arena())


def check(case: GoldenCase, got: Any) -> None:
    """Compares a value with the case, by bits.

    Raises:
        ParityError: It differs (for elementary functions: by more ulps than the line allows).
    """
    if same_bits(case.out, got, case.out_type):
        return
    if case.ulp and _is_near(case, got):
        return
    shown = ", ".join(repr(encode(a, t)) for a, t in zip(case.args, case.types, strict=True))
    raise ParityError(
        f"{case.where}: {case.op}@{case.version}({shown}) {case.params or ''}: expected "
        f"{encode(case.out, case.out_type)!r} ({case.oracle}), got {encode(got, case.out_type)!r}"
        f": {case.why}"
    )


def _is_near(case: GoldenCase, got: Any) -> bool:
    if not case.out_type.is_float or None in (case.out, got):
        return False
    # The sign of a zero is no matter of distance.
    if case.out == 0.0 and got == 0.0:
        return False
    return ulp_distance(case.out, got, case.out_type) <= case.ulp


def call_body(
    op: Op,
    body: Body,
    types: tuple[DType, ...],
    args: tuple[Any, ...],
    params: dict[str, Any],
    result: DType,
    arena: Arena,
    hidden: Mapping[str, Any] = _ZEROS,
) -> Any:
    """Runs a body under its op's null rule and brings the result to its type.

    Where an argument is null the body runs all the same, on zeros or on the `hidden` value of its
    kind: it must be total, and must not look.
    """
    plain = [
        hidden[t.kind] if a is None and t.kind in hidden else _to_kernel(a, t)
        for a, t in zip(args, types, strict=True)
    ]
    valid = [a is not None for a in args]
    given: list[Any] = [*zip(plain, valid, strict=True)] if op.nulls is Nulls.EXPLICIT else plain
    if body.takes_arena:
        given.append(arena)
    got = body.fn(*given, **{name: params[name] for name, _ in body.params})
    value, ok = (got, True) if op.nulls is Nulls.PROPAGATE else got
    if type(ok) is not bool:
        raise ParityError(f"`{op.key}` returned {ok!r} where the flag of a valid value belongs")
    if not ok or (op.nulls is not Nulls.EXPLICIT and not all(valid)):
        return None
    return _from_kernel(value, result, op.key)


def _to_kernel(value: Any, dtype: DType) -> Any:
    """A value as bodies see it.

    A view starts inside its buffer and ends with it: a body that forgets `start` reads junk, one
    that reads past `stop` raises.
    """
    if value is None:
        return View(b"", 0, 0) if dtype.kind == "v" else _ZEROS[dtype.kind]
    if isinstance(value, TableData):
        data, count = value.encode()
        return View(data, 0, count)
    if dtype.name == "String":
        return View(b"\xc3\xa9" + value, 2, 2 + len(value))
    if dtype.inner is not None:
        code = _element_code(dtype)
        junk = struct.pack(f"<{code}", 1)
        return View(junk + struct.pack(f"<{len(value)}{code}", *value), 1, 1 + len(value))
    return value


def _from_kernel(value: Any, dtype: DType, key: str) -> Any:
    if type(value).__name__ != _RESULTS[dtype.kind]:
        raise ParityError(f"`{key}` gives {dtype}, its body returned {value!r}")
    if dtype.kind == "v":
        code = "B" if dtype.inner is None else _element_code(dtype)
        width = struct.calcsize(code)
        if not 0 <= value.start <= value.stop <= len(value.buf) // width:
            raise ParityError(
                f"`{key}` returned elements {value.start} to {value.stop} of a buffer that has "
                f"{len(value.buf) // width}"
            )
    if dtype.name == "String":
        return bytes(value.buf[value.start : value.stop])
    if dtype.inner is not None:
        stored = bytes(value.buf[width * value.start : width * value.stop])
        return struct.unpack(f"<{len(stored) // width}{code}", stored)
    if dtype.name == "Float32":
        return f64_round_f32(value)
    if dtype.kind in "iu":
        lo, hi = (0, 1 << 64) if dtype.kind == "u" else (-(1 << 63), 1 << 63)
        if not lo <= value < hi:
            raise ParityError(f"`{key}` returned {value}, which is no 64-bit value of its kind")
        bits = dtype.bits if dtype.is_narrow else 64
        value &= (1 << bits) - 1
        return value - (1 << bits) if dtype.kind == "i" and value >> (bits - 1) else value
    return value


def _element_code(dtype: DType) -> str:
    """The `struct` code of one element of a List or Array."""
    assert dtype.inner is not None
    if dtype.inner.name == "Bool":
        return "?"
    codes = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I"}
    return (codes | {"u8": "Q", "f4": "f", "f8": "d"})[dtype.inner.storage[1:]]
