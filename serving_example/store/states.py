"""Views whose vectors are states of streams, and events as the log holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featurelib import borders, canonical_json, json_rows
from featurelib.errors import InputError
from featurelib.windows import Definition
from featurelib_online.stream import FrozenState, State, Stream
from serving_example.instants import microseconds
from serving_example.store.interface import OnlineStore, Put
from serving_example.store.vector import SCHEMA_BYTES, Stamp, Vector, View

__all__ = ["EventReader", "StateView"]


@dataclass(frozen=True)
class StateView:
    """A view whose payloads are the states of a stream.

    The event time of a vector is that of the newest event which the state keeps; its version counts
    the records that changed the state. Both only grow, however the records come in batches.

    Attributes:
        stream: What makes, reads and updates the states.
        view: Where they are kept.
        key: The event's field that names the entity.
    """

    stream: Stream
    view: View
    key: str

    @classmethod
    def of(cls, stream: Stream, name: str, ttl_us: int | None = None) -> StateView:
        """The view of a stream's states, whose schema is all that decides what they hold.

        Args:
            stream: The stream.
            name: The view's name.
            ttl_us: The view's TTL; None: a state without new events is as good as ever.
        """
        definition: Definition = stream.definition
        fingerprint = canonical_json.dumps(definition.state_fingerprints[stream.name])
        schema = hashlib.sha256(fingerprint.encode()).digest()[:SCHEMA_BYTES]
        view = View(name, schema, ttl_us)
        return cls(stream, view, definition.sources[stream.name].source.key)

    def load(self, vector: Vector | None) -> State:
        """The state in a vector; one without events where there is none.

        Raises:
            StateError: The payload is no state of this stream.
        """
        if vector is None or vector.payload is None:
            return self.stream.new()
        return self.stream.load(vector.payload)

    def frozen(self, vector: Vector | None) -> FrozenState | None:
        """The state in a vector, to be asked only; None where there is none.

        The store has compared the vector's checksum, so its content is not looked at again.

        Raises:
            StateError: The payload is no state of this stream.
        """
        if vector is None or vector.payload is None:
            return None
        return self.stream.view(vector.payload)

    def read(self, store: OnlineStore, key: int) -> State:
        """The state of an entity as the store has it."""
        return self.load(store.get(self.view, key))

    def put(self, key: int, state: State, stamp: Stamp | None, changed: int) -> Put:
        """What writes a state that has changed.

        Args:
            key: The entity.
            state: Its state.
            stamp: That of the vector which the state was read from, None if there was none.
            changed: How many records changed it.
        """
        newest = self.stream.describe(state)["newest"]
        at = 0 if newest is None else microseconds(newest)
        before = Stamp(at, 0) if stamp is None else stamp
        vector = self.view.vector(
            bytes(state), max(at, before.event_time), before.version + changed
        )
        return Put(self.view, key, vector)


class EventReader:
    """Reads events from JSON, as `Stream.apply` takes them.

    Args:
        view: Of whose stream they are events: its schema says which fields are times.
    """

    def __init__(self, view: StateView) -> None:
        stream = view.stream
        plan = stream.definition.sources[stream.name]
        self._name = stream.name
        self._times = [f for f in plan.schema.fields if (f.dtype.inner or f.dtype).is_temporal]

    def read(self, data: bytes) -> Mapping[str, Any]:
        """The event, with its times as Python has them.

        Raises:
            InputError: It is no JSON object, or a time in it cannot be read.
        """
        try:
            event = json_rows.read_json(data)
        except ValueError as error:
            raise InputError(f"{self._name}: no readable JSON: {error}") from None
        if not isinstance(event, dict):
            raise InputError(f"{self._name}: expected a JSON object, got {type(event).__name__}")
        for field in self._times:
            if event.get(field.name) is not None:
                value = borders.canonical(event[field.name], field, where=self._name, source="json")
                event[field.name] = borders.from_canonical(value, field.dtype)
        return event
