"""What a ranker knows of each film alone, computed once for each change of the film."""

from __future__ import annotations

import numpy as np

from serving_example.app.film_index import FeatureSource
from serving_example.devices import Device, Loaded
from serving_example.devices.protocol import Array

__all__ = ["FilmTerms", "in_parts"]


class FilmTerms:
    """The terms of films by one ranker; a film's are computed when they are asked for and are old.

    One thread at a time, that of the device.

    Args:
        loaded: The ranker's function of films.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._names = [tensor.name for tensor in loaded.layout.tensors]
        self._terms = np.empty((0, 0), np.float32)
        self._versions = np.empty(0, np.int64)

    def of(self, device: Device, features: FeatureSource, rows: Array) -> Array:
        """The terms of films: what stands in `rows` of the matrix is as good as new."""
        versions = features.films.versions
        if len(self._versions) < len(versions):
            unknown = np.full(len(versions) - len(self._versions), -1)
            self._versions = np.append(self._versions, unknown)
        known = self._versions
        is_old = known.take(rows) != versions.take(rows)
        if is_old.any():
            old = np.unique(rows[is_old])
            seen = versions[old]  # before the vectors: one that is newer will be computed again
            made = in_parts(device, self._loaded, features.of_films(old, self._names))
            if len(self._terms) < len(versions):
                terms = np.zeros((len(versions), made.shape[1]), made.dtype)
                if len(self._terms):
                    terms[: len(self._terms)] = self._terms
                self._terms = terms
            self._terms[old], known[old] = made, seen
        return self._terms


def in_parts(device: Device, loaded: Loaded, tensors: dict[str, Array]) -> Array:
    """What a function gives for all rows, the largest size of its ladder at a time."""
    rows, largest = len(next(iter(tensors.values()))), loaded.ladder.largest
    if rows <= largest:
        return device.run(loaded, [tensors])
    mine = {tensor.name: tensors[tensor.name] for tensor in loaded.layout.tensors}
    made = [
        device.run(loaded, [{n: t[a : a + largest] for n, t in mine.items()}])
        for a in range(0, rows, largest)
    ]
    return np.concatenate(made)
