"""A fast slice of each drill: the same scenarios, shorter and slower, in this process.

What a busy machine may spoil (how soon attainment is back, how much is sent) is for `make drills`;
what must hold on any machine, and on one that stands still for a minute, is asserted here.
"""

from __future__ import annotations

import pytest

from serving_example.drills.crowd import Call
from serving_example.drills.faults import faults
from serving_example.drills.faulty import Ran
from serving_example.drills.findings import Finding, recovery_s, table
from serving_example.drills.fleet import fleet, ratios
from serving_example.drills.hangups import dead_share, hangups
from serving_example.drills.lives import cycles, flat, soak
from serving_example.drills.overload import overload
from serving_example.drills.pace import Pace
from serving_example.drills.stampede import stampede
from serving_example.drills.standing import Vitals
from serving_example.drills.worlds import here

SLOW = Pace(slow=2.0)
pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


def missed(found: list[Finding], *besides: str) -> str:
    """The aims that are missed, but for those that need a quiet machine."""
    return table(f for f in found if not f.is_met and not any(w in f.what for w in besides))


NONE = table([])


def test_an_overload_is_refused_with_a_time_and_everyone_is_answered_once() -> None:
    """At three times what the devices can do nobody is lost, and refusals say when to come."""
    found = overload(here, SLOW, 0.2)
    assert missed(found, "step down") == NONE


def test_a_pool_goes_on_without_a_device_and_takes_it_back() -> None:
    """It hangs, slows down or dies: every request has one answer, and it is used again."""
    found = faults(here, Pace(slow=1.0), 0.4)
    assert missed(found, "until attainment") == NONE


def test_one_answer_is_made_for_all_who_wait_for_it() -> None:
    """The device computes once, and all get the same bytes."""
    assert missed(stampede(here, 100)) == NONE


def test_devices_do_not_work_for_clients_who_have_gone() -> None:
    """Half of the clients hang up; those who stay are answered once."""
    found = hangups(here, SLOW, 0.25)
    assert missed(found, "device time") == NONE


def test_clients_who_try_again_do_not_come_back_as_a_storm() -> None:
    """The server goes and comes back, and every call has its end."""
    found = fleet(here, SLOW, 0.3, 0.6, ["server"], is_compared=False)
    assert missed(found, "answered of", "offered") == NONE


def test_what_is_offered_is_counted_over_what_is_asked_for() -> None:
    """Of four calls two were sent twice: once each in the first second after 10.0."""
    calls, sent = [9.0, 10.0, 10.5, 11.0, 11.5], [9.0, 10.0, 10.1, 10.5, 10.6, 11.0, 11.5, 12.0]
    assert ratios(calls, sent, 10.0, 2.0) == (1.5, 2.0)


def test_loads_and_unloads_leave_nothing_behind() -> None:
    """Descriptors, threads and tasks are as many as before; memory is for many more cycles."""
    assert missed(cycles(here, 20, 4), "rss_mib") == NONE


def test_work_leaves_nothing_behind() -> None:
    """The same after requests, some of whose clients hung up."""
    assert missed(soak(here, SLOW, 1.0, 4), "rss_mib") == NONE


def test_the_time_for_those_who_had_gone_is_that_of_their_rows() -> None:
    """Two of three requests of a batch had gone before it began; of another one after it began."""
    ran = [
        Ran("forward", 10.0, 12.0, (1, 2, 1), (1.0, 2.0, 3.0)),
        Ran("forward", 20.0, 21.0, (4,), (4.0,)),
    ]
    assert dead_share(ran, {1: 9.0, 2: 9.5, 4: 20.5}) == (1.5, 3.0)


def test_attainment_is_back_when_it_stays() -> None:
    """40 windows of 50 ms with ten calls each, some of which miss five of them or all.

    Five of a hundred are as many as may miss it: five alone do not count, ten do.
    """

    def back_s(**missed: int) -> float:
        calls = []
        for number in range(400):
            call = Call(number, 10.0 + 0.005 * number + 0.002)
            is_late = number % 10 < missed.get(f"w{number // 10}", 0)
            call.status, call.done = 200, call.due + (0.3 if is_late else 0.1)
            calls.append(call)
        return recovery_s(calls, Pace(), 10.0, 12.0)

    assert back_s() == back_s(w20=5) == 0.0
    assert back_s(w2=5, w3=5, w7=5, w30=5) == pytest.approx(0.4)
    assert back_s(w2=5, w20=10) == pytest.approx(1.05)
    assert back_s(w38=5, w39=10) == float("inf")


def test_what_grows_is_found() -> None:
    """A descriptor more at each sample, and a memory that grows, are aims missed; the rest is flat.

    The first fifth of the samples is a warm-up.
    """
    told = [Vitals(100.0 + i, 10 + i, 5, 2) for i in range(20)]
    found = flat("d", told, 19.0, "hour")
    assert [one.is_met for one in found] == [False, False, True, True]
    assert found[1].value == "14, 29, +1" and found[2].value.startswith("5, 5, ")
    falls = flat("d", [Vitals(100.0, 50 - i, 5, 2) for i in range(20)], 20.0, "hour")
    assert all(one.is_met for one in falls)
