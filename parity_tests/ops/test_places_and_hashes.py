"""Directions, geohashes, boxes and the feature hasher: what holds of them, and what is refused."""

from __future__ import annotations

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, apply, input_node
from featurelib.ops.encode import hash_vector, hash_vector_added
from featurelib.ops.geo import geohash_text
from featurelib.ops.sequence.vectors import list_hash_vector
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

LAT, LON, LAT2, LON2 = (input_node(n, dtypes.FLOAT64, False) for n in ("a", "b", "c", "d"))
TEXT = input_node("s", dtypes.STRING, True)
COUNT = input_node("n", dtypes.INT64, True)
IDS = input_node("ids", dtypes.list_type(dtypes.INT64), False)
LATITUDES, LONGITUDES = st.floats(-89, 89), st.floats(-180, 180)


def value(node: Node, **row):
    """What the reference evaluator gives for a node on a row."""
    return Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]


@examples(60, soak=3000)
@given(LATITUDES, LONGITUDES, st.floats(0.001, 0.5))
def test_directions_along_a_meridian_and_beside_it(lat: float, lon: float, step: float) -> None:
    """North is 0, south is 180; what lies east is between them, what lies west beyond."""

    def towards(lat2: float, lon2: float) -> float:
        return value(LAT.bearing(LON, LAT2, LON2), a=lat, b=lon, c=lat2, d=lon2)

    assert towards(lat + step, lon) == 0.0
    assert towards(lat - step, lon) == 180.0
    assert 0.0 < towards(lat, lon + step) < 180.0 < towards(lat, lon - step) < 360.0
    assert towards(lat, lon) == 0.0


@examples(60, soak=3000)
@given(LATITUDES, LONGITUDES, st.integers(1, 11))
def test_a_longer_geohash_is_a_cell_within_the_shorter(lat: float, lon: float, n: int) -> None:
    """It begins with the same letters; as a number it has the same first bits."""
    row = {"a": lat, "b": lon}
    short, long = (value(LAT.geohash(LON, k), **row) for k in (n, n + 1))
    assert len(long) == n + 1 and long[:n] == short
    bits = [value(LAT.geohash_bits(LON, k), **row) for k in (n, n + 1)]
    assert bits[1] >> 5 == bits[0]
    assert set(long.decode()) <= set("0123456789bcdefghjkmnpqrstuvwxyz")


@examples(60, soak=3000)
@given(st.floats(-90, 90), LONGITUDES, LONGITUDES)
def test_a_box_holds_what_its_edges_say(lat: float, lon: float, west: float) -> None:
    """Edges are inside; a box that crosses the date line is all that its neighbour is not."""
    row = {"a": lat, "b": lon}
    south, north = min(lat, 10.0), max(lat, 10.0)
    assert value(LAT.is_in_box(LON, south, lon, north, lon), **row) is True
    crossing = value(LAT.is_in_box(LON, south, west, north, -170.0), **row)
    along = lon >= west and lon <= -170.0 if west <= -170.0 else lon >= west or lon <= -170.0
    assert crossing is along


@examples(60, soak=3000)
@given(st.one_of(st.none(), st.text(max_size=5)), st.one_of(st.none(), st.integers(-99, 99)))
def test_each_column_adds_one_at_the_place_of_its_hash(s: str | None, n: int | None) -> None:
    """Column k is hashed with seed + k; a null adds nothing."""
    wanted = [0.0] * 7
    held = [
        None if s is None else s.encode(),
        None if n is None else n.to_bytes(8, "little", signed=True),
    ]
    for k, data in enumerate(held):
        if data is not None:
            h = xxhash.xxh64(data, seed=3 + k).intdigest()
            wanted[h % 7] += -1.0 if h >> 63 else 1.0
    row = {"s": held[0], "n": n}
    assert value(TEXT.hash_vector(COUNT, n=7, seed=3), **row) == tuple(wanted)
    items = () if n is None else (n,)
    once = value(IDS.list.hash_vector(7, seed=4), ids=items)
    alone = value(COUNT.hash_vector(n=7, seed=4), n=n)
    assert once == alone


def test_what_is_over_the_row_limit_is_null() -> None:
    """Three numbers take 12 bytes, six letters 6; one byte less is too little."""
    vector = (View(bytes(12), 0, 3), True)
    ids = (View(bytes(8), 0, 1), True)
    for less in (0, 1):
        made = [
            hash_vector((5, True), Arena(12 - less), n=3),
            hash_vector_added(vector, (5, True), Arena(12 - less), n=3),
            list_hash_vector(ids, Arena(12 - less), n=3, seed=0, element=-8),
            geohash_text(77, Arena(6 - less), length=6),
        ]
        for view, valid in made:
            assert valid is (less == 0)
            assert valid or view.start == view.stop


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: LAT.geohash(LON, 13), DefinitionError, "1 <= precision <= 12, got precision=13"),
        (lambda: LAT.geohash(LON, 2.0), DefinitionError, "an integer precision, got 2.0"),
        (lambda: TEXT.geohash(LON), FeatureTypeError, "takes"),
        (lambda: LAT.is_in_box(LON, 5, 0, 4, 1), DefinitionError, "south <= north, got south=5"),
        (lambda: LAT.is_in_box(LON, 0, 0, 91, 1), DefinitionError, "-90 <= north <= 90, got"),
        (lambda: LAT.is_in_box(LON, 0, "w", 9, 1), DefinitionError, "-180 <= west <= 180, got"),
        (lambda: TEXT.hash_vector(n=0), DefinitionError, "1 <= n <= 16384, got n=0"),
        (lambda: TEXT.hash_vector(3, n=2), DefinitionError, "expected expressions"),
        (lambda: TEXT.hash_vector(n=2, seed=-1), DefinitionError, "seed"),
        (lambda: IDS.list.hash_vector(0), DefinitionError, "1 <= n <= 16384, got n=0"),
        (
            lambda: apply("hash_vector", (TEXT.hash_vector(n=3), TEXT.hash64()), {"n": 4}),
            FeatureTypeError,
            "adds to Array.Float32, 4., got Array.Float32, 3.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """Lengths, boxes and columns that mean nothing are errors at definition."""
    with pytest.raises(error, match=message):
        build()
