"""docs/sdk.md: its code runs against a real service, and it names every knob and every error."""

import dataclasses
import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import featurelib_client
from featurelib_client import errors
from featurelib_client.cli import main
from featurelib_client.settings import Settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sdk.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_code_of_the_page_runs(service: int, capsys: pytest.CaptureFixture[str]) -> None:
    """All Python blocks, in order, in one namespace; with time, for machines stand still."""
    shown: dict[str, Any] = {"__name__": "documented"}
    for code in blocks("python"):
        code = re.sub(r"timeout_s=[0-9.]+", "timeout_s=30", code.replace(":8000", f":{service}"))
        exec(compile(code, "docs/sdk.md", "exec"), shown)
        assert capsys.readouterr().out, code
    assert shown["outcomes"]["ok"] == shown["outcomes"].total() > 0
    shown["client"].close()
    shown["canary"].close()


def test_commands_of_the_page_run(service: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of a shell block ends with status 0 and says something."""
    lines = [line for block in blocks("shell") for line in block.splitlines()]
    assert len(lines) >= 6
    for line in lines:
        program, *arguments = shlex.split(line.replace(":8000", f":{service}"))
        assert (program, main([*arguments, "--timeout-s", "30"])) == ("featurelib-client", 0), line
        assert capsys.readouterr().out, line


def test_the_table_of_knobs_is_complete() -> None:
    """Every knob has a row with its default and a reason, in the order of `Settings`."""
    section = PAGE.partition("## Knobs")[2].partition("\n## ")[0]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines()
            if line.startswith("| `")]  # fmt: skip
    fields = dataclasses.fields(Settings)
    assert [row[:2] for row in rows] == [[f"`{f.name}`", f"`{f.default!r}`"] for f in fields]
    assert all(len(row[2].split()) > 3 for row in rows)


def test_the_tree_of_errors_is_the_real_one() -> None:
    """The page draws the tree of `errors`, whose names and parents are those of the classes."""
    drawn = [line[4:] for line in PAGE.splitlines() if re.match(r" {4}.*(Error\b)", line)]
    drawn = [line for line in drawn if line in (errors.__doc__ or "").splitlines()]
    parents: list[str] = []
    found = {}
    for line in drawn:
        name = re.findall(r"\w+Error", line)[0]
        depth = line.index(name) // 4
        parents[depth:] = [name]
        found[name] = parents[depth - 1] if depth else "Exception"
    public = {n: c for n, c in vars(errors).items() if inspect.isclass(c) and n in errors.__all__}
    assert found == {name: kind.__bases__[0].__name__ for name, kind in public.items()}


def test_names_of_the_page_exist() -> None:
    """What the page imports from the client, and every error that it names, is public."""
    imported = re.findall(r"^from featurelib_client import (.+)$", PAGE, re.M)
    names = {name.strip() for line in imported for name in line.split(",")}
    named = set(re.findall(r"`(\w+(?:Error|Warning))`", PAGE)) - {
        "ValueError", "TimeoutError", "ConnectionError",
    }  # fmt: skip
    assert names | named <= set(featurelib_client.__all__)
