"""A service takes what its channel points to if it may be served, else it keeps what it has."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import featurelib as fl
from featurelib.errors import DefinitionError, LiveError, RegistryError
from featurelib.release import Registry
from featurelib_online import live
from parity_tests.live.versions import (
    STEP,
    Trip,
    bundle_of,
    folder_of,
    following,
    numbers_in,
    recorded,
    released,
    request,
    until,
    wrong,
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry with three releases, the first of which is stable."""
    made = Registry(tmp_path / "registry")
    for number in (1, 2, 3):
        released(made, number)
    made.channel("trips", "stable").promote("1.1.0", **STEP)
    return made


def answers(service: live.LiveKernel) -> set[int]:
    """Which versions answer, by each way in."""
    asked = request(5)
    batch = service.many([asked])
    columns = service.columns({"miles": np.array([5.0]), "user_id": np.array(["u5"], object)})
    text = service.json(b'{"miles": 5.0, "user_id": "u5"}')
    rows: list[Any] = [service(asked), batch[0], columns[0], text]
    return {number for row in rows for number in numbers_in(row, asked)}


def test_what_the_channel_points_to_is_served(registry: Registry) -> None:
    """A promotion is taken, a rollback too, and every way in answers with the same release."""
    stable = registry.channel("trips", "stable")
    with following(registry) as service:
        assert answers(service) == {1}
        assert (service.current.version, service.current.number) == ("1.1.0", 1)
        assert str(service.status()).startswith("trips: serving, serves 1.1.0 (record 1 of stable")
        stable.promote("1.2.0", **STEP)
        until(lambda: service.current.version == "1.2.0")
        assert answers(service) == {2}
        stable.rollback(**STEP)
        until(lambda: service.current.version == "1.1.0")
        assert answers(service) == {1}
        assert service.current.number == 3
        assert service.metrics == {"taken": 3, "refused": 0, "away": 0, "record": 3}


def test_a_release_that_does_not_give_its_golden_rows_is_not_taken(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    """One bit of one value is enough; the status says which, and it is tried once."""
    stable = registry.channel("trips", "stable")
    bad = wrong(registry, 4)
    with caplog.at_level(logging.ERROR, "featurelib.live"), following(registry) as service:
        stable.promote(bad, **STEP)
        until(lambda: service.status().state == "refused")
        refused = service.status().refused
        assert refused is not None
        assert (refused.version, refused.number, refused.stage) == (bad, 2, "golden")
        assert "feature `f0`, golden row 0, one row: recorded" in refused.error
        assert answers(service) == {1}
        stable.promote("1.2.0", **STEP)
        until(lambda: service.status().state == "serving")
        assert answers(service) == {2}
        assert service.metrics["refused_golden"] == service.metrics["refused"] == 1
    assert [r.message for r in caplog.records if "was not taken (golden)" in r.message]


def test_a_tampered_release_is_not_taken(registry: Registry, tmp_path: Path) -> None:
    """It was altered after its promotion; put back as it was released, it is taken."""
    copy = shutil.copytree(registry.where, tmp_path / "copy")
    Registry(copy).channel("trips", "stable").promote("1.2.0", **STEP)
    file = folder_of(registry, "1.2.0") / "bundle.json"
    whole = file.read_bytes()
    with following(registry) as service:
        rewrite(file, whole.replace(b"miles", b"metre", 1))
        name = "channels/trips/stable/000002.json"
        shutil.copy(copy / name, Path(registry.where) / name)
        until(lambda: service.status().state == "refused")
        refused = service.status().refused
        assert refused is not None
        assert (refused.number, refused.stage) == (2, "verify")
        assert "bundle.json was altered or cut off" in refused.error
        assert answers(service) == {1}
        rewrite(file, whole)
        until(lambda: service.status().state == "serving")
        assert answers(service) == {2}


def rewrite(file: Path, data: bytes) -> None:
    """Puts other bytes into a file at once."""
    partial = file.with_name(".partial")
    partial.write_bytes(data)
    partial.replace(file)


def test_a_registry_that_is_away_changes_nothing(registry: Registry) -> None:
    """The service answers and says so; when the registry is back it takes what came."""
    away = Path(registry.where).with_name("elsewhere")
    with following(registry) as service:
        Path(registry.where).rename(away)
        Path(registry.where).write_bytes(b"no folder")
        until(lambda: service.status().state == "away")
        assert answers(service) == {1}
        assert service.status().away
        Path(registry.where).unlink()
        away.rename(registry.where)
        until(lambda: service.status().state == "serving")
        assert service.metrics["away"] >= 1


def test_a_release_that_this_service_cannot_run_is_not_taken(registry: Registry) -> None:
    """What is refused by the compiler says so; the service goes on."""
    wide = fl.col("miles").cast(fl.UInt8).fill_null(0).one_hot(100)
    features = [fl.Feature("wide", version=1, expr=wide)]
    made = fl.FeatureSet("trips", version="2.0.0", inputs=Trip, features=features).bind()
    registry.release(made, recorded(made, [{"miles": 1.0, "user_id": b"u"}]))
    with following(registry, text_limit=64) as service:
        registry.channel("trips", "stable").promote("2.0.0", **STEP)
        until(lambda: service.status().state == "refused")
        refused = service.status().refused
        assert refused is not None
        assert refused.stage == "compile"
        assert "the row limit is 64" in refused.error
        assert answers(service) == {1}


def test_a_service_does_not_start_without_a_release(registry: Registry) -> None:
    """An error names the reason and the way out; an empty channel is waited for."""
    stable = registry.channel("trips", "stable")
    with pytest.raises(LiveError, match=r"no release of trips/empty within 0\.2 s"):
        following(registry, channel="empty", first_within_s=0.2)
    stable.promote(wrong(registry, 4), **STEP)
    with pytest.raises(LiveError, match=r"record 2 points to 1\.4\.0 .*golden") as raised:
        following(registry)
    assert "featurelib rollback trips --channel stable" in str(raised.value)
    with pytest.raises(RegistryError, match="cannot be the name"):
        following(registry, channel="../stable")
    with pytest.raises(ValueError, match="every_s"):
        following(registry, every_s=0.0)


def test_a_closed_kernel_goes_on_with_what_it_has(registry: Registry) -> None:
    """Closing twice is closing; nothing is taken any more."""
    service = following(registry)
    service.close()
    service.close()
    registry.channel("trips", "stable").promote("1.2.0", **STEP)
    assert service.status().state == "closed"
    assert answers(service) == {1}


def test_a_model_gets_what_it_was_trained_with(registry: Registry) -> None:
    """Other values in its tensors are refused; a filler then may keep its memory."""
    model = fl.ModelInputs.of(bundle_of(1))
    with following(registry) as free, pytest.raises(DefinitionError, match="model_inputs"):
        free.filler({"dense": np.empty((1, 5))})
    with following(registry, model_inputs=model) as service:
        registry.channel("trips", "stable").promote("1.2.0", **STEP)
        until(lambda: service.status().state == "refused")
        refused = service.status().refused
        assert refused is not None
        assert refused.stage == "model"
        assert "not give the model what it was trained with" in refused.error
        out = {"dense": np.empty((1, 5))}
        service.filler(out)(request(5))
        assert out["dense"].tolist() == [[1005.0] * 5]


def test_the_thread_ends_with_the_process(registry: Registry) -> None:
    """A service that forgets to close ends all the same."""
    code = (
        "import sys\nfrom featurelib.release import Registry\nfrom featurelib_online import live\n"
        "kernel = live.follow(Registry(sys.argv[1]), 'trips', in_child=False)\n"
        "print(kernel({'miles': 1.0, 'user_id': 'u'})['f0'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, registry.where],
        capture_output=True, text=True, timeout=120, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "1001.0\n"), done.stderr
