"""For a native lowering: the nodes on which it is tried, and rows of edge values for them.

Which types and parameters an op takes is read from its bodies and from its golden cases, so a new
lowering is tried without an edit here.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import FeaturelibError
from featurelib.node import Node, apply, input_node, literal, narrow
from featurelib.op import Op, TypeSet
from featurelib.parity.edge_values import edge_values
from featurelib.parity.golden import case_path, read_cases
from featurelib.tables import TableData

ROOT = Path(__file__).parents[2] / "golden_data"
_TYPES = [t for t in dtypes.SCALARS.values() if t.name != "Table"]
_TYPES += [dtypes.datetime_type("America/New_York"), dtypes.list_type(dtypes.FLOAT64)]
_MOST = {1: 200, 2: 24, 3: 9}
_LITERALS = 12


def signatures(op: Op) -> list[tuple[tuple[DType, ...], dict[str, Any], tuple[Any, ...]]]:
    """Argument types, parameters, and tables (None elsewhere) that the op takes."""
    found: dict[str, Any] = {}
    for body in op.bodies:
        reads_table = any(isinstance(p, DType) and p.name == "Table" for p in body.args)
        if body.params or op.result is not None or reads_table:
            continue
        free = sorted({p.name for p in body.args if isinstance(p, TypeSet)})
        sets = {p.name: p for p in body.args if isinstance(p, TypeSet)}
        for chosen in itertools.product(*([t for t in _TYPES if sets[n].accepts(t)] for n in free)):
            bound = dict(zip(free, chosen, strict=True))
            types = tuple(bound[p.name] if isinstance(p, TypeSet) else p for p in body.args)
            found[str(types)] = (types, {}, (None,) * len(types))
    path = case_path(ROOT, op)
    for case in read_cases(path) if path.exists() else ():
        tables = tuple(a if isinstance(a, TableData) else None for a in case.args)
        key = f"{case.types}{json.dumps(case.params, sort_keys=True)}{tables}"
        found[key] = (case.types, case.params, tables)
    return list(found.values())


def nodes(op: Op, types: Sequence[DType], params: Any, tables: Sequence[Any]) -> Iterator[Node]:
    """The op on columns; and on a column beside constants, which Polars may rewrite."""
    columns: list[Any] = [
        table if table is not None else input_node(f"x{i}", t, True)
        for i, (t, table) in enumerate(zip(types, tables, strict=True))
    ]
    if op.name.startswith("narrow_"):
        # Its result is the type that the node was made for, not the one of its signature.
        kind = types[0].kind
        yield from (narrow(columns[0], t) for t in _TYPES if t.is_narrow and t.kind == kind)
        return
    yield apply(op, tuple(columns), params)
    if len(types) < 2 or any(t is not None for t in tables):
        return
    pools = [[*edge_values(t)[:_LITERALS], None] for t in types[1:]]
    for values in itertools.islice(itertools.product(*pools), 170):
        try:
            constants = [literal(v, t) for v, t in zip(values, types[1:], strict=True)]
            yield apply(op, (columns[0], *constants), params)
            if len(types) == 2 and types[0] == types[1]:
                yield apply(op, (*constants, columns[0]), params)
        except FeaturelibError:
            continue  # no constant of the type can be written, or the op refuses it


def rows(types: Sequence[DType], tables: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Every combination of edges and nulls; a table has no rows."""
    free = [t for t, table in zip(types, tables, strict=True) if table is None]
    most = _MOST[len(free)]
    picked = itertools.product(*([*edge_values(t)[:most], None] for t in free))
    made = []
    for values in picked:
        given = iter(values)
        made.append(tuple(None if table is not None else next(given) for table in tables))
    return made
