"""Generated files are what the registry says, and recorded hashes cannot outlive their sources."""

import ast
import importlib
import types
from pathlib import Path

import pytest

from featurelib import body_hash, op_hashes
from featurelib.body_hash import hash_anew, op_hash
from featurelib.generate.__main__ import main
from featurelib.generate.files import ROOT, generated_files
from featurelib.generate.methods import all_methods
from featurelib.op import Nulls, Op, get_op
from featurelib.op_hashes import PACKAGE, SOURCES, recorded_hashes, sources_digest
from parity_tests.registry import every_op

GENERATED = generated_files()
CONSTANTS = (bool, int, float, str, bytes, tuple)


@pytest.mark.parametrize("path", GENERATED, ids=lambda p: str(p.relative_to(ROOT)))
def test_generated_files_are_current(path: Path) -> None:
    """The file is what `make generate` would write."""
    assert path.exists() and path.read_text(encoding="utf-8") == GENERATED[path], (
        f"{path.relative_to(ROOT)} is stale: run `make generate`"
    )


def test_the_check_finds_a_stale_file(monkeypatch, capsys) -> None:
    """`--check` ends with status 1, names the file, and writes nothing."""
    stale = {path: f"{text}\n" for path, text in list(GENERATED.items())[:1]}
    path = next(iter(stale))
    before = path.read_bytes()
    monkeypatch.setattr("featurelib.generate.__main__.generated_files", lambda: stale)
    assert main(["--check"]) == 1
    assert f"{path.relative_to(ROOT)} is stale" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_every_method_has_a_docstring() -> None:
    """What an editor shows for a method is never empty."""
    assert not [m.name for m in all_methods() if not m.doc.strip()]


def test_recorded_hashes_are_used() -> None:
    """The hash of an op of ours is the recorded one, and a recomputation gives the same."""
    recorded = recorded_hashes()
    op = get_op("log1p")
    assert recorded[op.key] == op_hash(op) == hash_anew(op)


def test_changed_sources_make_recorded_hashes_void(monkeypatch) -> None:
    """After any edit of a source that a hash depends on, no recorded hash counts."""
    monkeypatch.setattr(op_hashes, "sources_digest", lambda: "0" * 64)
    assert recorded_hashes.__wrapped__() == {}


def test_a_missing_file_of_hashes_is_no_error(monkeypatch, tmp_path) -> None:
    """Without the file every op is hashed anew."""
    monkeypatch.setattr(op_hashes, "FILE", tmp_path / "none.json")
    assert recorded_hashes.__wrapped__() == {}


def test_the_digest_is_over_contents_and_names(monkeypatch, tmp_path) -> None:
    """Another byte or another file name among the sources gives another digest."""
    for name in SOURCES:
        if not name.endswith(".py"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "family.py").write_text("A = 1\n")
        else:
            (tmp_path / name).write_text("B = 2\n")
    monkeypatch.setattr(op_hashes, "PACKAGE", tmp_path)
    digests = [sources_digest()]
    (tmp_path / "ops" / "family.py").write_text("A = 3\n")
    digests.append(sources_digest())
    (tmp_path / "ops" / "family.py").rename(tmp_path / "ops" / "other.py")
    digests.append(sources_digest())
    assert len(set(digests)) == 3


def test_an_op_from_elsewhere_is_hashed_anew(monkeypatch) -> None:
    """An op with our name and version but another body never gets the recorded hash."""

    def log1p(x: float) -> float:
        return x

    body = get_op("log1p").bodies[0]
    fake = Op("log1p", 1, Nulls.PROPAGATE, [type(body)(log1p, body.args, (), body.result, False)])
    monkeypatch.setattr(body_hash, "recorded_hashes", lambda: {"log1p@1": "recorded"})
    assert op_hash(fake) == hash_anew(fake) != "recorded"


def _reached(fn, seen: dict) -> dict:
    """Functions that a body reaches, itself included."""
    if fn not in seen:
        seen[fn] = {n: fn.__globals__[n] for n in fn.__code__.co_names if n in fn.__globals__}
        for value in seen[fn].values():
            for body in [b.fn for b in value.bodies] if isinstance(value, Op) else [value]:
                if isinstance(body, types.FunctionType):
                    _reached(body, seen)
    return seen


def test_what_bodies_reach_stands_in_digested_sources() -> None:
    """Each function that a body reaches, and each constant that it imports, is under the digest."""
    covered = tuple(str(PACKAGE / name) for name in SOURCES)
    functions: dict = {}
    for op in every_op():
        for body in op.bodies:
            _reached(body.fn, functions)
    outside = {fn.__code__.co_filename for fn in functions}
    for fn, names in functions.items():
        tree = ast.parse(Path(fn.__code__.co_filename).read_text(encoding="utf-8"))
        constants = {n for n, value in names.items() if type(value) in CONSTANTS}
        for statement in (s for s in tree.body if isinstance(s, ast.ImportFrom) and s.module):
            if constants & {alias.asname or alias.name for alias in statement.names}:
                outside.add(str(importlib.import_module(statement.module).__file__))
    outside = {file for file in outside if not file.startswith(covered)}
    assert not outside, f"add these to op_hashes.SOURCES: {outside}"
