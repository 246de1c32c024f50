"""Altered bundles whose digest fits: what somebody who can write the file could put there."""

from __future__ import annotations

import copy
import hashlib
import json
import random
from typing import Any

from featurelib import canonical_json
from featurelib.digest_file import DIGEST_HEAD, DIGEST_ZEROS

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 7, 64, 1 << 31, 1 << 53, -(1 << 40), "", "x", "Int8", "Int64",
    "UInt64", "Float32", "Float64", "String", "Bool", "Date", "f64", "strings", "zone", "input",
    "literal", "fit", "add@1", "add@2", "nosuch@1", "retype@1", "one_hot@1", "\ud800", "9" * 5000,
    [], {}, [[]], {"i": "1"}, {"i": "1" * 30}, {"i": "x"}, {"i": -1}, {"f": "7ff0000000000001"},
    {"f": "zz"}, {"f": ""}, {"t": "a"}, {"t": 5}, {"l": []}, {"l": 5}, {"l": [{"i": "1"}]},
    {"type": "Table", "kind": "strings"}, {"type": "Table", "kind": "zone"}, {"type": "Table"},
    {"type": "Datetime", "zone": "Nowhere/Land"}, {"type": "Datetime", "zone": 3},
    {"type": "List", "inner": "Int8"}, {"type": "List", "inner": {"type": "List"}},
    {"type": "Array", "inner": "Float32", "size": 0}, {"type": "Struct", "fields": []},
    {"type": "Array", "inner": "Float32", "size": 1 << 50},
    {"table": "f64", "content": [], "name": ""}, {"table": "f64", "content": ["a"], "name": ""},
    {"table": "zone", "content": ["EST5EDT,M99.9.9,M0.0.0", {"i": "0"}], "name": ""},
    {"table": "zone", "content": ["UTC0", {"i": "0"}, {"i": "5"}, {"i": "0"}, {"i": "-5"},
                                  {"i": "0"}], "name": ""},
    {"table": "strings", "content": [{"i": "1"}, "a"], "name": 5},
    {"table": "nosuch", "content": [], "name": ""}, {"table": ["f64"], "content": 3, "name": ""},
)  # fmt: skip


def sealed(content: Any) -> bytes:
    """A bundle with this content and the digest that fits it."""
    content = {**content, "digest": DIGEST_ZEROS.decode()}
    blank = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        errors="surrogatepass"
    )
    digest = hashlib.sha256(blank).hexdigest().encode()
    return DIGEST_HEAD + digest + blank[len(DIGEST_HEAD) + 64 :]


def paths(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside JSON data."""
    found = [at] if at else []
    items: Any = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    for key, value in items:
        found += paths(value, (*at, key))
    return found


def mutate(content: Any, choose: random.Random) -> Any:
    """JSON data with one place replaced, removed, doubled, swapped with another, or added."""
    made = copy.deepcopy(content)
    places = paths(made)
    where = choose.choice(places)
    parent = made
    for key in where[:-1]:
        parent = parent[key]
    last = where[-1]
    way = choose.randrange(6)
    if way == 0:
        del parent[last]
    elif way == 1 and isinstance(parent, list):
        parent.insert(last, copy.deepcopy(parent[choose.randrange(len(parent))]))
    elif way == 2:
        other = made
        for key in choose.choice(places):
            other = other[key]
        parent[last] = copy.deepcopy(other)
    elif way == 3 and type(parent[last]) in (int, str):
        old = parent[last]
        parent[last] = old + choose.choice((-1, 1, 256)) if type(old) is int else old[:-1] + "@"
    else:
        parent[last] = copy.deepcopy(choose.choice(VALUES))
    return made


def written(content: Any) -> Any:
    """Content as a file holds it: what JSON reads back."""
    return json.loads(canonical_json.dumps(content))
