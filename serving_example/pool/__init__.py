"""The live pool: devices with a thread each, under the one scheduler."""

from serving_example.pool.door import Door
from serving_example.pool.errors import DroppedError, PoolDownError, RefusedError
from serving_example.pool.function import FunctionProgram
from serving_example.pool.health import DeviceHealth, PoolHealth
from serving_example.pool.job import Job, deliver_here
from serving_example.pool.pool import Pool
from serving_example.pool.program import Placed, Program

__all__ = [
    "DeviceHealth",
    "Door",
    "DroppedError",
    "FunctionProgram",
    "Job",
    "Placed",
    "Pool",
    "PoolDownError",
    "PoolHealth",
    "Program",
    "RefusedError",
    "deliver_here",
]
