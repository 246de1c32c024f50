"""Features of flights from names: carriers, airports, routes, tail numbers."""

from __future__ import annotations

import featurelib as fl

MAJOR = ("AA", "DL", "UA", "WN")


@fl.feature(version=1, owner="fleet", tags=["carrier", "fitted"])
def carrier_index(carrier: fl.Expr) -> fl.Expr:
    """Place of the carrier among the twelve with most training flights, from 2."""
    return carrier.vocabulary_index(max_size=12)


@fl.feature(version=1, owner="fleet", tags=["carrier"])
def is_major_carrier(carrier: fl.Expr) -> fl.Expr:
    """One of the four large carriers."""
    return carrier.is_in(MAJOR)


@fl.feature(version=1, owner="fleet", tags=["carrier"])
def carrier_hash(carrier: fl.Expr) -> fl.Expr:
    """XXH64 of the carrier's code."""
    return carrier.hash64()


@fl.feature(version=1, owner="routes", tags=["airport"])
def origin_one_hot(origin: fl.Expr) -> fl.Expr:
    """Which of New York's three airports."""
    return origin.one_hot(["EWR", "JFK", "LGA"])


@fl.feature(version=1, owner="routes", tags=["airport", "fitted"])
def dest_index(dest: fl.Expr) -> fl.Expr:
    """Place of the destination among those with at least a hundred training flights."""
    return dest.vocabulary_index(min_count=100)


@fl.feature(version=1, owner="routes", tags=["airport"])
def route_bucket(origin: fl.Expr, dest: fl.Expr) -> fl.Expr:
    """Origin and destination together, hashed to 1,000 buckets."""
    return fl.cross_bucket(origin, dest, n=1_000)


@fl.feature(version=1, owner="routes", tags=["airport"])
def route(origin: fl.Expr, dest: fl.Expr) -> fl.Expr:
    """Origin and destination as people write them."""
    return fl.concat_str([origin, dest], separator="-")


@fl.feature(version=1, owner="fleet", tags=["tail number", "fitted"])
def tail_index(tailnum: fl.Expr) -> fl.Expr:
    """Place of the aircraft among the two thousand that flew most; 0 if it has no tail number."""
    return tailnum.vocabulary_index(max_size=2_000)


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def tail_bucket(tailnum: fl.Expr) -> fl.Expr:
    """The aircraft, hashed to 4,093 buckets; null if it has no tail number."""
    return tailnum.hash_bucket(4_093, seed=7)


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def has_tail_number(tailnum: fl.Expr) -> fl.Expr:
    """Whether an aircraft was assigned."""
    return tailnum.is_not_null()


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def tail_length(tailnum: fl.Expr) -> fl.Expr:
    """Characters of the tail number; 0 if there is none."""
    return tailnum.str.len_chars().fill_null(0)


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def is_american(tailnum: fl.Expr) -> fl.Expr:
    """Registered in the United States, whose tail numbers begin with N."""
    return tailnum.str.starts_with("N")


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def tail_suffix(tailnum: fl.Expr) -> fl.Expr:
    """The last two characters in lower case, where fleets put their mark."""
    return tailnum.str.slice(-2).str.to_lowercase()


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def fleet_mark(carrier: fl.Expr, tailnum: fl.Expr) -> fl.Expr:
    """Carrier and the end of the tail number: ``UA/28``; a missing number is ``??``."""
    return carrier + "/" + tailnum.str.slice(-2, 2).fill_null("??")


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def is_own_mark(carrier: fl.Expr, tailnum: fl.Expr) -> fl.Expr:
    """Whether the tail number ends with the carrier's code."""
    return tailnum.str.to_uppercase().str.ends_with(carrier)


@fl.feature(version=1, owner="fleet", tags=["tail number"])
def tail_has_00(tailnum: fl.Expr) -> fl.Expr:
    """Whether the tail number has two zeros in a row."""
    return tailnum.str.contains("00")


TEXT_FEATURES = (
    *(carrier_index, is_major_carrier, carrier_hash, origin_one_hot, dest_index),
    *(route_bucket, route, tail_index, tail_bucket, has_tail_number, tail_length),
    *(is_american, tail_suffix, fleet_mark, is_own_mark, tail_has_00),
)
