"""All that one who asks a cache of results does."""

from __future__ import annotations

from typing import Any

from serving_example.caches import Kept, ResultCache, Waiter, Work

__all__ = ["ask"]


def ask(
    cache: ResultCache[Any], key: bytes, entity: int, work: Work[Any], waiter: Waiter[Any]
) -> Kept[Any] | None:
    """An answer that is kept, made anew if it is due; else what is made goes to the waiter."""
    kept = cache.look(key, entity)
    if kept is None:
        cache.make(key, entity, work, waiter)
    elif kept.is_due:
        cache.renew(key, entity, work)
    return kept
