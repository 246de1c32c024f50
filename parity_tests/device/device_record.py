"""The record of a run of the parity suite on a device: which device, which driver, how much."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featurelib.jit.cuda_nvvm import versions
from featurelib_online.cuda.device import Device

FOLDER = Path(__file__).parents[2] / "golden_data" / "devices"


def record(folder: Path, device: Device, counts: Mapping[str, Any]) -> Path:
    """Writes the record of a device, over an older one of the same device.

    Args:
        folder: Where records stand.
        device: What the suite ran on.
        counts: What was compared, all of it equal.

    Returns:
        The file, named for the device.
    """
    content = {
        "device": device.name,
        "compute capability": ".".join(map(str, device.capability)),
        "driver": device.driver,
        "compiler": [str(v) for v in versions()],
        "counts": dict(counts),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^a-z0-9]+", "-", device.name.lower()).strip("-") + ".json")
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return path


def read_record(path: Path) -> dict[str, Any]:
    """What a record says."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
