"""Devices that run models, a batch at a time each."""

from serving_example.devices.ladder import Ladder
from serving_example.devices.paced import PacedDevice, Recording
from serving_example.devices.protocol import Device, Loaded
from serving_example.devices.torch_device import TorchDevice, cpu_device, cuda_device

__all__ = [
    "Device",
    "Ladder",
    "Loaded",
    "PacedDevice",
    "Recording",
    "TorchDevice",
    "cpu_device",
    "cuda_device",
]
