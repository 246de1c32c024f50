"""Turns of the interpreter are short while a release is taken, and as the application's else."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from featurelib.release import Registry
from featurelib_online.live.gentle import TURN_S, at_rest, gently
from parity_tests.live.versions import STEP, following, released, until

OWN_S = 0.004


@pytest.fixture(autouse=True)
def application() -> Iterator[None]:
    """An application with an interval of its own."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(OWN_S)
    yield
    sys.setswitchinterval(before)


def test_turns_are_short_while_any_thread_works_gently() -> None:
    """The last one to stop gives the application its interval back."""
    ends = [threading.Event() for _ in range(4)]
    begun = threading.Barrier(len(ends) + 1)

    def work(end: threading.Event) -> None:
        with gently():
            begun.wait()
            end.wait()

    threads = [threading.Thread(target=work, args=(end,)) for end in ends]
    for thread in threads:
        thread.start()
    begun.wait()
    for thread, end in zip(threads, ends, strict=True):
        assert sys.getswitchinterval() == TURN_S
        end.set()
        thread.join()
    assert sys.getswitchinterval() == OWN_S


def test_a_thread_at_rest_needs_no_short_turns() -> None:
    """While it waits, turns are the application's, unless another thread works."""
    with gently():
        with at_rest():
            assert sys.getswitchinterval() == OWN_S
        assert sys.getswitchinterval() == TURN_S
        with gently(), at_rest():
            assert sys.getswitchinterval() == TURN_S
    assert sys.getswitchinterval() == OWN_S


def test_what_the_application_sets_meanwhile_stays() -> None:
    """Only what the work itself has set is undone after it."""
    with gently():
        sys.setswitchinterval(0.003)
    assert sys.getswitchinterval() == 0.003


def test_shorter_turns_of_the_application_are_not_made_longer() -> None:
    """An interval below a millisecond is kept."""
    sys.setswitchinterval(0.0005)
    with gently():
        assert sys.getswitchinterval() == 0.0005
    assert sys.getswitchinterval() == 0.0005


def test_a_service_that_waits_leaves_the_interval_alone(tmp_path: Path) -> None:
    """Between two looks at the channel, after a swap and after closing it is the application's."""
    registry = Registry(tmp_path / "registry")
    for number in (1, 2):
        released(registry, number)
    stable = registry.channel("trips", "stable")
    stable.promote("1.1.0", **STEP)
    with following(registry, every_s=0.05) as service:
        until(lambda: sys.getswitchinterval() == OWN_S)
        stable.promote("1.2.0", **STEP)
        until(lambda: service.current.version == "1.2.0")
        until(lambda: sys.getswitchinterval() == OWN_S)
    assert sys.getswitchinterval() == OWN_S
