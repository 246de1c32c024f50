"""Bundles: one file of data, refused when a single byte of it is not what was saved."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib import bundle as bundle_module
from featurelib.bundle import Bundle
from featurelib.errors import (
    BundleError,
    BundleFormatError,
    DigestError,
    FitError,
    UnknownOpError,
)
from parity_tests.core.crafted import mutate, sealed
from parity_tests.core.small_sets import ROW, feature, fitted, make_set, rich_bundle, rich_set

ROOT = Path(__file__).parents[2]
BUNDLE = rich_bundle()
DATA = BUNDLE.to_bytes()


def content() -> dict:
    """The bundle's JSON, to be spoiled."""
    return json.loads(DATA)


def test_a_bundle_survives_its_file(tmp_path) -> None:
    """Saved and loaded, a bundle is equal, has the same digests and writes the same bytes."""
    path = BUNDLE.save(tmp_path / "trips-1.0.0.json")
    again = fl.load(path)
    assert again == BUNDLE
    assert again.to_bytes() == path.read_bytes() == DATA
    assert again.fingerprints == BUNDLE.fingerprints
    assert again.digest == BUNDLE.digest
    assert again.features == BUNDLE.features
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_bundle_is_canonical_json() -> None:
    """Keys are sorted, nothing stands between tokens, and no number is a JSON float."""
    text = DATA.decode()
    written = json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert written == text

    def refuse(number: str) -> None:
        raise AssertionError(f"{number} stands in a bundle as a JSON float")

    json.loads(text, parse_float=refuse, parse_constant=refuse)


def test_binding_again_gives_the_same_bytes() -> None:
    """A bundle depends on the definition and the fitted values, not on when it was made."""
    assert rich_bundle() == BUNDLE


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(position, flip) -> None:
    """Whatever byte is altered, the file digest or the head before it differs."""
    altered = bytearray(DATA)
    altered[position] ^= flip
    with pytest.raises(BundleError):
        Bundle.from_bytes(bytes(altered))


@given(st.integers(0, len(DATA) - 1))
def test_any_truncation_is_refused(length) -> None:
    """A file that was cut off anywhere is no bundle."""
    with pytest.raises(BundleError):
        Bundle.from_bytes(DATA[:length])


def test_a_byte_too_many_is_refused() -> None:
    """Bytes after the end are part of what the digest covers."""
    for more in (b" ", b"\n", b"\0"):
        with pytest.raises(DigestError):
            Bundle.from_bytes(DATA + more)
    with pytest.raises(BundleFormatError, match="does not begin with a file digest"):
        Bundle.from_bytes(b" " + DATA)


def test_a_digest_in_capitals_is_another_file() -> None:
    """The digest's own place is part of the file: it has one spelling."""
    with pytest.raises(DigestError):
        Bundle.from_bytes(DATA[:11] + DATA[11:75].upper() + DATA[75:])


@pytest.mark.parametrize("key", ["format", "recipe"])
def test_a_newer_format_says_so(key) -> None:
    """What this version cannot know is refused with the way to one that does."""
    with pytest.raises(
        BundleFormatError, match=f"{key} 2, this featurelib reads up to 1"
    ) as refused:
        Bundle.from_bytes(sealed({**content(), key: 2}))
    assert "pip install -U featurelib" in refused.value.hint


def test_an_unknown_op_or_version_is_named() -> None:
    """A bundle is never computed by a similar op."""
    for op in ("log1p@2", "log_one_plus@1"):
        altered = sealed(json.loads(DATA.decode().replace("log1p@1", op)))
        with pytest.raises(UnknownOpError, match=op.partition("@")[0]):
            Bundle.from_bytes(altered)


def test_another_body_is_refused() -> None:
    """A bundle names the hash of every body; an installation with another one is refused."""
    altered = content()
    altered["ops"]["log1p@1"] = "0" * 64
    with pytest.raises(BundleError, match="`log1p@1` has another body here"):
        Bundle.from_bytes(sealed(altered))


def test_a_fingerprint_that_does_not_fit_is_refused() -> None:
    """What a bundle says of itself must be what it computes."""
    altered = content()
    altered["features"]["hour"]["fingerprint"] = "0" * 64
    with pytest.raises(BundleFormatError, match="fingerprints differ"):
        Bundle.from_bytes(sealed(altered))


def test_binding_needs_every_fitted_value() -> None:
    """Analyzers without a value, and the state of another definition, are refused."""
    with pytest.raises(FitError, match="no fitted value for") as refused:
        rich_set().bind()
    assert "fit(features, train)" in refused.value.hint
    other = make_set(feature("f", fl.mean(fl.col("small")) + fl.col("small")))
    with pytest.raises(FitError):
        other.bind(BUNDLE.state)


def test_binding_leaves_out_what_no_feature_reads() -> None:
    """A state of more features serves a set of fewer; its bundle holds only what it reads."""
    one = make_set(feature("i", fl.col("carrier").vocabulary_index(max_size=10)))
    assert len(one.bind(BUNDLE.state).state) == 1


DEEP = '{"digest":"' + "0" * 64 + '","format":' + "[" * 100_000 + "]" * 100_000 + "}"
ODD = [
    {},
    {"format": 1},
    {"format": "1"},
    {"format": True},
    {"format": None, "recipe": None},
    {**json.loads(DATA), "program": None},
    {**json.loads(DATA), "state": []},
    {**json.loads(DATA), "inputs": {"name": 1}},
    {**json.loads(DATA), "layout": "dense"},
    {**json.loads(DATA), "layout": [["dense", ["hour"], "Float32", [1]]]},
    {**json.loads(DATA), "layout": [["dense", ["hour"], "Int8", [1 << 40]]]},
    {**json.loads(DATA), "ops": {}},
    {**json.loads(DATA), "ops": []},
    {**json.loads(DATA), "set": {"name": 1, "version": 2, "description": 3}},
    {**json.loads(DATA), "unknown": 1},
    {**json.loads(DATA), "features": {}},
]


@pytest.mark.parametrize("altered", ODD, ids=lambda c: str(sorted(c))[:30] + str(len(str(c))))
def test_a_bundle_of_another_shape_is_refused(altered) -> None:
    """Wrong types and missing or unknown parts are a BundleError, though the digest fits."""
    with pytest.raises(BundleError):
        Bundle.from_bytes(sealed(altered))


def test_deep_nesting_and_text_that_is_no_json_are_refused() -> None:
    """A file cannot exhaust the stack, and need not be JSON at all behind its digest."""
    import hashlib

    for text in (DEEP, DEEP[:200], DEEP.replace("[", "\ud800"), '{"digest":"' + "0" * 64 + '"}'):
        blank = text.encode(errors="surrogatepass")
        digest = hashlib.sha256(blank).hexdigest().encode()
        with pytest.raises(BundleFormatError):
            Bundle.from_bytes(blank.replace(b"0" * 64, digest, 1))


@pytest.mark.parametrize("seed", range(4))
def test_an_altered_bundle_with_a_fitting_digest_is_refused_or_equal(seed) -> None:
    """Whoever writes a digest that fits gets a BundleError, or metadata for people changed."""
    choose = random.Random(seed)
    original = content()
    for _ in range(60):
        altered = original
        for _ in range(choose.choice((1, 1, 2))):
            altered = mutate(altered, choose)
        try:
            made = Bundle.from_bytes(sealed(altered))
        except BundleError:
            continue
        assert made.fingerprint == BUNDLE.fingerprint


def test_saving_is_atomic(tmp_path, monkeypatch) -> None:
    """A save that fails in the middle leaves the old file, and nothing beside it."""
    path = BUNDLE.save(tmp_path / "trips.json")

    def fails(handle: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(bundle_module.os, "fsync", fails)
    with pytest.raises(OSError, match="no space left"):
        make_set(feature("f", fl.col("distance"))).bind().save(path)
    assert path.read_bytes() == DATA
    assert os.listdir(tmp_path) == ["trips.json"]


_SAVES = """
import sys
from parity_tests.core.small_sets import rich_bundle
bundles = [rich_bundle(1.5), rich_bundle(2.5)]
bundles[0].save(sys.argv[1])
print("saved", flush=True)
while True:
    for bundle in bundles:
        bundle.save(sys.argv[1])
"""


def test_a_missing_folder_is_named(tmp_path) -> None:
    """Not the temporary file that would have been written in it."""
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*absent$"):
        rich_bundle(1.5).save(tmp_path / "absent" / "trips.json")


def test_a_killed_save_leaves_a_whole_file(tmp_path) -> None:
    """Whenever a process that saves is killed, the name stands for one whole bundle."""
    path = tmp_path / "trips.json"
    whole = {rich_bundle(1.5).to_bytes(), rich_bundle(2.5).to_bytes()}
    saver = subprocess.Popen([sys.executable, "-c", _SAVES, path], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert saver.stdout.readline() == b"saved\n"
        for _ in range(20):
            time.sleep(0.002)
            assert path.read_bytes() in whole
        saver.send_signal(signal.SIGKILL)
    finally:
        saver.kill()
        saver.wait()
        saver.stdout.close()
    assert path.read_bytes() in whole
    assert fl.load(path).name == "trips"


def _describe(thing) -> tuple:
    """What another process says of a thing that it was sent."""
    if isinstance(thing, fl.Feature):
        return thing.name, thing.version, thing.description, thing.tags
    if isinstance(thing, fl.FeatureSet):
        return thing.bind(fitted(thing)).digest, thing.name
    if isinstance(thing, fl.Bundle):
        return thing.digest, thing.fingerprint
    row = thing(ROW)
    return thing.fingerprint, thing.kernel.limit, row["hour"], row["log_distance"]


def test_features_sets_bundles_and_kernels_travel_to_other_processes() -> None:
    """A spawned process that never saw the definition gets the same thing."""
    features = rich_set()
    things = [
        features.features[1],
        features,
        BUNDLE,
        online.compile(BUNDLE, text_limit=1 << 17),
    ]
    for thing in things:
        pickle.dumps(thing)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_describe, things) == [_describe(t) for t in things]
