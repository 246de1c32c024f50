"""The torch modules: two towers that find films, rankers that order them."""

from __future__ import annotations

from serving_example.models.invariance import differing_rows
from serving_example.models.loading import artifact_of, load, make
from serving_example.models.ranker import MIXED, SUMS, Ranker
from serving_example.models.shapes import Shapes, shapes_of
from serving_example.models.towers import Towers

__all__ = [
    "MIXED",
    "SUMS",
    "Ranker",
    "Shapes",
    "Towers",
    "artifact_of",
    "differing_rows",
    "load",
    "make",
    "shapes_of",
]
