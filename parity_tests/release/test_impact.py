"""`impact` finds what reads a change by fingerprints, and says what each model may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib.cli import main
from featurelib.errors import LayoutMismatchError
from featurelib.release import Registry
from featurelib.release.changed import changed_between, named
from featurelib.release.consumers import Consumers, find_consumers
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.hotfix_models import Link, check_model
from featurelib.release.impact import impact
from featurelib.release.signing import new_key, read_private_key
from parity_tests.live.versions import recorded
from parity_tests.release.diff_cases import feature, make

x, y = fl.col("x"), fl.col("y").fill_null(0.0)
LAYOUT = {"dense": ["a", "b"]}


def old_features() -> list[fl.Feature]:
    return [feature("a", x * 2.0), feature("b", y), feature("c", x * 2.0 + 1.0)]


def old() -> fl.Bundle:
    return make(*old_features(), layout=LAYOUT)


def changed_features() -> list[fl.Feature]:
    return [feature("a", x * 3.0, 2), feature("b", y), feature("c", x * 2.0 + 1.0)]


def changed_a(layout: Any = LAYOUT) -> fl.Bundle:
    return make(*changed_features(), layout=layout, version="1.0.1")


def verdicts(new: fl.Bundle, **models: fl.ModelInputs) -> dict[str, str]:
    found = impact(old(), changed_between(old(), new), Consumers(models=dict(models)), new)
    return {m.path: m.verdict for m in found.models}


def test_models_are_told_apart() -> None:
    """Equal fingerprints run; another fingerprint needs `accepts`; other tensors a training."""
    reads_both = fl.ModelInputs.of(old())
    stranger = fl.ModelInputs.of(make(feature("a", x * 9.0), feature("b", y), layout=LAYOUT))
    assert verdicts(old(), both=reads_both) == {"both": "runs"}
    assert verdicts(changed_a(), both=reads_both, stranger=stranger) == {
        "both": "accepts",
        "stranger": "other",
    }
    assert verdicts(changed_a({"dense": ["b", "a"]}), both=reads_both) == {"both": "retrain"}


@given(
    st.sampled_from([old, changed_a, lambda: changed_a({"dense": ["b", "a"]})]),
    st.sampled_from(["ab", "ba", "a", "c"]),
    st.sampled_from(["none", "another", "accepts"]),
)
@settings(max_examples=20, deadline=None)
def test_a_model_may_run_if_and_only_if_a_service_would_take_it(
    new: Any, members: str, word: str
) -> None:
    """Whatever the fix and the model: impact and `check_model`, which services ask, are one."""
    trained = make(*old_features(), layout={"dense": list(members)})
    model, made = fl.ModelInputs.of(trained), new()
    named_ones = {"accepts": (model.fingerprint,), "another": ("00" * 32,)}.get(word)
    hotfix = None
    if named_ones is not None:
        rows = {"a": RowRule("all")}
        hotfix = Hotfix("pairs", "1.0.0", "1.0.1", "why", "who", named_ones, made.schema, rows)
    found = impact(
        old(), changed_between(old(), made), Consumers(models={"m": model}), made, hotfix
    )
    may_run = found.models[0].verdict in ("runs", "accepted")
    try:
        check_model(model, Link(made, hotfix, is_signed=True))
        assert may_run
    except LayoutMismatchError:
        assert not may_run


@given(st.permutations("abc"), st.integers(1, 3), st.sampled_from("abc"))
@settings(max_examples=20, deadline=None)
def test_a_model_is_concerned_if_and_only_if_it_reads_the_feature(
    names: list[str], size: int, changes: str
) -> None:
    """Before there is a new bundle: by name of the feature, for any members of a model."""
    exprs = {"a": x * 2.0, "b": y, "c": x.abs()}
    bundle = make(*(feature(n, e) for n, e in exprs.items()), layout={"dense": names[:size]})
    models = {"model": fl.ModelInputs.of(bundle)}
    found = impact(bundle, named(bundle, [changes]), Consumers(models=models))
    (model,) = found.models
    assert model.verdict == ("accepts" if changes in names[:size] else "runs")


def test_features_are_known_by_fingerprint_in_other_sets() -> None:
    """Another name of the same computation is found, and what computes on it."""
    other = make(feature("doubled", x * 2.0), feature("more", (x * 2.0).abs()), feature("b", y))
    found = impact(old(), named(old(), ["a"]), Consumers(bundles={"other.json": other}))
    assert found.sets[0].features == {"doubled": ("feature `a`",), "more": ("feature `a`",)}
    assert found.within == {"c": ("feature `a`",)}


def test_ops_and_inputs_are_found_too() -> None:
    """By the version of the op, and by type, nullability and default of the input."""
    other = make(feature("shift", x + 1.0), feature("b", y))
    consumers = Consumers(bundles={"other.json": other})
    changed = named(old(), [], ["add@1"], ["y"])
    found = impact(old(), changed, consumers)
    assert found.sets[0].features == {"shift": ("op `add@1`",), "b": ("input `y`",)}
    integers = fl.InputSchema.from_fields({"x": float, "y": int | None})
    others = {"other.json": make(feature("b", fl.col("y")), inputs=integers)}
    assert not impact(old(), named(old(), [], [], ["y"]), Consumers(bundles=others)).sets


def test_what_changed_between_two_bundles() -> None:
    """Features with another fingerprint or none, ops that are given up, inputs that differ."""
    inputs = fl.InputSchema.from_fields({"x": float, "y": (float, 0.0)})
    new = make(feature("a", x * 2.0), feature("b", fl.col("y")), inputs=inputs)
    changed = changed_between(old(), new)
    assert [(c.kind, c.name) for c in changed] == [
        ("feature", "b"), ("feature", "c"), ("op", "add@1"), ("op", "fill_null@1"), ("input", "y"),
    ]  # fmt: skip


def test_folders_are_searched(tmp_path: Path) -> None:
    """Models and bundles in folders below are found; other JSON is passed over, damage is told."""
    (tmp_path / "deep").mkdir()
    model = fl.ModelInputs.of(old())
    model.save(tmp_path / "deep" / "delay.inputs.json")
    old().save(tmp_path / "set.json")
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    cut = (tmp_path / "set.json").read_bytes()[:-40]
    (tmp_path / "cut.json").write_bytes(cut)
    found = find_consumers([tmp_path], [tmp_path])
    assert {Path(p).name for p in found.models} == {"delay.inputs.json"}
    assert {Path(p).name for p in found.bundles} == {"set.json"}
    assert [Path(p).name for p in found.unread] == ["cut.json"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two bundles and a model."""
    monkeypatch.chdir(tmp_path)
    old().save("old.json")
    changed_a().save("new.json")
    fl.ModelInputs.of(old()).save("delay.inputs.json")
    return tmp_path


def test_the_command_says_who_is_concerned(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 60 columns, with the fingerprint that a hotfix names; and as JSON with the same keys."""
    monkeypatch.setenv("COLUMNS", "60")
    argv = ["impact", "old.json", "new.json", "--models", ".", "--sets", "."]
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert all(len(s) <= 60 or " " not in s.strip() for s in shown.splitlines())
    model = fl.ModelInputs.of(old())
    assert "only where a hotfix accepts it" in shown and model.fingerprint in shown
    assert main([*argv, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert set(made) == {
        "format", "source", "changed", "within", "models", "sets", "looked_at", "unread",
    }  # fmt: skip
    assert made["models"][0]["verdict"] == "accepts"
    assert made["models"][0]["fingerprint"] == model.fingerprint
    assert [c["name"] for c in made["changed"]] == ["a"]
    assert made["looked_at"] == {"models": 1, "bundles": 2} and made["sets"] == []


def test_a_hotfix_accepts_models(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that its declaration names may run; one that it does not name may not."""
    model = fl.ModelInputs.of(old())
    fl.ModelInputs.of(make(feature("a", x * 2.0), layout={"dense": ["a"]})).save("a.inputs.json")
    for accepts, verdict in (([model.fingerprint], "accepted"), ([], "accepts")):
        Path("hotfix.toml").write_text(
            'set = "pairs"\nfrom = "1.0.0"\nto = "1.0.1"\nreason = "twice is too little"\n'
            f'approved_by = "a review"\naccepts = {json.dumps(accepts)}\n'
            '[features.a]\nrows = "all"\n',
            encoding="utf-8",
        )
        argv = ["impact", "old.json", "new.json", "--hotfix", "hotfix.toml", "--models", "."]
        assert main([*argv, "--json"]) == 0
        found = {m["path"]: m["verdict"] for m in json.loads(capsys.readouterr().out)["models"]}
        assert found == {"a.inputs.json": "other", "delay.inputs.json": verdict}


def test_a_history_of_hotfixes_is_followed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the registry: a model that a signed hotfix accepted may run on what follows it."""
    model = fl.ModelInputs.of(old())
    rows = {"a": RowRule("all")}
    fix = Hotfix("pairs", "1.0.0", "1.0.1", "why", "who", (model.fingerprint,), old().schema, rows)
    minor = make(*changed_features(), feature("d", x), layout=LAYOUT, version="1.1.0")
    minor.save("minor.json")
    private, public = new_key("team.pem")
    registry, key = Registry("registry", public_keys=[public]), read_private_key(private)
    for bundle, declaration in ((old(), None), (changed_a(), fix)):
        golden = recorded(bundle, [{"x": 1.0, "y": None}])
        registry.release(bundle, golden, declaration=declaration, key=key)
    argv = ["impact", "new.json", "minor.json", "--models", "delay.inputs.json", "--json"]

    def told(*more: str) -> tuple[str, list[str]]:
        assert main([*argv, *more]) == 0
        (found,) = json.loads(capsys.readouterr().out)["models"]
        return found["verdict"], found["reasons"]

    of_registry = ["--registry", "registry", "--public-key", str(public)]
    assert told()[0] == "other"  # nobody knows of the hotfix
    assert told(*of_registry)[0] == "accepted"
    verdict, reasons = told("--registry", "registry")  # no key, so no signature
    assert verdict == "other" and "no signature says so" in reasons[-1]
    Path("registry/releases/pairs/1.0.1/declaration.json").write_text("{}", encoding="utf-8")
    assert main([*argv, *of_registry]) == 1
    assert "1.0.1/declaration.json was altered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["old.json"], 2, "expected either NEW, or names"),
        (["old.json", "new.json", "--features", "a"], 2, "expected either NEW, or names"),
        (["old.json", "--features", "aa"], 1, "no feature `aa`\nHint: did you mean a?"),
        (["old.json", "--features", "a", "--hotfix", "x"], 2, "--hotfix goes with NEW"),
        (["old.json", "--features", "a,,b"], 2, "expected names like a,b"),
        (["old.json", "--ops", "zz"], 1, "no op `zz`\nHint: there are add@1, fill_null@1, mul@1"),
        (["old.json", "--features", "a", "--models", "no"], 1, "no: there is no such file"),
        (["old.json", "--features", "a", "--models", "new.json"], 1, "new.json: "),
    ],
)
def test_what_cannot_be_looked_up_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, said: str
) -> None:
    """The message says the way out."""
    assert main(["impact", *argv]) == status
    assert said in capsys.readouterr().err
