"""docs/registry.md: its commands print what the page shows.

To write the outputs again: python -m parity_tests.release.test_registry_page
"""

import re
import tempfile
from pathlib import Path

from parity_tests.parity.test_parity_page import ROOT, written

PAGE = ROOT / "docs" / "registry.md"


def lasting(text: str) -> str:
    """What depends neither on a new key or hash nor on the time."""
    text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    return re.sub(r"\b([0-9a-f]{16}|[0-9a-f]{12})\b", "DIGEST", text)


def test_the_page_shows_what_its_commands_print(tmp_path: Path) -> None:
    """Every output on the page is what its command prints today, but for digests and times."""
    text = PAGE.read_text(encoding="utf-8")
    assert lasting(text) == lasting(written(text, tmp_path))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), Path(place)), encoding="utf-8")
