"""docs/hotfix-runbook.md is played: its files, declaration and commands, from top to bottom.

To write the outputs again: python -m parity_tests.release.test_runbook
"""

import re
import tempfile
from pathlib import Path

import pytest

from featurelib.release import Registry
from parity_tests.live.versions import in_share
from parity_tests.parity.test_parity_page import ROOT, written
from parity_tests.release.test_registry_page import lasting as unstamped

PAGE = ROOT / "docs" / "hotfix-runbook.md"


def lasting(text: str) -> str:
    """What depends neither on a key nor on the time."""
    return re.sub(r"\d+\.\d+ s\b", "T s", unstamped(text))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the page was played in, and the page with what was printed."""
    folder = tmp_path_factory.mktemp("on_call")
    return folder, written(PAGE.read_text(encoding="utf-8"), folder)


def test_the_page_shows_what_its_commands_print(played: tuple[Path, str]) -> None:
    """Every output on the page is what its command prints today, but for digests and times."""
    assert lasting(PAGE.read_text(encoding="utf-8")) == lasting(played[1])


def test_each_step_leads_to_the_next(played: tuple[Path, str]) -> None:
    """The gate passes, shadow and canary see only what is declared, and the way back is taken."""
    folder, page = played
    assert "gate passed: rides 1.0.0 to 1.0.1" in page
    compared = "comparing; 6 requests compared, values moved: is_night 2\n"
    assert f"shadow of 1.0.1 (candidate): {compared}" in page
    chosen = sum(in_share(f"rider {i}", 0.1) for i in range(5000))
    compared = f"comparing; {chosen} requests compared, values moved: is_night {chosen}\n"
    assert f"canary of 1.0.1 (canary): {compared}" in page
    assert f"{chosen} of 5000 riders have night at 22:00\n" in page
    assert "may run: a hotfix accepts it" in page
    registry = Registry(str(folder / "registry"), public_keys=[str(folder / "team.pem.pub")])
    serving = {name: registry.channel("rides", name).fetch() for name in ("stable", "canary")}
    assert serving["stable"].version == "1.0.0"
    fixed = serving["canary"]
    assert fixed.declaration is not None
    row = {"rider": "bob", "fare": None, "hour": 22}
    assert fixed.declaration.rows_of("is_night", [row, {**row, "hour": 23}]).tolist() == [
        True,
        False,
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), Path(place)), encoding="utf-8")
