"""A share of entities by a hash of their key: the same ones on every machine, every time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError
from featurelib.intrinsics import View
from featurelib.ops.hashing import xxh64_bytes, xxh64_u64

__all__ = ["EntityShare"]

_ALL = 1 << 64


class EntityShare:
    """Chooses entities by XXH64 of the UTF-8 text of their key, or of the integer as 8 bytes.

    A larger share holds all entities of a smaller one with the same seed.

    Args:
        bundle: Whose requests they are.
        entity: The input that names the entity; needed for a share below 1.
        share: Part of the entities, 0 to 1.
        seed: Of the hash.

    Raises:
        DefinitionError: `entity` is no String or integer input that is never null, or `share` is
            not from 0 to 1, or below 1 without an entity.
    """

    def __init__(self, bundle: Bundle, entity: str | None, share: float, seed: int = 0) -> None:
        _check(bundle, entity, share)
        self._entity, self._seed = entity, seed
        self._default = None if entity is None else bundle.schema[entity].default
        self._below = round(share * _ALL)

    def takes(self, request: Mapping[str, Any]) -> bool:
        """Whether the entity of a request is one of the share."""
        if self._below >= _ALL or self._entity is None:
            return self._below > 0
        value = request.get(self._entity, self._default)
        if isinstance(value, str):
            data = value.encode()
            return bool(xxh64_bytes(View(data, 0, len(data)), self._seed) < self._below)
        return bool(xxh64_u64(int(value) % _ALL, self._seed) < self._below)


def _check(bundle: Bundle, entity: str | None, share: float) -> None:
    if not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise DefinitionError(f"expected a share from 0 to 1, got share={share!r}")
    if entity is None:
        if share < 1:
            raise DefinitionError(
                f"share={share} needs an entity: its hash decides which requests are meant",
                hint='name the input that says whose request it is: entity="user_id"',
            )
        return
    field = bundle.schema.by_name.get(entity)
    if field is None or field.nullable or not (
        field.dtype.is_integer or field.dtype.name == "String"
    ):  # fmt: skip
        raise DefinitionError(
            f"{bundle.name}: entity={entity!r} is no String or integer input that is never null",
            hint=f"inputs: {', '.join(bundle.schema.names)}",
        )
