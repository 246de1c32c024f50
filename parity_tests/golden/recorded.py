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
import random
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from featurelib import canonical_json, literals
from featurelib.dtypes import DType
from featurelib.errors import FeaturelibError
from featurelib.intrinsics import Arena
from featurelib.op import Op
from featurelib.parity.edge_values import edge_values
from featurelib.parity.golden import call_body, case_path, read_cases
from parity_tests.offline.lowering_cases import signatures
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
FILE = ROOT / "recorded" / "ops.json"
_MOST = 150
"""Rows of a signature: all combinations of edges, or so many of them."""
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
        rows += _combinations(types, tables)
    path = case_path(ROOT, op)
    for case in read_cases(path) if path.exists() else ():
        sizes = [len(a) for a in case.args if isinstance(a, (bytes, tuple))]
        if max(sizes, default=0) <= _LONGEST:
            found[signature_name(case.types, case.params)][2].append(case.args)
    return found


def _combinations(types: Sequence[DType], tables: Sequence[Any]) -> list[tuple[Any, ...]]:
    pools = [
        [table] if table is not None else [*edge_values(dtype), None]
        for dtype, table in zip(types, tables, strict=True)
    ]
    total = 1
    for pool in pools:
        total *= len(pool)
    if total <= _MOST:
        return list(itertools.product(*pools))
    # The same choice on every machine: random.Random's own generator is fixed by its seed.
    choice = random.Random(" ".join(map(str, types)))
    return [tuple(choice.choice(pool) for pool in pools) for _ in range(_MOST)]


def digest(op: Op, name: str) -> str:
    """The digest of the values of one signature; a body that raises is a value too."""
    types, params, rows = tried(op)[name]
    body, dtype = op.resolve(types, params)
    told = hashlib.sha256()
    for row in rows:
        try:
            got = call_body(op, body, types, row, params, dtype, Arena())
            text = canonical_json.dumps(literals.canonical(got))
        except FeaturelibError as error:
            text = type(error).__name__
        told.update(text.encode() + b"\n")
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
