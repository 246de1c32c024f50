"""Shadow and canary: what moves is counted, and what no hotfix declared stops the trial."""

import struct
from pathlib import Path

import pytest

import featurelib as fl
from featurelib.errors import DefinitionError
from featurelib.release import Registry
from featurelib_online import live
from parity_tests.live.versions import (
    ALL,
    STEP,
    Trip,
    bundle_of,
    declared,
    following,
    golden_of,
    hotfixed,
    in_share,
    numbers_in,
    recorded,
    released,
    request,
    until,
)

SHARE = 0.3


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Stable is 1.1.0; 1.2.0 gives other values; 1.3.0 the same ones."""
    made = Registry(tmp_path / "registry")
    released(made, 1)
    released(made, 2)
    same = bundle_of(1, "1.3.0")
    made.release(same, golden_of(same))
    made.channel("trips", "stable").promote("1.1.0", **STEP)
    return made


def begun(trial: live.Trial) -> live.Trial:
    """A trial that compares."""
    until(lambda: trial.status().state in ("comparing", "halted"), trial.status)
    return trial


def test_a_shadow_halts_at_a_value_that_nobody_declared(registry: Registry) -> None:
    """The stable release answers all the same; the status has the feature and the request."""
    registry.channel("trips", "candidate").promote("1.2.0", **STEP)
    with following(registry) as service:
        trial = begun(service.shadow())
        assert numbers_in(service(request(7)), request(7)) == {1}
        until(lambda: trial.status().halt is not None)
        status = trial.status()
        assert status.state == "halted"
        assert status.halt is not None and status.halt.sample is not None
        sample = status.halt.sample
        bits = [{"f": struct.pack(">d", v).hex()} for v in (1007.0, 2007.0)]
        assert (sample.feature, sample.stable, sample.candidate) == ("f0", *bits)
        assert sample.request["miles"] == {"f": struct.pack(">d", 7.0).hex()}
        assert "1.2.0: feature `f0` moved and no hotfix from 1.1.0 declares it" in status.halt.why
        assert set(status.moved) == set(ALL)
        for i in range(20):
            assert numbers_in(service(request(i)), request(i)) == {1}
        assert service.metrics["shadow_halted"] == 1
        assert "halted" in str(service.status())


def test_a_shadow_that_does_not_halt_counts(registry: Registry) -> None:
    """Every value that moves, with a few samples of each feature."""
    registry.channel("trips", "candidate").promote("1.2.0", **STEP)
    with following(registry) as service:
        trial = begun(service.shadow(halts=False))
        for i in range(50):
            service(request(i))
        until(lambda: trial.status().compared == 50)
        status = trial.status()
        assert (status.halt, status.dropped) == (None, 0)
        assert dict(status.moved) == dict.fromkeys(ALL, 50)
        assert all(len(kept) == 5 for kept in status.samples.values())


def test_a_candidate_with_the_same_values_never_halts(registry: Registry) -> None:
    """Shadow and canary side by side; the stable release may become the candidate."""
    for channel in ("candidate", "canary"):
        registry.channel("trips", channel).promote("1.3.0", **STEP)
    with following(registry) as service:
        shadow = begun(service.shadow())
        canary = begun(service.canary(share=SHARE, entity="user_id"))
        for i in range(37):
            assert numbers_in(service(request(i)), request(i)) == {1}
        until(lambda: shadow.status().compared == 37)
        chosen = sum(in_share(f"u{i}", SHARE) for i in range(37))
        assert canary.status().compared == chosen
        assert service.metrics["canary_moved"] == service.metrics["shadow_moved"] == 0
        registry.channel("trips", "stable").promote("1.3.0", **STEP)
        until(lambda: canary.status().state == shadow.status().state == "idle")
        assert service.current.version == "1.3.0"


def test_a_canary_answers_the_same_entities_every_time(registry: Registry) -> None:
    """Those whose hash is below the share, as another library computes it, and no others."""
    hotfixed(registry, declared())
    registry.channel("trips", "canary").promote("1.1.1", **STEP)
    with following(registry) as service:
        trial = begun(service.canary(share=SHARE, entity="user_id"))
        for i in range(111):
            asked = request(i)
            expected = 2 if in_share(asked["user_id"], SHARE) else 1
            assert numbers_in(service(asked), asked) == {expected}
        assert trial.status().halt is None
        assert trial.status().compared == 3 * sum(in_share(f"u{i}", SHARE) for i in range(37))
        trial.close()
        assert all(numbers_in(service(request(i)), request(i)) == {1} for i in range(37))


def test_a_canary_never_serves_what_was_not_declared(registry: Registry) -> None:
    """On declared rows the canary answers; the first other row is the stable release's."""
    hotfixed(registry, declared(fl.col("miles") > 50.0))
    registry.channel("trips", "canary").promote("1.1.1", **STEP)
    with following(registry) as service:
        trial = begun(service.canary(share=1.0, entity="user_id"))
        above, below = {"miles": 51.0, "user_id": "a"}, {"miles": 50.0, "user_id": "a"}
        assert numbers_in(service(above), above) == {2}
        assert numbers_in(service(below), below) == {1}
        assert trial.status().state == "halted"
        assert numbers_in(service(above), above) == {1}
        halt = trial.status().halt
        assert halt is not None and halt.sample is not None
        assert halt.sample.request["miles"] == {"f": struct.pack(">d", 50.0).hex()}


def test_a_feature_that_is_not_declared_halts(registry: Registry) -> None:
    """The declaration names five of six features, and the sixth moves too."""
    hotfixed(registry, declared(features=ALL[:5]))
    registry.channel("trips", "canary").promote("1.1.1", **STEP)
    with following(registry) as service:
        trial = begun(service.canary(share=1.0, entity="user_id"))
        assert numbers_in(service(request(1)), request(1)) == {1}
        halt = trial.status().halt
        assert halt is not None and halt.sample is not None and halt.sample.feature == "said"


def test_a_trial_needs_a_share_that_can_be_chosen(registry: Registry) -> None:
    """An unknown entity, no entity for a part, a second canary: refused with the way out."""
    with following(registry) as service:
        for arguments in ({"entity": "nobody"}, {"entity": "user_id", "share": 2.0}):
            with pytest.raises(DefinitionError):
                service.canary(**arguments)  # type: ignore[arg-type]
        with pytest.raises(DefinitionError, match="needs an entity"):
            service.shadow(share=0.5)
        trial = service.canary(entity="user_id")
        with pytest.raises(DefinitionError, match=r"canary.close\(\)"):
            service.canary(entity="user_id")
        trial.close()
        trial.close()
        service.canary(entity="user_id")


class LongTrip(Trip):
    """A trip with one more input."""

    hours: float


@pytest.mark.parametrize(
    ("inputs", "names", "says"),
    [
        (Trip, ("f0", "f1", "said"), "it has no feature `f2`"),
        (LongTrip, ALL, "it does not answer what 1.1.0 answers: trips: field `hours`"),
    ],
)
def test_a_candidate_that_answers_less_halts(
    registry: Registry, inputs: type[fl.Schema], names: tuple[str, ...], says: str
) -> None:
    """A feature that is gone, or a request that is refused: callers would miss their answer."""
    numbers = {n: fl.col("miles") + 1000.0 for n in names if n != "said"}
    exprs = {**numbers, "said": fl.col("user_id") + "1"}
    features = [fl.Feature(n, version=1, expr=e) for n, e in exprs.items()]
    bundle = fl.FeatureSet("trips", version="2.0.0", inputs=inputs, features=features).bind()
    row = {"miles": 1.0, "user_id": b"u", "hours": 1.0}
    registry.release(bundle, recorded(bundle, [{n: row[n] for n in bundle.schema.names}]))
    registry.channel("trips", "canary").promote("2.0.0", **STEP)
    with following(registry) as service:
        trial = begun(service.canary(share=1.0, entity="user_id"))
        for i in range(3):
            assert numbers_in(service(request(i)), request(i)) == {1}
        halt = trial.status().halt
        assert halt is not None
        assert says in halt.why


@pytest.mark.parametrize("kind", ["shadow", "canary"])
def test_a_defect_of_the_candidate_halts_and_reaches_nobody(
    registry: Registry, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that is none of featurelib's: the stable release answers, the status says why."""
    registry.channel("trips", kind).promote("1.3.0", **STEP)
    with following(registry) as service:
        choice = {"share": 1.0, "entity": "user_id"}
        begin = {"shadow": service.shadow, "canary": service.canary}[kind]
        trial = begun(begin(channel=kind, **choice))
        assert trial.comparison is not None

        def broken(*given: object) -> None:
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr(trial.comparison, "undeclared", broken)
        for i in range(3):
            assert numbers_in(service(request(i)), request(i)) == {1}
        until(lambda: trial.status().halt is not None)
        halt = trial.status().halt
        assert halt is not None and "ZeroDivisionError('a defect')" in halt.why
        assert trial.status().state == "halted"
