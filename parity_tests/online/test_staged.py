"""A bundle served in stages: gathered vectors and the rest give the bits of the whole bundle."""

from __future__ import annotations

import functools
import threading
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib.errors import DefinitionError, InputError
from featurelib.fields import Field, InputSchema
from featurelib_online.staged import Staged, StageTable
from parity_tests.online.all_types import EDGES
from parity_tests.soak import examples

NUMBERS = [n for n in EDGES if n not in ("String", "Date", "Datetime", "Duration")]
STAGES = {side: [f"{side}_{n.lower()}" for n in EDGES] for side in ("a", "b")}


def bundle_of(*more: fl.Feature) -> fl.Bundle:
    """Features of one side, of the other, and of both, with an input of every type on each side."""
    fields = [
        Field(f"{side}_{n.lower()}", fl.dtypes.SCALARS[n], nullable=True)
        for side, n in product("ab", EDGES)
    ]
    made = {}
    for name in NUMBERS:
        a, b = fl.col(f"a_{name.lower()}"), fl.col(f"b_{name.lower()}")
        made[f"either_{name}"] = fl.coalesce(a, b).cast(fl.Float64)
        made[f"same_{name}"] = a.eq_missing(b).cast(fl.Float64)
        made[f"own_{name}"] = a.cast(fl.Float64)
    for name in ("Date", "Datetime", "Duration"):
        a, b = fl.col(f"a_{name.lower()}"), fl.col(f"b_{name.lower()}")
        made[f"before_{name}"] = (a < b).cast(fl.Float64)
    made["texts"] = fl.col("a_string").str.len_bytes() + fl.col("b_string").str.len_chars() * 100
    features = [
        fl.Feature(n, version=1, expr=e.cast(fl.Float64).fill_null(-1.0)) for n, e in made.items()
    ]
    return fl.FeatureSet(
        "sides", version="1.0.0", inputs=InputSchema("sides", tuple(fields)),
        features=[*features, *more], layout={"x": list(made)},
    ).bind()  # fmt: skip


@functools.cache
def staged() -> Staged:
    return Staged(bundle_of(), STAGES)


def rows_of(side: str) -> list[dict[str, Any]]:
    """Rows of a side: every edge of every type, and nulls."""
    count = 1 + max(map(len, EDGES.values()))
    edges = {f"{side}_{n.lower()}": [*values, None] for n, values in EDGES.items()}
    return [{name: v[i % len(v)] for name, v in edges.items()} for i in range(count)]


def test_stages_give_the_tensors_of_the_whole() -> None:
    """Each pair of a row of one side and a row of the other has the bits of the row kernel."""
    made, kernel = staged(), online.compile(bundle_of())
    sides = {s: rows_of(s) for s in "ab"}
    tables = {s: made.table(s, [made.vector(s, r) for r in rows]) for s, rows in sides.items()}
    pairs = list(product(*(range(len(rows)) for rows in sides.values())))
    numbers = {s: [p[i] for p in pairs] for i, s in enumerate("ab")}
    out = {"x": np.empty((len(pairs) + 1, made.bundle.layout.tensors[0].width))}
    filled = made.fill({s: (tables[s], numbers[s]) for s in "ab"}, out=out)["x"]
    expected = kernel.many([sides["a"][i] | sides["b"][j] for i, j in pairs]).tensors["x"]
    assert filled.tobytes() == expected.tobytes()
    assert out["x"][:-1].tobytes() == expected.tobytes()
    loose = {s: made.rows(s, [made.vector(s, r) for r in rows]) for s, rows in sides.items()}
    for which in ("a", "b", "ab"):
        mixed = {s: (loose[s] if s in which else tables[s], numbers[s]) for s in "ab"}
        assert made.fill(mixed)["x"].tobytes() == expected.tobytes()
    empty = made.fill({s: (tables[s], []) for s in "ab"})["x"]
    assert empty.shape == (0, expected.shape[1])


def test_some_tensors_need_their_stages_only() -> None:
    """Tensors that are filled apart have the bits that they have beside the others."""
    one = [fl.Feature(f"{s}_own", version=1, expr=fl.col(f"{s}_float64").fill_null(0.5) * 2.0)
           for s in "ab"]  # fmt: skip
    both = fl.Feature("both", version=1, expr=fl.col("a_own") - fl.col("b_own"))
    plain = fl.Feature("none", version=1, expr=fl.lit(3.0))
    whole = fl.FeatureSet(
        "sides", version="1.0.0", inputs=bundle_of().schema, features=[*one, both, plain],
        layout={"a": ["a_own"], "both": ["both", "a_own"], "b": ["b_own"], "none": ["none"]},
    ).bind()  # fmt: skip
    made = Staged(whole, STAGES)
    given: dict[str, tuple[StageTable, Any]] = {}
    for side in "ab":
        rows = rows_of(side)
        table = made.table(side, [made.vector(side, row) for row in rows])
        given[side] = (table, np.arange(5) * 7 % len(rows))
    expected = made.fill(given)
    assert list(expected) == ["a", "both", "b", "none"]
    for tensors in (["a"], ["b"], ["both"], ["b", "a"], ["none", "a"]):
        read = made.reads(tensors)
        assert set(read) == {s for t in tensors for s in {"both": "ab", "none": ""}.get(t, t)}
        out = {t: np.empty((6, expected[t].shape[1])) for t in tensors}
        for mine in ({s: given[s] for s in read}, given):
            got = made.fill(mine, tensors=tensors, out=out)
            assert list(got) == tensors
            for t in tensors:
                assert got[t].tobytes() == out[t][:5].tobytes() == expected[t].tobytes()
    with pytest.raises(InputError, match="no table of the stage `b`"):
        made.fill({"a": given["a"]}, tensors=["both"])
    with pytest.raises(InputError, match="no tensor 'c'"):
        made.fill(given, tensors=["c"])
    with pytest.raises(InputError, match="no stage is given"):
        made.fill({}, tensors=["none"])


def test_tensors_of_one_stage_are_the_vectors_own_bits() -> None:
    """Rows as they come, in order, whether a tensor is a copy of cells or is computed."""
    kinds = {"float32": 2.5, "float64": -0.0, "int16": 7, "uint32": 9, "int64": -1}
    features = [
        fl.Feature(f"m_{kind}", version=1, expr=fl.col(f"a_{kind}").fill_null(otherwise))
        for kind, otherwise in kinds.items()
    ]
    features.append(fl.Feature("other", version=1, expr=fl.col("b_float64").fill_null(0.0)))
    layout = {kind: [f"m_{kind}"] for kind in kinds} | {"other": ["other"]}
    whole = fl.FeatureSet(
        "sides", version="1.0.0", inputs=bundle_of().schema, features=features, layout=layout
    ).bind()
    made, rows = Staged(whole, STAGES), rows_of("a")
    given = made.rows("a", [made.vector("a", row) for row in rows])
    other = rows_of("b")[0]
    expected = online.compile(whole).many([row | other for row in rows]).tensors
    for tensors in (list(kinds), ["int16"], ["float64", "float32"]):
        for numbers in (None, range(len(rows))):
            filled = made.fill({"a": (given, numbers)}, tensors=tensors)
            assert list(filled) == tensors
            for name, tensor in filled.items():
                assert tensor.dtype == expected[name].dtype
                assert tensor.tobytes() == expected[name].tobytes()
    none = made.fill({"a": (made.rows("a", []), None)}, tensors=["int16", "float32"])
    assert {name: tensor.shape for name, tensor in none.items()} == {
        "int16": (0, 1), "float32": (0, 1),
    }  # fmt: skip
    strange = staged().rows("a", vectors("a"))
    with pytest.raises(InputError, match="of another stage as `a`"):
        made.fill({"a": (strange, None)}, tensors=["int16"])
    with pytest.raises(InputError, match=r"a vector has \d+ bytes, got 3"):
        made.rows("a", [b"abc"])
    with pytest.raises(InputError, match="no stage 'c'"):
        made.rows("c", [])


def vectors(side: str) -> list[bytes]:
    return [staged().vector(side, row) for row in rows_of(side)]


@examples(50, 1000)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 99), st.integers(0, 5)), max_size=30))
def test_a_table_holds_what_was_put_last(steps: list[tuple[bool, int, int]]) -> None:
    """Whatever is added and written anew, gathered rows are the vectors that a list holds."""
    known, held = vectors("a"), list[bytes]()
    table = staged().table("a")
    for is_new, row, which in steps:
        if is_new or not held:
            assert table.extend([known[which]]) == range(len(held), len(held) + 1)
            held.append(known[which])
        else:
            table.put(row % len(held), known[which])
            held[row % len(held)] = known[which]
    fresh, numbers = staged().table("a", held), np.arange(len(held))[::-1]
    for size, cells in table.gather(numbers).items():
        assert cells.tobytes() == fresh.gather(numbers)[size].tobytes()


def test_a_row_is_never_seen_half_written() -> None:
    """While a row changes between two vectors, what is gathered of it is one of the two."""
    first, second = vectors("a")[:2]
    table, end = staged().table("a", [first]), threading.Event()
    whole = [{s: c.tobytes() for s, c in staged().table("a", [v]).gather(np.zeros(1, int)).items()}
             for v in (first, second)]  # fmt: skip

    def write() -> None:
        while not end.is_set():
            table.put(0, second)
            table.put(0, first)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2000):
            seen = {s: c.tobytes() for s, c in table.gather(np.zeros(1, np.int64)).items()}
            assert seen in whole
    finally:
        end.set()
        writer.join()


def test_what_cannot_be_a_vector_is_refused() -> None:
    """A text that the other side reads, a field in no stage, a bundle without tensors."""
    same = fl.Feature("same", version=1, expr=fl.col("a_string") == fl.col("b_string"))
    with pytest.raises(DefinitionError, match=r"`a\.a_string` is String; a vector holds values"):
        Staged(bundle_of(same), STAGES)
    with pytest.raises(DefinitionError, match="field `b_bool` is in no stage"):
        Staged(bundle_of(), {"a": STAGES["a"]})
    plain = fl.FeatureSet("x", version="1.0.0", inputs=staged().bundle.schema, features=[same])
    with pytest.raises(DefinitionError, match="no layout"):
        Staged(plain.bind(), STAGES)


def test_a_call_that_does_not_fit_is_refused() -> None:
    """Each is told with the stage; nothing is written."""
    made = staged()
    a, b = (made.table(s, vectors(s)) for s in "ab")
    out = {"x": np.full((2, made.bundle.layout.tensors[0].width), 7.0)}

    def refused(given: dict[str, tuple[StageTable, Any]], match: str) -> None:
        with pytest.raises(InputError, match=match):
            made.fill(given, out=out)
        assert (out["x"] == 7.0).all()

    refused({"a": (a, [0])}, "no table of the stage `b`")
    refused({"a": (a, [0]), "b": (b, [0]), "c": (b, [0])}, "no stage 'c'")
    refused({"a": (b, [0]), "b": (b, [0])}, "a table of another stage as `a`")
    refused({"a": (a, [0, 1]), "b": (b, [0])}, "stage `b` gives")
    refused({"a": (a, [99]), "b": (b, [0])}, r"sides\.a: row 99 of a table of")
    refused({"a": (a, [-1]), "b": (b, [0])}, "row -1 of a table")
    refused({"a": (a, [0] * 3), "b": (b, [0] * 3)}, r">= 3, 37")
    with pytest.raises(InputError, match=r"a vector has \d+ bytes, got 3"):
        a.put(0, b"abc")
    with pytest.raises(InputError, match=r"a vector has \d+ bytes"):
        a.extend([vectors("a")[0], b""])
    assert len(a) == len(vectors("a"))
    with pytest.raises(InputError, match="no stage 'c'"):
        made.vector("c", {})
    with pytest.raises(InputError, match="has no aggregates"):
        made.vector("a", rows_of("a")[0], {"things": None})
    with pytest.raises(InputError, match="has no aggregates"):
        made.vectors("a", rows_of("a")[:1], [{"things": None}])
    with pytest.raises(InputError, match="no stage 'c'"):
        made.vectors("c", [], [])
