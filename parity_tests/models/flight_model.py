"""A small model of flights: dense numbers, embedded ids, and a bag of the flights before."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import torch

import featurelib as fl
from parity_tests.feature_sets.flights import dep_delay_z, load_flights, log_distance
from parity_tests.feature_sets.flights_text import carrier_index, origin_one_hot, route_bucket

LABEL = "late"
BUCKETS = 500
ROWS = 3_000
COUNTS = (1_100, 1, 1_899)
"""Of the test data: flights, and the rows of each file."""


class Departure(fl.Schema):
    """A flight that leaves, and the numbers of the flights that left on its route before."""

    carrier: str
    origin: str
    dest: str
    distance: fl.Int16
    dep_delay: float | None
    before: list[fl.Int16]


@fl.feature(version=1)
def before_buckets(before: fl.Expr) -> fl.Expr:
    """The last flights of the route, hashed."""
    return before.list.head(3).list.hash_bucket(BUCKETS, seed=5).fill_null([])


@fl.feature(version=1)
def carrier_id(carrier_index: fl.Expr) -> fl.Expr:
    """As `torch.nn.Embedding` takes it."""
    return carrier_index.cast(fl.Int64)


@fl.feature(version=1)
def route_id(route_bucket: fl.Expr) -> fl.Expr:
    """As `torch.nn.Embedding` takes it."""
    return route_bucket.cast(fl.Int64)


departures = fl.FeatureSet(
    "departures",
    version="1.0.0",
    inputs=Departure,
    features=[
        *(dep_delay_z, log_distance, origin_one_hot, carrier_index, route_bucket),
        *(before_buckets, carrier_id, route_id),
    ],
    layout={
        "dense": ["dep_delay_z", "origin_one_hot", "log_distance"],
        "ids": ["carrier_id", "route_id"],
        "before": ["before_buckets"],
    },
)


def departures_frame(rows: int | None = None) -> pl.DataFrame:
    """The first flights with their label, which is null for one that never arrived."""
    flights = load_flights(keep=["arr_delay"]).head(rows)
    shifted = [pl.col("flight").shift(k).over("origin", "dest") for k in range(1, 5)]
    names = [name for name in departures.inputs.names if name != "before"]
    return flights.select(
        *names,
        pl.concat_list(shifted).list.drop_nulls().alias("before"),
        (pl.col("arr_delay") > 15).cast(pl.Float32).alias(LABEL),
    )


class LateModel(torch.nn.Module):
    """Logits of arriving late."""

    def __init__(self, width: int = 5) -> None:
        super().__init__()
        self.carrier = torch.nn.Embedding(16, 4)
        self.route = torch.nn.Embedding(1_000, 8)
        self.before = torch.nn.EmbeddingBag(BUCKETS, 8, mode="mean", include_last_offset=True)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(width + 4 + 8 + 8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)
        )

    def forward(self, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """One logit a row.

        Args:
            tensors: Those of the layout of `departures`.
        """
        ids = tensors["ids"]
        # Buckets are UInt32; torch looks up by int64.
        bag = self.before(tensors["before"].long(), tensors["before.offsets"])
        parts = [tensors["dense"], self.carrier(ids[:, 0]), self.route(ids[:, 1]), bag]
        logits: torch.Tensor = self.layers(torch.cat(parts, dim=1))[:, 0]
        return logits
