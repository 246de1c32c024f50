"""How a pool is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DeviceHealth", "PoolHealth"]


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """How a device is.

    Attributes:
        name, kind: Its own.
        is_alive: It is given work.
        is_stuck: It is given none, because its thread does not come back from what it does.
        busy_s: For how long it has done what it does now; 0.0 if it does nothing.
    """

    name: str
    kind: str
    is_alive: bool
    is_stuck: bool
    busy_s: float


@dataclass(frozen=True, slots=True)
class PoolHealth:
    """How a pool is.

    Attributes:
        is_ready: It takes jobs, and some device is alive.
        devices: In the order in which they were given.
    """

    is_ready: bool
    devices: tuple[DeviceHealth, ...]
