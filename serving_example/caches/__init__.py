"""Three caches: predictions, feature values, model artifacts.

Each has its key, its freshness and its way of being told of changes: docs/caching.md says why. All
three are counted the same way, and each can be left out.
"""

from serving_example.caches.artifacts import ArtifactCache
from serving_example.caches.breakeven import BreakEven
from serving_example.caches.epochs import Epochs
from serving_example.caches.features import FeatureCache
from serving_example.caches.flights import Flights, Waiter
from serving_example.caches.follow import Follower, Invalidates, Listener
from serving_example.caches.interface import AGE_BOUNDS_S, Cache, Counts
from serving_example.caches.keys import answerer, canonical, pair
from serving_example.caches.known import FeaturePolicy, Known
from serving_example.caches.results import Kept, Made, Policy, ResultCache, Work

__all__ = [
    "AGE_BOUNDS_S",
    "ArtifactCache",
    "BreakEven",
    "Cache",
    "Counts",
    "Epochs",
    "FeatureCache",
    "FeaturePolicy",
    "Flights",
    "Follower",
    "Invalidates",
    "Kept",
    "Known",
    "Listener",
    "Made",
    "Policy",
    "ResultCache",
    "Waiter",
    "Work",
    "answerer",
    "canonical",
    "pair",
]
