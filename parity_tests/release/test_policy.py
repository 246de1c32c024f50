"""The version policy: what each kind of version may move, on every combination of changes."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import ReleaseError
from featurelib.release.diff import Difference, compare
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.policy import check
from featurelib.release.versions import Version, kind_of, parse


@dataclass(frozen=True)
class Edits:
    """What somebody did between two versions of a small set."""

    adds: bool = False
    removes: bool = False
    changes: bool = False
    raises: bool = False  # the changed feature got a new version
    moves_layout: bool = False
    new_input: str = "none"  # none, "default" or "required"
    changes_input: bool = False


def made(version: str, edits: Edits = Edits()) -> Bundle:
    """A set of three features, one of them in a tensor, with these edits."""
    a, b = fl.col("a"), fl.col("b")
    grown = a * (2.0 if edits.changes else 1.0)
    features = [
        fl.Feature("same", version=1, expr=a + 1.0),
        fl.Feature("grown", version=1 + edits.raises, expr=grown),
        fl.Feature("other", version=1, expr=b + 1.0),
    ]
    if edits.adds:
        features.append(fl.Feature("more", version=1, expr=a - 1.0))
    if edits.removes:
        del features[2]
    fields = [
        fl.InputSchema.from_fields({"a": float}, name="Row")["a"],
        fl.InputSchema.from_fields({"b": float}, name="Row")["b"],
    ]
    if edits.changes_input:
        limits = replace(fields[1].constraints, ge=0.0)
        fields[1] = replace(fields[1], constraints=limits)
    if edits.new_input != "none":
        more = fl.InputSchema.from_fields({"c": float}, name="Row")["c"]
        fields.append(replace(more, default=0.0) if edits.new_input == "default" else more)
    layout = {"dense": ["same", "grown"][:: -1 if edits.moves_layout else 1]}
    schema = fl.InputSchema("Row", tuple(fields))
    return fl.FeatureSet(
        "small", version=version, inputs=schema, features=features, layout=layout
    ).bind()


def difference(version: str, edits: Edits, rows: int = 0) -> Difference:
    return compare(made("1.0.0"), made(version, edits), rows=rows)


def hotfix(*names: str, to: str = "1.0.1") -> Hotfix:
    schema = made("1.0.0").schema
    return Hotfix("small", "1.0.0", to, "wrong", "on-call", (), schema, {
        name: RowRule("all") for name in names
    })  # fmt: skip


EDITS = st.builds(
    Edits,
    adds=st.booleans(),
    removes=st.booleans(),
    changes=st.booleans(),
    raises=st.booleans(),
    moves_layout=st.booleans(),
    new_input=st.sampled_from(["none", "default", "required"]),
    changes_input=st.booleans(),
)


def allowed(edits: Edits, kind: str, declared: bool) -> bool:
    """The policy in words, by hand."""
    if kind == "major":
        return True
    keeps = not edits.removes and not edits.moves_layout and not edits.changes_input
    if kind == "minor":
        return keeps and not edits.changes and edits.new_input != "required"
    if edits.adds or edits.new_input != "none":
        return False
    return keeps and (not edits.changes or (declared and edits.raises))


@settings(deadline=None, max_examples=150)
@given(EDITS, st.sampled_from(["1.0.1", "1.1.0", "2.0.0"]))
def test_each_kind_of_version_moves_what_it_may(edits: Edits, version: str) -> None:
    """A patch nothing, a minor version nothing but additions, a major version anything."""
    kind = kind_of(parse("1.0.0"), parse(version))
    found = check("1.0.0", version, difference(version, edits))
    assert (not found) == allowed(edits, kind, declared=False), found


@settings(deadline=None, max_examples=60)
@given(EDITS)
def test_a_hotfix_lets_move_what_it_declares(edits: Edits) -> None:
    """A patch with a declaration moves the declared feature, with a new version, and no other."""
    found = check("1.0.0", "1.0.1", difference("1.0.1", edits), hotfix("grown"))
    if edits.changes:
        assert (not found) == allowed(edits, "patch", declared=True), found
    else:
        assert any("the hotfix declares it, and it is same" in f.what for f in found)


def test_a_finding_says_feature_move_and_way_out() -> None:
    """Which feature, how many rows, and the version that would be right."""
    (found,) = check("1.0.0", "1.0.1", difference("1.0.1", Edits(changes=True), rows=50))
    assert found.subject == "feature grown"
    assert "of 50 rows moved, and a patch version moves no value" in found.what
    assert "release 2.0.0" in found.way_out and "[features.grown]" in found.way_out


def test_a_patch_may_not_change_a_fingerprint() -> None:
    """Values that move in none of the rows may move in another, and models ask for fingerprints."""
    (found,) = check("1.0.0", "1.0.1", difference("1.0.1", Edits(changes=True), rows=0))
    assert "its fingerprint changed" in found.what


def test_a_hotfix_is_a_patch() -> None:
    """With a minor or major version a declaration is refused."""
    for version in ("1.1.0", "2.0.0"):
        edits = Edits(changes=True, raises=True)
        found = check("1.0.0", version, difference(version, edits), hotfix("grown"))
        assert any("a hotfix is a patch" in f.what for f in found)


def test_a_hotfix_of_another_release_is_found() -> None:
    """`set`, `from` and `to` are those of the release."""
    edits = Edits(changes=True, raises=True)
    found = check("1.0.0", "1.0.1", difference("1.0.1", edits), hotfix("grown", to="1.0.2"))
    assert any("the release is of small, from 1.0.0 to 1.0.1" in f.what for f in found)


def test_same_fingerprint_and_other_values_is_found_in_every_kind_of_version() -> None:
    """If an op gives other values under its old hash, no version makes that right."""
    moved = difference("2.0.0", Edits(changes=True), rows=20)
    change = replace(moved.features["grown"], status="same")
    lied = replace(moved, features={**moved.features, "grown": change})
    (found,) = check("1.0.0", "2.0.0", lied)
    assert "its fingerprint is the same" in found.what


@pytest.mark.parametrize("version", ["1.0.0", "0.9.9", "0.10.0"])
def test_a_version_rises(version: str) -> None:
    """The same version, or one before, is no release."""
    (found,) = check("1.0.0", version, difference("1.0.1", Edits()))
    assert found.what == "it does not come after 1.0.0"
    assert found.way_out == "release it as 1.0.1, 1.1.0 or 2.0.0"


@pytest.mark.parametrize(
    "text", ["1.0", "1.0.0.0", "01.0.0", "1.0.-1", "1.0.0-rc1", "v1.0.0", "1.0.٣", " 1.0.0", "", 1]
)
def test_versions_are_read_strictly(text) -> None:
    """Three whole numbers, and nothing else."""
    with pytest.raises(ReleaseError, match=r"major\.minor\.patch"):
        parse(text)


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=2, max_size=2))
def test_versions_are_ordered_as_numbers(pair) -> None:
    """1.10.0 comes after 1.9.0; a text is read back as it was."""
    a, b = (parse(".".join(map(str, numbers))) for numbers in pair)
    assert (a < b) == (pair[0] < pair[1])
    assert parse(str(a)) == a == Version(*pair[0])
    assert all(a < a.next(kind) for kind in ("patch", "minor", "major"))
