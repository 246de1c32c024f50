"""docs/ci-workflow.md: the shell commands of its workflow, run in a team's repository."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from featurelib.release import Registry, lock
from parity_tests.release.rides import Rides, locked, rides

__all__ = ["locked", "rides"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "ci-workflow.md"
STEP = re.compile(
    r"^ +- name: (?P<name>.*)\n(?: {8}env:\n(?: {10}.*\n)+)? {8}run: (?P<run>.*\n(?: {10}.*\n)*)",
    re.M,
)
GIT = ("git", "-c", "user.name=team", "-c", "user.email=team@example.com")


def steps() -> dict[str, str]:
    """The commands of each step by its name; installing is not ours to test here."""
    (workflow,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    found = {}
    for match in STEP.finditer(workflow):
        text = match["run"]
        found[match["name"]] = textwrap.dedent(text.removeprefix("|\n"))
    assert workflow.count("run:") == len(STEP.findall(workflow))
    del found["install"]
    return found


def run(folder: Path, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A script as the runner starts it."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": paths, "PYTHONPATH": str(ROOT), "ROWS": "60", **settings}
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def test_the_workflow_releases_what_passes(
    rides: Rides, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every step of the page ends well, and then the release is signed and candidate's."""
    folder = rides.root
    rides.edit(("km_of_miles(miles)", "(miles * SCALE)"))  # whoever moves a channel has no such op
    rides.release()
    assert not lock.add(rides.repository).findings
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "rides 1.0.0"]):
        subprocess.run([*GIT, *command], cwd=folder, check=True)
    subprocess.run(
        ["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=folder, check=True
    )
    keys = tmp_path_factory.mktemp("keys")
    made = run(keys, "featurelib keys new team.pem")
    assert made.returncode == 0, made.stderr
    settings = {
        "GITHUB_REF_NAME": "rides-1.0.0", "GITHUB_ACTOR": "ann",
        "FEATURELIB_REGISTRY": str(keys / "registry"),
        "SIGNING_KEY": (keys / "team.pem").read_text(encoding="utf-8").rstrip("\n"),
    }  # fmt: skip
    for name, script in steps().items():
        done = run(folder, script, **settings)
        assert done.returncode == 0, f"{name}\n{done.stdout}{done.stderr}"
    assert not (folder / "key.pem").exists()
    registry = Registry(str(keys / "registry"), public_keys=[str(keys / "team.pem.pub")])
    assert registry.channel("rides", "candidate").fetch().version == "1.0.0"


def test_a_changed_release_is_red(locked: Rides) -> None:
    """The first step fails where a released feature means something else, and says the way out."""
    locked.edit(("return city.is_not_null()", "return city.is_null()"))
    done = run(locked.root, next(iter(steps().values())))
    assert done.returncode == 1
    assert "Hint: make it version 2" in done.stdout
