"""docs/devices.md: its code runs, on the interpreter in place of its device."""

import re
from pathlib import Path
from typing import Any

import pytest

from parity_tests.device.ptx_device import PtxDevice

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "devices.md"


def test_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Its blocks run in order in one namespace and print what they promise."""
    text = PAGE.read_text(encoding="utf-8")
    shown: dict[str, Any] = {"__name__": "documented", "interpreter": PtxDevice()}
    for block in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
        lines = text.count("\n", 0, block.start()) + 1
        code = block.group(1).replace("device=0", "device=interpreter")
        exec(compile("\n" * lines + code, str(PAGE), "exec"), shown)
    assert "tensor([0, 2, 2])" in capsys.readouterr().out


def test_the_page_says_what_has_run_on_a_device() -> None:
    """While there is no record of a device the page says so, and no longer than that."""
    has_run = (ROOT / "golden_data" / "devices").is_dir()
    assert has_run != ("No device kernel has run on a device yet" in PAGE.read_text("utf-8"))
