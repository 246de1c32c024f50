"""Methods that random graphs call, for ops which no rule of types reaches, or not with sense."""

from __future__ import annotations

from typing import Any

from featurelib import dtypes
from featurelib.mapping import element
from featurelib.node import Node, table
from featurelib.tables import TableData

__all__ = ["MACROS", "NAMED", "SAME"]

SAME = object()
"""Stands for another value of the type of the first."""


def _bucket_of_each(items: Node) -> Node:
    made: Node = element(items).hash_bucket(97)
    return made


def _unlike_first(items: Node) -> Node:
    made: Node = element(items) != items.list.first()
    return made


_TERMS = table(TableData("integers", (1, 0, 100)))
"""What a fit would have found in Lists of Int64."""
MACROS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("cast", (dtypes.FLOAT64,)), ("cast", (dtypes.INT16,)), ("cast", (dtypes.UINT8,)),
    ("cast", (dtypes.FLOAT32,)), ("cast", (dtypes.BOOL,)), ("cast", (dtypes.DATE,)),
    ("cast", (dtypes.INT64,)), ("cast", (dtypes.DATETIME,)), ("dt.hour", ()), ("dt.weekday", ()),
    ("dt.truncate", ("1d",)), ("dt.truncate", ("1mo",)),
    ("dt.convert_time_zone", ("Europe/Dublin",)), ("dt.offset_by", ("-1mo2d",)),
    ("dt.add_years", (1,)), ("dt.month_end", ()), ("dt.is_business_day", ()),
    ("str.to_uppercase", ()),
    ("str.to_lowercase", ()), ("hash_bucket", (97,)), ("one_hot", (3,)), ("is_between", (0, 10)),
    ("fill_null", (0,)), ("fill_null", ("",)), ("clip", (-1, 1)), ("round", (1,)),
    ("cast", (dtypes.STRING,)), ("str.to_date", ()),
    ("str.to_datetime", ("%Y-%m-%d %H:%M:%S.%f+00:00",)),
    ("list.hash_bucket", (97,)), ("list.tail", (2,)), ("list.contains", (0,)), ("fill_null", ([],)),
    ("list.get", (-1,)), ("list.sum", ()), ("list.mean", ()), ("list.max", ()), ("list.all", ()),
    ("list.unique", ()), ("list.pad_to", (3,)), ("list.norm", ()), ("list.normalize", ()),
    ("list.multi_hot", (4,)), ("list.hash_vector", (5,)), ("geohash", (1.5, 4)), ("arr.sum", ()),
    ("arr.normalize", ()), ("add", (0.5,)), ("str.char_ngrams", (3, 97)),
    ("str.word_ngrams", (1, 97)), ("hash_vector", (SAME,)), ("list.sort", ()),
    ("list.dot", (SAME,)), ("list.distance", (SAME,)), ("list.cosine", (SAME,)),
    ("arr.distance", (SAME,)), ("arr.get", (0,)), ("add", (SAME,)),
    ("dt.replace_time_zone", ("Europe/Dublin",)),
    ("list.random_projection", (4,)), ("list.term_counts", (_TERMS,)),
    ("list.term_weights", (_TERMS, table(TableData("f64", (0.5, 2.0, 1.0))))),
    ("str.url_host", ()), ("str.json_path_match", ("$.a[0]",)), ("str.normalize", ("NFKC",)),
    ("str.normalize", ("NFC",)), ("str.to_titlecase", ()),
    ("cast", (dtypes.UINT64,)), ("cast", (dtypes.INT8,)), ("dt.strftime", ("%F",)),
    ("dt.strftime", ("%A, %-d %b %y, %l:%M:%S.%3f %p, %G-W%V-%u %j %s %:z",)),
    ("list.eval", (_bucket_of_each,)), ("arr.eval", (_bucket_of_each,)),
    ("list.filter", (_unlike_first,)),
)  # fmt: skip
"""Methods with the arguments after the first; a function makes one of the first."""

NAMED: dict[str, dict[str, Any]] = {
    "list.term_counts": {"n": 3, "element": -8},
    "list.term_weights": {"n": 3, "element": -8, "is_unit": True},
    "hash_vector": {"n": 5},
    "dt.replace_time_zone": {"ambiguous": "latest", "non_existent": "shift_forward"},
}
"""Arguments by name, of methods and of ops."""
