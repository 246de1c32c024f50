"""release, promote, rollback, status, history and keys, as a user runs them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from featurelib.cli import main
from featurelib.release import Registry
from parity_tests.release.small_releases import STEP, bundle_of, golden_of, material


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with three bundles and their golden rows, and a registry by default."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATURELIB_REGISTRY", str(tmp_path / "registry"))
    for version, factor in (("1.0.0", 1.0), ("1.1.0", 1.5), ("2.0.0", 2.0)):
        bundle, golden = material(version, factor=factor)
        bundle.save(f"rides-{version}.json")
        folder = tmp_path / "golden_data/features/rides" / version
        folder.mkdir(parents=True)
        (folder / "features.jsonl").write_bytes(golden)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What a command that succeeds prints."""
    status = main(argv)
    out, err = capsys.readouterr()
    assert (status, err) == (0, ""), err
    return out


def refused(capsys: pytest.CaptureFixture[str], status: int, *argv: str) -> str:
    """What a command says that fails with this status."""
    assert main(argv) == status
    return capsys.readouterr().err


def asked(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    """What a command prints for machines."""
    return json.loads(run(capsys, *argv, "--json"))


def test_a_hotfix_comes_and_goes(capsys: pytest.CaptureFixture[str]) -> None:
    """Released, promoted, looked at, rolled back: each step says what it did, in one line."""
    for version in ("1.0.0", "1.1.0"):
        shown = run(capsys, "release", f"rides-{version}.json")
        assert f"rides {version} is released in" in shown
        assert f"promote rides {version} --channel candidate" in shown
    stable = ("--channel", "stable")
    assert "moved to 1.0.0 (record 1)" in run(capsys, "promote", "rides", "1.0.0", *stable)
    shown = run(capsys, "promote", "rides", "1.1.0", *stable, "--why", "a better factor")
    assert shown == "rides/stable moved from 1.0.0 to 1.1.0 (record 2)\n"
    assert "points already to" in run(capsys, "promote", "rides", "1.1.0", *stable)
    shown = run(capsys, "rollback", "rides", *stable, "--why", "a worse factor")
    assert shown == "rides/stable moved back from 1.1.0 to 1.0.0 (record 3)\n"
    lines = run(capsys, "history", "rides", *stable).splitlines()
    assert [line.split()[0] for line in lines if line[2:3] != " "] == ["rides/stable", *"321"]
    assert "a worse factor" in " ".join(lines)
    assert "released 1.1.0, 1.0.0" in run(capsys, "status")


def test_machines_read_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command has --json, with versions, digests and record numbers."""
    made = [asked(capsys, "release", f"rides-{v}.json") for v in ("1.0.0", "1.1.0")]
    assert [m["previous"] for m in made] == [None, "1.0.0"]
    stable = ("rides", "--channel", "stable")
    first = asked(capsys, "promote", "rides", "1.0.0", "--channel", "stable", "--by", "me")
    assert (first["number"], first["by"], first["is_new"]) == (1, "me", True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["at"])
    assert first["release"] == made[0]["release"]
    assert not asked(capsys, "promote", "rides", "1.0.0", "--channel", "stable")["is_new"]
    asked(capsys, "promote", "rides", "1.1.0", "--channel", "stable", "--after", "1")
    back = asked(capsys, "rollback", *stable)
    assert (back["version"], back["restores"], back["previous"]["version"]) == ("1.0.0", 1, "1.1.0")
    assert [r["number"] for r in asked(capsys, "history", *stable)] == [3, 2, 1]
    channel = asked(capsys, "status", "rides")["sets"]["rides"]["channels"]["stable"]
    assert (channel["record"]["number"], channel["refused"]) == (3, None)


def test_a_hotfix_file_becomes_the_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    """`--hotfix` reads hotfix.toml against the release before, and says so."""
    bundle = bundle_of("1.0.1", factor=3.0, feature_version=2)
    bundle.save("fixed.json")
    Path("rows.jsonl").write_bytes(golden_of(bundle))
    head = 'set = "rides"\nfrom = "1.0.0"\nto = "1.0.1"\nreason = "wrong"\napproved_by = "a test"\n'
    rule = '[features.scaled]\nrows = "miles > 2.0"\n'
    Path("hotfix.toml").write_text(head + "accepts = []\n" + rule)
    argv = ("release", "fixed.json", "--golden", "rows.jsonl", "--hotfix", "hotfix.toml")
    Path("registry").mkdir()
    assert "no release before it" in refused(capsys, 2, *argv)
    run(capsys, "release", "rides-1.0.0.json")
    assert "1.0.0, as a declared hotfix" in run(capsys, *argv)
    assert asked(capsys, *argv)["is_hotfix"]
    declared = Registry("registry").fetch("rides", "1.0.1").declaration
    assert declared is not None
    assert declared.rows["scaled"].text == "miles > 2.0"
    Path("hotfix.toml").write_text(head + "accepts = []\n")
    assert "names no feature" in refused(capsys, 1, *argv)


def test_keys_are_made_shown_and_trusted(capsys: pytest.CaptureFixture[str]) -> None:
    """A key is made, the registry trusts it, and an unsigned release is refused from then on."""
    key = asked(capsys, "keys", "new", "team.pem")
    assert asked(capsys, "keys", "show", "team.pem") == asked(capsys, "keys", "show", key["public"])
    assert key["id"] in run(capsys, "keys", "trust", "team.pem.pub")
    assert "not signed" in refused(capsys, 1, "release", "rides-1.0.0.json")
    run(capsys, "release", "rides-1.0.0.json", "--key", "team.pem")
    run(capsys, "promote", "rides", "1.0.0", "--channel", "stable")
    assert f"signed by {key['id'][:16]}" in " ".join(run(capsys, "status").split())
    run(capsys, "keys", "new", "other.pem")
    argv = ("status", "--public-key", "other.pem.pub")
    assert main(argv) == 1
    assert "REFUSED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (
            ["promote", "rides", "9.0.0", "--channel", "stable"],
            1,
            "released versions of rides: 1.0",
        ),
        (["promote", "../rides", "1.0.0", "--channel", "stable"], 1, "cannot be the name"),
        (["promote", "rides", "one", "--channel", "stable"], 1, "expected a version"),
        (["promote", "rides", "1.0.0"], 2, "--channel"),
        (["promote", "rides", "1.0.0", "--channel", "a", "--after", "3"], 1, "is at record 0"),
        (["rollback", "rides", "--channel", "stable"], 1, "it has no record"),
        (["status", "bikes"], 1, "its sets: rides"),
        (["status", "--registry", "nowhere"], 1, "no such directory"),
        (["status", "--public-key", "none.pem"], 1, "No such file"),
        (["release", "rides-1.1.0.json", "--golden", "none.jsonl"], 2, "golden record"),
        (["release", "rides-1.1.0.json", "--key", "rides-1.0.0.json"], 1, "mode 0600"),
        (["release", "none.json"], 1, "No such file"),
        (["keys"], 2, "ACTION"),
        (["keys", "show", "rides-1.0.0.json"], 1, "no public key in PEM"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_asked_wrongly_says_the_way_out(
    capsys: pytest.CaptureFixture[str], argv: list[str], status: int, said: str
) -> None:
    """One clean message, with the status of every command."""
    run(capsys, "release", "rides-1.0.0.json")
    shown = refused(capsys, status, *argv)
    assert said in shown
    assert "Traceback" not in shown


def test_no_registry_is_a_wrong_question(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --registry and the variable the way out names both."""
    monkeypatch.delenv("FEATURELIB_REGISTRY")
    assert "--registry R, or set FEATURELIB_REGISTRY" in refused(capsys, 2, "status")


@pytest.mark.parametrize("columns", [60, 120])
def test_lines_fit_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Tables wrap at the terminal's width; nothing is cut off."""
    monkeypatch.setenv("COLUMNS", str(columns))
    registry = Registry("registry")
    registry.release(*material("1.0.0"))
    why = "the factor was measured again on the rides of the whole last year and is larger now"
    registry.channel("rides", "candidate").promote("1.0.0", **STEP, why=why)
    for argv in (["status"], ["history", "rides", "--channel", "candidate"]):
        shown = run(capsys, *argv)
        assert max(map(len, shown.splitlines())) <= columns
        assert why in " ".join(shown.split())
    for command in ("release", "promote", "rollback", "status", "history", "keys"):
        shown = run(capsys, command, "--help")
        assert max(map(len, shown.splitlines())) <= columns


def test_a_torn_record_shows_in_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 1, the record is named with the way out, and a promotion goes on after it."""
    registry = Registry("registry")
    registry.release(*material("1.0.0"))
    registry.channel("rides", "stable").promote("1.0.0", **STEP)
    Path("registry/channels/rides/stable/000002.json").write_bytes(b"")
    assert main(["history", "rides", "--channel", "stable"]) == 1
    assert "CANNOT BE READ" in capsys.readouterr().out
    assert main(["status"]) == 1
    assert "REFUSED" in capsys.readouterr().out
    run(capsys, "promote", "rides", "1.0.0", "--channel", "stable")
    assert run(capsys, "status").count("record 3") == 1


def test_golden_rows_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """`--golden` takes another file; rows of another bundle are refused."""
    Path("rows.jsonl").write_bytes(golden_of(material("1.0.0")[0]))
    run(capsys, "release", "rides-1.0.0.json", "--golden", "rows.jsonl")
    shown = refused(capsys, 1, "release", "rides-1.1.0.json", "--golden", "rows.jsonl")
    assert "golden rows: expected values of rides 1.1.0" in shown
