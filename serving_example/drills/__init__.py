"""What the service does when things go wrong: bounded scenarios over the real one."""

from serving_example.drills.crowd import Call, Crowd
from serving_example.drills.faulty import FaultyDevice, Killed, Ran
from serving_example.drills.findings import Finding
from serving_example.drills.standing import Standing, Vitals

__all__ = ["Call", "Crowd", "FaultyDevice", "Finding", "Killed", "Ran", "Standing", "Vitals"]
