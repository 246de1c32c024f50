"""Swaps under load: no call fails, and no row is of two releases."""

import json
import threading
import time
from pathlib import Path

import numpy as np

import featurelib as fl
from featurelib.release import Registry
from parity_tests.live.versions import (
    STEP,
    bundle_of,
    following,
    golden_of,
    numbers_in,
    released,
    request,
    until,
)
from parity_tests.soak import amount

THREADS = 8
SECONDS = amount(2.0, 60.0)
NUMBERS = (1, 2, 3)
"""Releases in rotation: the one before is kept, so with two of them nothing would be loaded."""


def test_calls_during_swaps_are_answered_whole(tmp_path: Path) -> None:
    """Eight threads, four ways in: every answer is of one release, and all are seen."""
    registry = Registry(tmp_path / "registry")
    for number in NUMBERS:
        released(registry, number)
    stable = registry.channel("trips", "stable")
    stable.promote("1.1.0", **STEP)
    seen: list[set[int]] = [set() for _ in range(THREADS)]
    failed: list[BaseException] = []
    calls = [0] * THREADS
    end = threading.Event()

    def load(me: int) -> None:
        try:
            while not end.is_set():
                asked = [request(me + 7 * i + calls[me]) for i in range(5)]
                text = json.dumps(asked)
                miles = np.array([a["miles"] for a in asked])
                users = np.array([a["user_id"] for a in asked], object)
                for batch in (
                    [service(asked[0])],
                    service.many(asked),
                    service.json(text),
                    service.columns({"miles": miles, "user_id": users}),
                ):
                    found = [numbers_in(batch[i], asked[i]) for i in range(len(batch))]
                    (number,) = set().union(*found)
                    seen[me].add(number)
                calls[me] += 1
        except BaseException as error:
            failed.append(error)

    with following(registry) as service:
        threads = [threading.Thread(target=load, args=(me,)) for me in range(THREADS)]
        for thread in threads:
            thread.start()
        began, swaps = time.monotonic(), 0
        while not failed and (time.monotonic() - began < SECONDS or swaps < 6):
            swaps += 1
            stable.promote(f"1.{NUMBERS[swaps % 3]}.0", **STEP)
            until(lambda: service.metrics["taken"] == 1 + swaps, service.status)  # noqa: B023
        end.set()
        for thread in threads:
            thread.join()
    assert not failed, failed[0]
    assert all(calls)
    assert set().union(*seen) == {*NUMBERS}


def test_a_filler_writes_the_rows_of_one_release(tmp_path: Path) -> None:
    """It moves to the next release between two calls, and its memory stays the caller's."""
    registry = Registry(tmp_path / "registry")
    model = fl.ModelInputs.of(bundle_of(1))
    released(registry, 1)
    bundle = bundle_of(1, "1.2.0")
    registry.release(bundle, golden_of(bundle))
    stable = registry.channel("trips", "stable")
    stable.promote("1.1.0", **STEP)
    out = {"dense": np.zeros((1, 5))}
    with following(registry, model_inputs=model) as service:
        fill = service.filler(out)
        for version, miles in (("1.1.0", 3.0), ("1.2.0", 4.0), ("1.1.0", 5.0)):
            stable.promote(version, **STEP)
            until(lambda v=version: service.current.version == v)  # type: ignore[misc]
            fill({"miles": miles, "user_id": "u"})
            assert out["dense"].tolist() == [[1000.0 + miles] * 5]
