"""The store of model artifacts: content, names, and whatever may be wrong with a file."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib import digest_file
from serving_example.artifacts import (
    ArtifactError,
    ArtifactStore,
    Manifest,
    ModelArtifact,
    ModelCard,
    UnknownModelError,
)
from serving_example.artifacts.store import CARD, MANIFEST, WEIGHTS


class Row(fl.Schema):
    x: float


def inputs() -> fl.ModelInputs:
    feature = fl.Feature("half", version=1, expr=(fl.col("x") / 2).cast(fl.Float32))
    made = fl.FeatureSet(
        "s", version="1.0.0", inputs=Row, features=[feature], layout={"dense": ["half"]}
    )
    return fl.ModelInputs.of(made.bind())


INPUTS = inputs()


def artifact(weights: bytes = b"weights", **changes: object) -> ModelArtifact:
    card = {
        "name": "m", "kind": "ranker", "config": {"hidden": [8, 4], "knows_user": True},
        "inputs": INPUTS, "ladder": (128, 256), "metrics": {"ndcg_at_10": 0.1},
        "made": {"torch": "2.13.0"}, "bundle": "0" * 64,
    }  # fmt: skip
    return ModelArtifact(weights, ModelCard(**{**card, **changes}))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_what_was_put_comes_back(store: ArtifactStore) -> None:
    """The digest gives the same weights and the same card."""
    digest = store.put(artifact())
    assert store.get(digest) == artifact() and store.digests() == [digest]
    assert digest == artifact().digest and len(digest) == 64


def test_the_same_content_is_stored_once(store: ArtifactStore) -> None:
    """Putting it again gives the same digest and leaves the files as they were."""
    digest = store.put(artifact())
    before = (store.folder / digest / WEIGHTS).stat().st_mtime_ns
    assert store.put(artifact()) == digest
    assert (store.folder / digest / WEIGHTS).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "other",
    [
        artifact(b"weightz"), artifact(name="n"), artifact(kind="towers"), artifact(ladder=(128,)),
        artifact(metrics={"ndcg_at_10": 0.2}), artifact(config={}), artifact(bundle="1" * 64),
    ],
)  # fmt: skip
def test_whatever_differs_has_another_digest(other: ModelArtifact) -> None:
    """The digest is over the weights and all of the card."""
    assert other.digest != artifact().digest


@given(
    st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False)),
    st.lists(st.integers(1, 2**20), min_size=1, unique=True).map(sorted),
)
@settings(max_examples=50)
def test_a_card_is_read_as_it_was_written(metrics: dict[str, float], ladder: list[int]) -> None:
    """Floats keep their bits, and one card has one text."""
    card = artifact(metrics=metrics, ladder=tuple(ladder)).card
    again = ModelCard.from_bytes(card.to_bytes())
    assert again == card and again.to_bytes() == card.to_bytes()


def test_a_float_in_a_configuration_is_refused() -> None:
    """A configuration has one text, so no number with a fraction stands in it."""
    with pytest.raises(TypeError, match="canonical JSON has no float"):
        artifact(config={"rate": 0.1}).card.to_bytes()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
@pytest.mark.parametrize(
    "harm, message",
    [(_cut, "altered or cut off"), (_flip, "altered or cut off"), (Path.unlink, "artifact has no")],
)
def test_a_torn_artifact_is_refused(
    store: ArtifactStore, name: str, harm: Callable[[Path], None], message: str
) -> None:
    """A file that is cut off, altered or gone is named with its folder; nothing is published."""
    digest = store.put(artifact())
    harm(store.folder / digest / name)
    for use in (store.get, lambda d: store.publish({"m": d}), lambda d: store.put(artifact())):
        with pytest.raises(ArtifactError, match=message) as caught:
            use(digest)
        assert str(store.folder / digest) in str(caught.value) and caught.value.hint
    assert store.manifest() == Manifest()


@pytest.mark.parametrize(
    "digest", ["0" * 64, "0" * 63, "A" * 64, "../" + "0" * 61, "", "manifest.json"]
)
def test_an_unknown_digest_is_refused(store: ArtifactStore, digest: str) -> None:
    """Nothing but the digest of a stored artifact is looked for."""
    store.put(artifact())
    with pytest.raises(UnknownModelError):
        store.get(digest)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda c: c.update(format=2), "format 2, this one reads up to 1"),
        (lambda c: c.update(extra=1), "unknown field `extra`"),
        (lambda c: c.pop("ladder"), "missing required field `ladder`"),
        (lambda c: c.update(kind="forest"), "Invalid enum value 'forest'"),
        (lambda c: c.update(ladder=[256, 128]), "ascending sizes above 0"),
        (lambda c: c.update(ladder=[]), "ascending sizes above 0"),
        (lambda c: c.update(metrics={"a": 0.5}), "expected the 16 hex digits of a float"),
        (lambda c: c["inputs"].update(format=9), "pip install -U featurelib"),
    ],
)
def test_a_foreign_card_is_refused(
    change: Callable[[dict[str, object]], object], message: str
) -> None:
    """A card of a newer format, with other fields or of another kind is refused with the reason."""
    content = json.loads(artifact().card.to_bytes())
    change(content)
    data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(ArtifactError) as caught:
        ModelCard.from_bytes(data, "the card")
    assert message in str(caught.value) and "the card" in str(caught.value)


@given(st.binary(max_size=40))
def test_no_bytes_are_taken_for_a_card_or_a_manifest(data: bytes) -> None:
    """Whatever is not one is refused by name, and by no other error."""
    for read in (ModelCard.from_bytes, Manifest.from_bytes):
        with pytest.raises(ArtifactError):
            read(data)


def test_names_move_all_at_once(store: ArtifactStore) -> None:
    """What is published moves, the rest stays, each change is a revision."""
    one, two = store.put(artifact(b"1")), store.put(artifact(b"2"))
    assert store.publish({"a": one, "b": one}) == Manifest({"a": one, "b": one}, 1)
    assert store.publish({"b": two}) == Manifest({"a": one, "b": two}, 2)
    assert store.publish({"c": two}, withdraw=["a"]) == Manifest({"b": two, "c": two}, 3)
    assert store.manifest() == Manifest({"b": two, "c": two}, 3)
    assert store.digest("b") == two
    with pytest.raises(UnknownModelError, match="no model is named 'a'; there are: b, c"):
        store.digest("a")


def test_a_name_of_nothing_is_not_published(store: ArtifactStore) -> None:
    """If one digest is not stored, no name has moved."""
    one = store.put(artifact())
    with pytest.raises(UnknownModelError, match="there is no artifact"):
        store.publish({"a": one, "b": "0" * 64})
    assert store.manifest() == Manifest()


@pytest.mark.parametrize("harm", [_cut, _flip])
def test_a_torn_manifest_is_refused_and_can_be_made_again(
    store: ArtifactStore, harm: Callable[[Path], None]
) -> None:
    """A manifest with another digest is not read; without it artifacts are published again."""
    digest = store.put(artifact())
    store.publish({"a": digest})
    harm(store.folder / MANIFEST)
    with pytest.raises(ArtifactError, match=r"manifest was altered or cut off\nHint: remove it"):
        store.manifest()
    (store.folder / MANIFEST).unlink()
    assert store.publish({"a": digest}).names == {"a": digest}


def test_a_manifest_of_a_newer_format_is_refused() -> None:
    """It is not guessed what a newer one means, nor taken what names no digest."""
    for content, message in (
        ({"format": 2, "names": {}, "revision": 0}, "format 2, this one reads up to 1"),
        ({"format": 1, "names": {"a": "../x"}, "revision": 0}, "not as it is written here"),
        ({"format": 1, "names": {}, "revision": "3"}, "not as it is written here"),
        ({"format": 1, "names": {}, "revision": True}, "not as it is written here"),
        ({"format": 1, "names": {}, "revision": -1}, "not as it is written here"),
    ):
        with pytest.raises(ArtifactError, match=message):
            Manifest.from_bytes(digest_file.with_digest(content))


def test_what_a_dead_writer_left_is_removed_and_never_read(store: ArtifactStore) -> None:
    """A folder that was not renamed is no artifact; the next writer clears it away."""
    digest = store.put(artifact())
    left = store.folder / ".partial-x"
    shutil.copytree(store.folder / digest, left)
    (store.folder / f".{MANIFEST}.y").write_bytes(b"{")
    assert store.digests() == [digest] and store.manifest() == Manifest()
    store.publish({"a": digest})
    assert sorted(p.name for p in store.folder.iterdir()) == sorted([".lock", digest, MANIFEST])


def _write_many(folder: Path, first: int) -> None:
    store = ArtifactStore(folder)
    for i in range(first, first + 20):
        store.publish({f"name-{i}": store.put(artifact(str(i % 7).encode()))})


def test_writers_lose_nothing_of_each_other(store: ArtifactStore) -> None:
    """Two processes put and publish at once: every name of both is there, every artifact whole."""
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=_write_many, args=(store.folder, n)) for n in (0, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    manifest = store.manifest()
    assert manifest.revision == 40 and len(manifest.names) == 40
    assert len({store.get(d).weights for d in manifest.names.values()}) == 7 == len(store.digests())
