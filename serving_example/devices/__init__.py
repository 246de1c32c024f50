"""Devices that run models, a batch at a time each."""

from serving_example.devices.batcher import Batcher, Gather
from serving_example.devices.executor import Executor, Health
from serving_example.devices.job import Job
from serving_example.devices.ladder import Ladder
from serving_example.devices.paced import PacedDevice, Recording
from serving_example.devices.program import Program
from serving_example.devices.protocol import Device, Loaded
from serving_example.devices.torch_device import TorchDevice, cpu_device, cuda_device

__all__ = [
    "Batcher",
    "Device",
    "Executor",
    "Gather",
    "Health",
    "Job",
    "Ladder",
    "Loaded",
    "PacedDevice",
    "Program",
    "Recording",
    "TorchDevice",
    "cpu_device",
    "cuda_device",
]
