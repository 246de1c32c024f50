"""docs/parity.md: its commands print what the page shows.

To write the outputs again: python -m parity_tests.parity.test_parity_page
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from parity_tests.page_commands import said

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "parity.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def commands(block: str) -> list[str]:
    """The commands of a block; lines that begin with ``>`` go on with the one above."""
    found: list[str] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(line[2:])
        elif line.startswith("> ") and found:
            found[-1] += "\n" + line[2:]
    return found


def shown(command: str) -> str:
    return "$ " + command.replace("\n", "\n> ")


def session(block: str, folder: Path) -> str:
    """A block with its commands as typed and what a shell prints, 80 columns wide."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {
        "COLUMNS": "80", "FORCE_COLOR": "", "PATH": paths, "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1", "PYTEST_ADDOPTS": "",
    }  # fmt: skip
    shown_all, status = "", 0
    for command in commands(block):
        printed, status = said(command, folder, settings, status)
        shown_all += f"{shown(command)}\n{printed}"
    return shown_all


def written(text: str, folder: Path) -> str:
    """The page with the outputs of its commands, run from top to bottom in a folder."""

    def block(match: re.Match[str]) -> str:
        language, content = match.groups()
        if language in ("python", "toml", "yaml"):
            name = content.split("\n", 1)[0].removeprefix("# ")
            (folder / name).write_text(content, encoding="utf-8")
        elif language == "jsonl":
            (folder / "rows.jsonl").write_text(content, encoding="utf-8")
        elif language == "console":
            return f"```console\n{session(content, folder)}```"
        return match.group()

    return BLOCK.sub(block, text)


def lasting(text: str) -> str:
    """What does not depend on the machine, nor on a hash that moves with any op."""
    text = re.sub(r" +\d+\.\d\d(?=[ s])", " T", text)
    return re.sub(r"\b[0-9a-f]{12}$", "FINGERPRINT", text, flags=re.M)


def test_the_page_shows_what_its_commands_print(tmp_path: Path) -> None:
    """Every output on the page is what its command prints today, but for times and fingerprints."""
    text = PAGE.read_text(encoding="utf-8")
    assert lasting(text) == lasting(written(text, tmp_path))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), Path(place)), encoding="utf-8")
