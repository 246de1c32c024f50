"""The scheduler after any order of events, against promises that an executor can check."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from parity_tests.soak import examples
from serving_example.scheduler import (
    POLICIES,
    Admission,
    Batch,
    DeviceSpec,
    DropReason,
    LoadRules,
    ModelSpec,
    Profiles,
    Residency,
    Scheduler,
    Shares,
    Work,
    make_policy,
)
from serving_example.tests.scheduler.manual import Manual

DEVICES = (DeviceSpec("a", "cpu", 6), DeviceSpec("b", "cpu", 4, is_blocked_by_loads=True))
MODELS = {
    spec.model: spec
    for spec in (
        ModelSpec("pinned", (1, 2, 4), 2, 0.1, is_pinned=True),
        ModelSpec("small", (1, 2, 4, 8), 1, 0.1),
        ModelSpec("wide", (4, 8), 2, 0.3),
        ModelSpec("large", (1, 8), 4, 0.5),
        ModelSpec("other", (2, 3), 2, 0.1),
    )
}
MOMENTS = st.sampled_from([0.0, 0.001, 0.004, 0.004, 0.01, 0.01, 0.02, 0.1, 1.0, 30.0])
SLACKS = st.sampled_from([-0.001, 0.004, 0.012, 0.03, 0.1, 0.1, 2.0, 2.0])
WAITING = ("triton", "tfserving", "symphony")
"""Policies that hold a device free, so that a batch may grow: the last one up to a deadline."""
WINDOW_S = 0.002
"""How long the others wait."""


class Checked(Manual):
    """An executor that holds each command against what it knows itself."""

    alive: set[str]
    leaving: set[tuple[str, str]]
    answers: Counter[int]

    def takes(self, device: str) -> bool:
        """All at once."""
        return True

    def run(self, batch: Batch) -> None:
        super().run(batch)
        spec = MODELS[batch.model]
        assert batch.device in self.alive
        assert batch.works and {work.model for work in batch.works} == {batch.model}
        assert batch.rows == sum(work.rows for work in batch.works) <= spec.sizes[-1]
        assert batch.size == spec.sizes[bisect_left(spec.sizes, batch.rows)]
        assert batch.reason
        for work in batch.works:
            assert work.deadline > self.now, "nothing runs after its deadline"
            assert work.state == "running" and self.answers[work.order] == 0
            assert work.attempts <= 2

    def load(self, device: str, model: str) -> None:
        super().load(device, model)
        assert device in self.alive and model not in self.held[device]
        room = next(spec.memory_bytes for spec in DEVICES if spec.name == device)
        self.leaving.discard((device, model))
        taken = sum(MODELS[one].memory_bytes for one in [*self.held[device], model])
        assert taken <= room, "never over memory"

    def unload(self, device: str, model: str) -> None:
        super().unload(device, model)
        is_leaving = (device, model) in self.leaving
        assert is_leaving or not MODELS[model].is_pinned, "pinned is never evicted"
        self.leaving.discard((device, model))

    def drop(self, work: Work, why: DropReason) -> None:
        super().drop(work, why)
        assert work.state in ("expired", "failed")
        assert why != "expired" or work.deadline <= self.now
        self.answers[work.order] += 1


class Schedulers(RuleBasedStateMachine):
    """One scheduler with two devices that do not hold all models together."""

    @initialize(policy=st.sampled_from(sorted(POLICIES)), is_admitting=st.booleans())
    def begin(self, policy: str, is_admitting: bool) -> None:
        self.hands = Checked(held={spec.name: set() for spec in DEVICES})
        self.hands.alive, self.hands.leaving, self.hands.answers = {"a", "b"}, set(), Counter()
        self.policy = policy
        profiles = Profiles()
        for spec in MODELS.values():
            profiles.tell(spec.model, "cpu", {size: 0.002 + 0.001 * size for size in spec.sizes})
        self.scheduler = Scheduler(
            DEVICES, policy=make_policy(policy), profiles=profiles, executor=self.hands,
            clock=self.hands.clock, admission=Admission(is_on=is_admitting, max_rows=40),
            shares=Shares({"x": 2.0}, quantum_s=0.005),
            residency=Residency(LoadRules(1.0, min_residence_s=0.01, cooldown_s=0.05)),
        )  # fmt: skip
        self.taken: list[Work] = []
        self.stale: list[Batch] = []
        self.known: set[str] = set()
        for model in ("pinned", "small", "wide", "large"):
            self.add(model)
        for _ in range(2):
            for device in sorted(self.hands.loading):
                self.load_ends(device, is_failed=False)

    @precondition(lambda self: len(self.known) < len(MODELS))
    @rule(data=st.data())
    def add_model(self, data: st.DataObject) -> None:
        self.add(data.draw(st.sampled_from(sorted(MODELS.keys() - self.known))))

    def add(self, model: str) -> None:
        self.scheduler.add_model(MODELS[model])
        self.known.add(model)

    @precondition(lambda self: len(self.known) > 2)
    @rule(data=st.data())
    def remove_model(self, data: st.DataObject) -> None:
        model = data.draw(st.sampled_from(sorted(self.known)))
        self.known.remove(model)
        self.hands.leaving |= {(spec.name, model) for spec in DEVICES}
        self.scheduler.remove_model(model)
        assert not any(work.model == model and work.state == "waiting" for work in self.taken)

    @rule(
        model=st.sampled_from(sorted(MODELS)),
        rows=st.lists(st.integers(1, 3), min_size=1, max_size=6),
        slack=SLACKS,
        tenant=st.sampled_from(["", "x", "y"]),
        weight=st.sampled_from([0.3, 1.0, 1.0, 4.0]),
    )
    def submit(self, model: str, rows: list[int], slack: float, tenant: str, weight: float) -> None:
        """A burst of works; each is taken or refused, and an unknown model never is."""
        for count in rows:
            work = Work(model, count, self.hands.now + slack, tenant, weight)
            refusal = self.scheduler.submit(work)
            if refusal is None:
                assert slack > 0.0 and model in self.known
                self.taken.append(work)
            else:
                assert work.state == "refused"
                assert (refusal.reason == "unknown_model") == (model not in self.known)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        work = data.draw(st.sampled_from(self.taken))
        could = work.state in ("waiting", "running")
        assert self.scheduler.cancel(work) == could
        if could:
            self.hands.answers[work.order] += 1

    @precondition(lambda self: self.hands.running)
    @rule(data=st.data(), is_failed=st.sampled_from([False, False, False, True]))
    def finish(self, data: st.DataObject, is_failed: bool) -> None:
        batch = self.hands.running.pop(data.draw(st.sampled_from(sorted(self.hands.running))))
        answered = self.scheduler.finished(batch, ValueError() if is_failed else None)
        assert all(work.state == ("failed" if is_failed else "done") for work in answered)
        assert all(work in batch.works for work in answered)
        self.hands.answers.update(work.order for work in answered)
        self.stale.append(batch)

    @precondition(lambda self: self.hands.loading)
    @rule(data=st.data(), is_failed=st.sampled_from([False, False, True]))
    def end_load(self, data: st.DataObject, is_failed: bool) -> None:
        self.load_ends(data.draw(st.sampled_from(sorted(self.hands.loading))), is_failed=is_failed)

    def load_ends(self, device: str, *, is_failed: bool) -> None:
        model = self.hands.loading.pop(device)
        if not is_failed:
            self.hands.held[device].add(model)
        self.scheduler.loaded(device, model, ValueError() if is_failed else None)

    @rule(by=MOMENTS)
    def pass_time(self, by: float) -> None:
        self.hands.now += by
        due = self.scheduler.wake()
        assert due is None or due > self.hands.now

    @rule(what=st.sampled_from(["clock", "a", "b"]), by=st.sampled_from([-1e4, -1.0, -0.01, 1e4]))
    def disturb(self, what: str, by: float) -> None:
        """A clock is set forward or back, or a device is lost."""
        if what == "clock":
            self.pass_time(by)
            return
        self.hands.alive.discard(what)
        if what in self.hands.running:
            self.stale.append(self.hands.running.pop(what))
        self.hands.loading.pop(what, None)
        self.hands.held[what] = set()
        self.scheduler.lose(what)

    @rule(device=st.sampled_from(["a", "b"]))
    def regain(self, device: str) -> None:
        self.hands.alive.add(device)
        self.scheduler.regain(device)

    @precondition(lambda self: self.stale)
    @rule()
    def answer_again(self) -> None:
        """What was answered before, or comes from a device that was lost, is nobody's."""
        assert self.scheduler.finished(self.stale.pop()) == [], "nothing is answered twice"

    @invariant()
    def keeps_its_promises(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        stats = self.scheduler.stats()
        running = [work for batch in self.hands.running.values() for work in batch.works]
        waiting = [work for work in self.taken if work.state == "waiting"]
        assert sum(model.works for model in stats.models.values()) == len(waiting), "nothing lost"
        assert all(work.state in ("running", "cancelled") for work in running)
        for work in self.taken:
            is_over = work.state not in ("waiting", "running")
            assert self.hands.answers[work.order] == is_over, "each is answered once"
        for device in stats.devices:
            assert device.is_alive == (device.name in self.hands.alive)
            assert set(device.models) == self.hands.held[device.name]
            assert device.used_bytes <= device.memory_bytes
            self.is_work_conserving(device.name, waiting)

    def is_work_conserving(self, device: str, waiting: list[Work]) -> None:
        """A free device that holds a model which work waits for runs it, or waits a moment."""
        is_blocked = device == "b" and device in self.hands.loading
        if device in self.hands.running or is_blocked or device not in self.hands.alive:
            return
        could = [work for work in waiting if work.model in self.hands.held[device]]
        if could:
            until = min(work.deadline for work in could)
            if self.policy in ("triton", "tfserving"):
                until = self.hands.now + WINDOW_S
            due = self.scheduler.due()
            assert self.policy in WAITING and due is not None and due <= until

    def teardown(self) -> None:
        """When time has passed and devices have answered, every work has its one answer."""
        if not hasattr(self, "scheduler"):
            return
        while self.hands.running:
            batch = self.hands.running.popitem()[1]
            self.hands.answers.update(work.order for work in self.scheduler.finished(batch))
        self.hands.now = max([self.hands.now, *(work.deadline for work in self.taken)])
        self.scheduler.wake()
        assert not self.hands.running
        assert all(self.hands.answers[work.order] == 1 for work in self.taken)


def test_any_order_of_events_keeps_the_promises() -> None:
    """Nothing is lost, answered twice or run too late; memory, pins and caps hold; none idles."""
    run_state_machine_as_test(Schedulers, settings=examples(40, soak=2000))
