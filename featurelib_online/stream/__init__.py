"""Aggregates over events in serving: one state per entity, updated by events, read by queries.

from featurelib_online import stream

ratings = stream.compile(definition)
state = ratings.new()
ratings.apply(state, {"user_id": "ann", ...})
ratings.query(state, now)["mean_rating_7d"]

A bundle with aggregates is served whole: a request and the states of its entities in, features out.

served = stream.Served(bundle)
features = served(request, {"ratings": state})
"""

from featurelib_online.stream.answers import Answers
from featurelib_online.stream.served import Entity, Served
from featurelib_online.stream.state import FrozenState, State
from featurelib_online.stream.stream import Stream, compile

__all__ = ["Answers", "Entity", "FrozenState", "Served", "State", "Stream", "compile"]
