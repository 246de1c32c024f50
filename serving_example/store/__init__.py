"""The online store: one vector per entity and view, an event log, and the tailer between them.

log, store = open_log("films/log"), open_store("films/store")
tailer = Tailer(log, store, {"ratings_by_user": StateView.of(stream, "user_state")})
offsets = log.append([b'{"rating_id": 1, ...}'])
tailer.step()
"""

from serving_example.store.applying import OnState, Updated
from serving_example.store.codecs import FieldsCodec
from serving_example.store.errors import (
    LogGapError,
    StoreConflictError,
    StoreError,
    StoreFullError,
    StoreUnavailable,
    VectorError,
)
from serving_example.store.freshness import Freshness, Objective, ViewFreshness
from serving_example.store.interface import (
    Batch,
    Change,
    Changes,
    Clock,
    Entry,
    EventLog,
    Health,
    Letter,
    Move,
    OnlineStore,
    Put,
    Written,
    wall_clock,
)
from serving_example.store.lmdb_log import LmdbLog
from serving_example.store.lmdb_store import LmdbStore
from serving_example.store.places import open_log, open_store
from serving_example.store.states import EventReader, StateView
from serving_example.store.tailer import Lag, Tailer
from serving_example.store.vector import NEVER, Stamp, Vector, View

__all__ = [
    "NEVER",
    "Batch",
    "Change",
    "Changes",
    "Clock",
    "Entry",
    "EventLog",
    "EventReader",
    "FieldsCodec",
    "Freshness",
    "Health",
    "Lag",
    "Letter",
    "LmdbLog",
    "LmdbStore",
    "LogGapError",
    "Move",
    "Objective",
    "OnState",
    "OnlineStore",
    "Put",
    "Stamp",
    "StateView",
    "StoreConflictError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailable",
    "Tailer",
    "Updated",
    "Vector",
    "VectorError",
    "View",
    "ViewFreshness",
    "Written",
    "open_log",
    "open_store",
    "wall_clock",
]
