"""What every op gives on edge values, recorded: a release keeps all of it, bit for bit.

Golden cases say what is right, where an oracle can say it, and leave a function an ulp. A recording
says what was, everywhere: `golden_data/recorded/ops.json` holds a digest of the values that the
reference evaluator gives on a few hundred rows of edges, for each signature that an op has. Nothing
in it proves that a value is right; it proves that none has moved.

    python -m parity_tests.golden.recorded        # adds ops that have no recording; changes none
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from featurelib import canonical_json, literals
from featurelib.dtypes import DType
from featurelib.errors import FeaturelibError
from featurelib.intrinsics import Arena
from featurelib.op import Nulls, Op
from featurelib.parity.edge_values import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DAY,
    LAST_INSTANT,
    edge_values,
)
from featurelib.parity.golden import call_body, case_path, read_cases
from parity_tests.offline.lowering_cases import signatures
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
FILE = ROOT / "recorded" / "ops.json"
_MOST = 150
"""Rows of a signature: all combinations of edges, or so many of them."""
_RANDOM = 100
"""Rows of random values besides, for what no edge is: months, letters, middles of a list."""
_RANDOM_FLOATS = 400
"""The same where all arguments are floats: the last bits of a constant show in few of them."""
_OUTSIDE = 30
"""Of ops that only other ops call: rows with times outside years 1 to 9999."""
_SMALL = 12
"""A row limit in bytes for ops that make texts and lists, besides the default one."""
_HIDDEN = {"b": True, "i": 1, "u": 1, "f": math.nan}
"""What a column may hold where it is null; an EXPLICIT body must not see it."""
_MOST_MATCHED = 300
"""Rows of a signature with a regular expression: its golden cases are thousands, and in Python a
step through an automaton takes a thousand times as long as in machine code."""
_LONGEST = 600
"""Texts and lists of golden cases above this many bytes are left to the golden cases."""


def signature_name(types: Sequence[DType], params: dict[str, Any]) -> str:
    """What a signature's digest is found by."""
    said = ", ".join(map(str, types))
    return f"({said}) {json.dumps(params, sort_keys=True, default=str)}" if params else f"({said})"


@cache
def tried(op: Op) -> dict[str, tuple[tuple[DType, ...], dict[str, Any], list[tuple[Any, ...]]]]:
    """For each signature of an op its types, parameters and rows of edges."""
    found: dict[str, Any] = {}
    for types, params, tables in signatures(op):
        name = signature_name(types, params)
        _, _, rows = found.setdefault(name, (types, params, []))
        rows += _combinations(types, tables, op.public)
    path = case_path(ROOT, op)
    for case in read_cases(path) if path.exists() else ():
        sizes = [len(a) for a in case.args if isinstance(a, (bytes, tuple))]
        if max(sizes, default=0) <= _LONGEST:
            found[signature_name(case.types, case.params)][2].append(case.args)
    for types, _, rows in found.values():
        if any(str(t.table).startswith("regex") for t in types):
            rows[:] = rows[:: -(-len(rows) // _MOST_MATCHED)]
    return found


def _combinations(
    types: Sequence[DType], tables: Sequence[Any], is_public: bool
) -> list[tuple[Any, ...]]:
    pools = [
        [table] if table is not None else [*edge_values(dtype), None]
        for dtype, table in zip(types, tables, strict=True)
    ]
    # The same choice on every machine: the generator of random.Random is fixed by its seed.
    draw = random.Random(" ".join(map(str, types)))
    total = math.prod(map(len, pools))
    if total <= _MOST:
        made = list(itertools.product(*pools))
    else:
        made = [tuple(draw.choice(pool) for pool in pools) for _ in range(_MOST)]
    count = _RANDOM_FLOATS if all(t.is_float for t in types) else _RANDOM
    for _ in range(count):
        drawn = zip(types, tables, strict=True)
        made.append(tuple(_drawn(t, draw) if table is None else table for t, table in drawn))
    if not is_public and any(t.is_temporal for t in types):
        made += [
            tuple(_outside(a, t, draw) for a, t in zip(r, types, strict=True))
            for r in made[-_OUTSIDE:]
        ]
    return made


def _outside(value: Any, dtype: DType, draw: random.Random) -> Any:
    """For a date or a time one near or far outside its years."""
    if value is None or dtype.name not in ("Date", "Datetime"):
        return value
    first, last = (FIRST_DAY, LAST_DAY) if dtype.name == "Date" else (FIRST_INSTANT, LAST_INSTANT)
    by = draw.choice([1, 2, draw.randint(1, last)])
    return draw.choice([first - by, last + by])


def _drawn(dtype: DType, draw: random.Random) -> Any:
    """A value as data has them: of every size, most of them small; now and then a null."""
    if draw.random() < 0.05:
        return None
    if dtype.inner is not None:
        size = draw.randrange(9) if dtype.size is None else dtype.size
        drawn = [_drawn(dtype.inner, draw) for _ in range(size)]
        return tuple(edge_values(dtype.inner)[0] if v is None else v for v in drawn)
    if dtype.name == "Bool":
        return draw.random() < 0.5
    if dtype.name == "String":
        pools = ("abcdefgh", "ABC xyz", "0123456789", "\t !\x7f", "äßéΣσςİıǅ", "中文😀")
        return "".join(draw.choice(draw.choice(pools)) for _ in range(draw.randrange(20))).encode()
    if dtype.name == "Duration" and draw.random() < 0.2:
        return draw.choice([1, -1]) * draw.getrandbits(draw.randint(50, 63))
    if dtype.is_temporal:
        low, high = {"Date": (-719162, 2932896)}.get(dtype.name, (-62135596800, 253402300799))
        value = draw.choice([draw.randint(low, high), draw.randint(0, high >> 6)])
        return value if dtype.name == "Date" else 1_000_000 * value + draw.randrange(1_000_000)
    if dtype.is_float:
        value = draw.choice([1.0, 10.0, 90.0, 300.0, 1e5, 1e-7]) * draw.uniform(-1, 1)
        if draw.random() < 0.2:
            value = math.ldexp(draw.uniform(-1, 1), draw.randint(-1074, 1023))
        with np.errstate(over="ignore"):
            return float(np.float32(value)) if dtype.name == "Float32" else value
    low, high = dtype.bounds
    value = draw.getrandbits(draw.randint(1, dtype.bits)) * draw.choice([1, -1])
    return min(max(value, low), high)


def lines(op: Op, name: str) -> Iterator[str]:
    """The values of one signature, a line a row; a body that raises is a value too."""
    types, params, rows = tried(op)[name]
    body, dtype = op.resolve(types, params)
    ways = [(Arena(), {}), *([(Arena(_SMALL), {})] if body.takes_arena else [])]
    ways += [(Arena(), _HIDDEN)] if op.nulls is Nulls.EXPLICIT else []
    for arena, hidden in ways:
        for row in rows:
            try:
                got = call_body(op, body, types, row, params, dtype, arena, hidden)
                yield canonical_json.dumps(literals.canonical(got))
            except FeaturelibError as error:
                yield type(error).__name__


def digest(op: Op, name: str) -> str:
    """The digest of the values of one signature."""
    told = hashlib.sha256()
    for line in lines(op, name):
        told.update(line.encode() + b"\n")
    return told.hexdigest()[:16]


def record() -> dict[str, dict[str, str]]:
    """The digests of all ops; those on file stay as they are."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    made = {op.key: known.get(op.key) or {n: digest(op, n) for n in tried(op)} for op in every_op()}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return made


if __name__ == "__main__":
    ops = record()
    print(f"{FILE}: {len(ops)} ops, {sum(map(len, ops.values()))} signatures")
    sys.exit(0)
