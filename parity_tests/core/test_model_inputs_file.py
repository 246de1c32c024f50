"""Files of a model's inputs: whole and unaltered, or refused."""

from __future__ import annotations

import contextlib
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.digest_file import with_digest
from featurelib.errors import BundleError, BundleFormatError, DigestError
from parity_tests.core.crafted import mutate
from parity_tests.core.model_bundles import BASE, INPUTS, bundle, refused
from parity_tests.core.small_sets import rich_bundle


@given(st.sampled_from([INPUTS, fl.ModelInputs.of(rich_bundle())]))
def test_what_is_saved_is_read_back(tmp_path_factory, inputs) -> None:
    """File, plain data and pickle keep all that `check` compares."""
    path = inputs.save(tmp_path_factory.mktemp("models") / "delay.inputs.json")
    assert path.read_bytes() == inputs.to_bytes()
    for again in (
        fl.ModelInputs.load(path),
        fl.ModelInputs.from_json(json.loads(json.dumps(inputs.to_json()))),
        pickle.loads(pickle.dumps(inputs)),
    ):
        assert again == inputs and hash(again) == hash(inputs)
        assert again.to_bytes() == inputs.to_bytes()
        assert again.trained_with == inputs.trained_with
    assert refused(fl.ModelInputs.load(path), bundle({"t": ["a"]})).differences


DATA = INPUTS.to_bytes()


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(position, flip) -> None:
    """Whatever byte is altered, the file is not believed."""
    altered = bytearray(DATA)
    altered[position] ^= flip
    with pytest.raises(BundleError):
        fl.ModelInputs.from_bytes(bytes(altered))


@given(st.integers(0, len(DATA) - 1))
def test_a_file_that_was_cut_off_is_refused(length) -> None:
    """A part of a file is no model's inputs, and the message says where to get the whole."""
    with pytest.raises(BundleError) as error:
        fl.ModelInputs.from_bytes(DATA[:length], "delay.inputs.json")
    assert str(error.value).startswith("delay.inputs.json: ")
    if isinstance(error.value, DigestError):
        assert "fl.ModelInputs.of(bundle).save(path)" in error.value.hint


@given(st.randoms(use_true_random=False))
def test_a_forged_file_is_refused_or_compares_as_it_says(choose) -> None:
    """A fitting digest around altered content gives a BundleError, or another comparison."""
    content = json.loads(DATA)
    del content["digest"]
    made = None
    with contextlib.suppress(BundleError, TypeError, ValueError):  # the last: it cannot be written
        made = fl.ModelInputs.from_bytes(with_digest(mutate(content, choose)))
    assert made in (None, INPUTS) or refused(made, BASE).differences


def test_a_number_for_a_truth_value_is_refused() -> None:
    """0 equals False: the file would compare as equal and have another digest."""
    content = json.loads(DATA)
    del content["digest"]
    content["inputs"]["tags"]["nullable"] = 0
    with pytest.raises(BundleFormatError, match="`nullable` is true or false, got 0"):
        fl.ModelInputs.from_bytes(with_digest(content))


@pytest.mark.parametrize(
    "key, value", [("format", 2), ("recipe", 2), ("format", True), ("recipe", None)]
)
def test_a_newer_format_says_so(key, value) -> None:
    """What this version cannot know is refused with the way to one that does."""
    with pytest.raises(BundleFormatError, match=f"have {key} .*reads up to 1") as error:
        fl.ModelInputs.from_json({**INPUTS.to_json(), key: value})
    assert "pip install -U" in error.value.hint


def test_a_bundle_is_no_models_inputs(tmp_path) -> None:
    """Two files of data that are taken for each other are refused by name."""
    path = BASE.save(tmp_path / "trips.json")
    with pytest.raises(BundleFormatError, match=r"trips\.json: .*model's inputs"):
        fl.ModelInputs.load(path)
    with pytest.raises(BundleFormatError, match="no readable bundle"):
        fl.load(INPUTS.save(tmp_path / "model.json"))
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        INPUTS.save(tmp_path / "nowhere" / "model.json")
