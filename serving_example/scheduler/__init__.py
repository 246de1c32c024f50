"""The scheduler of a pool of devices: admission, central queues, late binding, residency."""

from serving_example.scheduler.admission import Admission
from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.interface import (
    Choice,
    Clock,
    DropReason,
    Executor,
    Offer,
    Policy,
    Wait,
)
from serving_example.scheduler.policies.registry import DEFAULT_POLICY, POLICIES, make_policy
from serving_example.scheduler.profiles import Drift, Profiles
from serving_example.scheduler.residency import Residency
from serving_example.scheduler.scheduler import Scheduler
from serving_example.scheduler.shares import Shares
from serving_example.scheduler.shelf import LoadRules
from serving_example.scheduler.specs import DeviceSpec, ModelSpec
from serving_example.scheduler.statistics import Counts, DeviceStats, ModelStats, Stats
from serving_example.scheduler.work import Batch, Refusal, Work

__all__ = [
    "DEFAULT_POLICY",
    "POLICIES",
    "Admission",
    "Batch",
    "Choice",
    "Clock",
    "Counts",
    "DeviceSpec",
    "DeviceStats",
    "Drift",
    "DropReason",
    "Executor",
    "LoadRules",
    "ModelSpec",
    "ModelStats",
    "Offer",
    "Policy",
    "Profiles",
    "Refusal",
    "Residency",
    "Scheduler",
    "SchedulerError",
    "Shares",
    "Stats",
    "Wait",
    "Work",
    "make_policy",
]
