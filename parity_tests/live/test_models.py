"""A service with a model takes what it was trained for, and what a signed hotfix links to it."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import RegistryAwayError
from featurelib.release import Registry
from featurelib.release.hotfix_models import Link
from featurelib.release.signing import PrivateKey, new_key, read_private_key
from featurelib_online import live
from featurelib_online.live.loading import Loading, NotTakenError
from parity_tests.live.versions import (
    ALL,
    STEP,
    Trip,
    bundle_of,
    declared,
    folder_of,
    following,
    golden_of,
    hotfixed,
    numbers_in,
    request,
    until,
)

MODEL = fl.ModelInputs.of(bundle_of(1))


@cache
def added(version: str, number: int = 1) -> Bundle:
    """The features of a number, and one more that stands in no tensor."""
    moved = fl.col("miles") + 1000.0 * number
    numbers = [fl.Feature(n, version=number, expr=moved) for n in ALL[:5]]
    said = fl.col("user_id") + str(number)
    texts = [("said", said), ("twice", fl.col("user_id") + fl.col("user_id"))]
    return fl.FeatureSet(
        "trips",
        version=version,
        inputs=Trip,
        features=[*numbers, *(fl.Feature(n, version=1, expr=e) for n, e in texts)],
        layout={"dense": list(ALL[:5])},
    ).bind()


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Registry, PrivateKey]:
    """A registry that takes signed releases only, with its key; stable is 1.1.0."""
    private, public = new_key(tmp_path / "team.pem")
    key = read_private_key(private)
    made = Registry(tmp_path / "registry", public_keys=[public])
    made.release(bundle_of(1), golden_of(bundle_of(1)), key=key)
    made.channel("trips", "stable").promote("1.1.0", **STEP)
    return made, key


def promoted(signed: tuple[Registry, PrivateKey], bundle: Bundle, channel: str = "stable") -> str:
    """Releases a bundle and points a channel to it."""
    registry, key = signed
    version = registry.release(bundle, golden_of(bundle), key=key).version
    registry.channel("trips", channel).promote(version, **STEP)
    return version


def refusal(service: live.LiveKernel, version: str) -> str:
    """Why a release was not taken; the one before answers."""
    until(lambda: service.status().state == "refused", service.status)
    refused = service.status().refused
    assert refused is not None
    assert (refused.version, refused.stage) == (version, "model")
    assert numbers_in(service(request(1)), request(1)) == {1}
    return refused.error


@pytest.mark.parametrize("bundle", [bundle_of(1, "1.1.1"), added("1.2.0")], ids=["equal", "added"])
def test_equal_and_added_features_are_taken(
    signed: tuple[Registry, PrivateKey], bundle: Bundle
) -> None:
    """The model's tensors have the same values, whatever else the release has."""
    with following(signed[0], model_inputs=MODEL) as service:
        version = promoted(signed, bundle)
        until(lambda: service.current.version == version, service.status)
        row = service(request(3))
        assert numbers_in(row, request(3)) == {1}
        assert row.tensors["dense"].tolist() == [[1003.0] * 5]


def test_a_hotfix_that_accepts_the_model_is_taken(signed: tuple[Registry, PrivateKey]) -> None:
    """The model runs on the fixed values without being trained again, for a signed word."""
    registry, key = signed
    hotfixed(registry, declared(accepts=(MODEL.fingerprint,)), key=key)
    with following(registry, model_inputs=MODEL) as service:
        registry.channel("trips", "stable").promote("1.1.1", **STEP)
        until(lambda: service.current.version == "1.1.1", service.status)
        assert numbers_in(service(request(3)), request(3)) == {2}


def test_a_release_after_an_accepted_hotfix_is_taken(signed: tuple[Registry, PrivateKey]) -> None:
    """A service that starts on it finds the hotfix in the history of the registry."""
    registry, key = signed
    hotfixed(registry, declared(accepts=(MODEL.fingerprint,)), key=key)
    promoted(signed, added("1.2.0", 2))
    with following(registry, model_inputs=MODEL) as service:
        assert service.current.version == "1.2.0"
        assert numbers_in(service(request(3)), request(3)) == {2}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: shutil.rmtree(folder), "has no release trips 1.1.1"),
        (lambda folder: (folder / "signature.json").unlink(), "1.1.1 is not signed"),
        (lambda folder: forged(folder / "declaration.json"), "declaration.json was altered"),
    ],
    ids=["missing", "unsigned", "forged"],
)
def test_a_release_after_a_damaged_hotfix_is_refused(
    signed: tuple[Registry, PrivateKey], damage: Callable[[Path], None], says: str
) -> None:
    """The service goes on; the words name the release that is missing in the chain."""
    registry, key = signed
    hotfixed(registry, declared(accepts=()), key=key)
    registry.release(added("1.2.0", 2), golden_of(added("1.2.0", 2)), key=key)
    with following(registry, model_inputs=MODEL) as service:
        damage(folder_of(registry, "1.1.1"))
        registry.channel("trips", "stable").promote("1.2.0", **STEP)
        error = refusal(service, "1.2.0")
        assert "trips 1.2.0 follows 1.1.1, where a hotfix may have accepted it" in error
        assert says in error and "put that release back from a copy" in error


def forged(declaration: Path) -> None:
    """Writes the model into a declaration that does not accept it."""
    said = declaration.read_text(encoding="utf-8")
    named = said.replace('"accepts":[]', f'"accepts":["{MODEL.fingerprint}"]')
    assert named != said
    declaration.write_text(named, encoding="utf-8")


def test_a_registry_that_is_away_is_asked_again_for_the_hotfix(
    signed: tuple[Registry, PrivateKey],
) -> None:
    """That it does not answer is no word against the model."""
    registry, key = signed
    hotfixed(registry, declared(accepts=(MODEL.fingerprint,)), key=key)
    promoted(signed, added("1.2.0", 2))
    release = registry.fetch("trips", "1.2.0")
    asked: list[str] = []

    def earlier(version: str) -> Link:
        asked.append(version)
        if len(asked) < 3:
            raise RegistryAwayError("it does not answer", hint="wait")
        return Link.of(registry.fetch("trips", version))

    loading = Loading(MODEL, in_child=False)
    kernel = loading.load(release, None, lambda seconds: False, earlier)
    assert numbers_in(kernel(request(3)), request(3)) == {2} and asked == ["1.1.1"] * 3
    asked.clear()
    with pytest.raises(NotTakenError, match="does not answer") as late:
        Loading(MODEL, within_s=0.0).load(release, None, lambda seconds: False, earlier)
    assert late.value.stage == "time"


def test_a_hotfix_that_does_not_accept_the_model_is_refused(
    signed: tuple[Registry, PrivateKey],
) -> None:
    """The words name the model, each feature with both fingerprints, and the way out."""
    registry, key = signed
    hotfixed(registry, declared(accepts=("00" * 32,)), key=key)
    with following(registry, model_inputs=MODEL) as service:
        registry.channel("trips", "stable").promote("1.1.1", **STEP)
        error = refusal(service, "1.1.1")
        new = bundle_of(2, "1.1.1", feature_version=2).fingerprints
        for name in ALL[:5]:
            old = bundle_of(1).fingerprints[name]
            line = f"`{name}`: model fingerprint {old[:12]}, bundle fingerprint {new[name][:12]}"
            assert line in error
        assert "`said`" not in error  # it stands in no tensor
        assert f"the model {MODEL.fingerprint} may not run on it: the hotfix 1.1.0 to" in error
        assert "train the model again" in error and "name it in `accepts`" in error


def test_a_declaration_without_a_signature_accepts_no_model(tmp_path: Path) -> None:
    """Without keys anybody who can write the registry could have written it."""
    registry = Registry(tmp_path / "registry")
    registry.release(bundle_of(1), golden_of(bundle_of(1)))
    registry.channel("trips", "stable").promote("1.1.0", **STEP)
    hotfixed(registry, declared(accepts=(MODEL.fingerprint,)))
    with following(registry, model_inputs=MODEL) as service:
        registry.channel("trips", "stable").promote("1.1.1", **STEP)
        assert "public_keys=" in refusal(service, "1.1.1")


@pytest.mark.parametrize(
    ("bundle", "says"),
    [
        (bundle_of(1, "2.0.0", layout="other"), "tensor `dense`"),
        (bundle_of(2, "2.0.0"), "`f0`: model fingerprint"),
    ],
    ids=["layout", "values"],
)
def test_what_the_model_was_not_trained_for_is_refused(
    signed: tuple[Registry, PrivateKey], bundle: Bundle, says: str
) -> None:
    """Another layout, or other values in the same one, without a word of a hotfix."""
    with following(signed[0], model_inputs=MODEL) as service:
        error = refusal(service, promoted(signed, bundle))
        assert says in error
        assert f"the model {MODEL.fingerprint} may not run on it: no hotfix came with it" in error
        assert "serve trips 1.1.0" in error and "train the model again" in error


def test_candidates_are_held_to_the_same_model(signed: tuple[Registry, PrivateKey]) -> None:
    """A shadow or canary that the model was not trained for answers nobody, and says why."""
    for channel in ("candidate", "canary"):
        promoted(signed, bundle_of(2), channel)
    with following(signed[0], model_inputs=MODEL) as service:
        for trial in (service.shadow(), service.canary(share=1.0, entity="user_id")):
            until(lambda: trial.status().state == "refused", trial.status)  # noqa: B023
            refused = trial.status().following.refused
            assert refused is not None and refused.stage == "model"
            assert MODEL.fingerprint in refused.error
            assert "not taken: trips 1.2.0: the bundle does not give" in str(trial.status())
        assert all(numbers_in(service(request(i)), request(i)) == {1} for i in range(20))
        assert trial.status().compared == 0
