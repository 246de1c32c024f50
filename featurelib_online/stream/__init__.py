"""Aggregates over events in serving: one state per entity, updated by events, read by queries.

from featurelib_online import stream

ratings = stream.compile(definition)
state = ratings.new()
ratings.apply(state, {"user_id": "ann", ...})
ratings.query(state, now)["mean_rating_7d"]
"""

from featurelib_online.stream.answers import Answers
from featurelib_online.stream.state import State
from featurelib_online.stream.stream import Stream, compile

__all__ = ["Answers", "State", "Stream", "compile"]
