"""The gate: everything that one release must pass, on one page.

lock     nothing that was released has changed without a new version
golden   the golden rows of this version, and of every earlier one, are what their bundles give;
         the bodies of the repository's own ops in it give their golden cases
parity   all engines give the same bits
policy   the version moves what a version of its kind may move
hotfix   what a declared hotfix moves, it moves only in the rows that it declares
models   the models that a hotfix accepts are known, and may run (where models are given)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from featurelib.errors import FeaturelibError
from featurelib.release.findings import Finding
from featurelib.release.gate_report import Check, GateReport

if TYPE_CHECKING:
    from featurelib.parity.report import EventSection, Section
    from featurelib.release.diff import Difference
    from featurelib.release.gate_target import Release
    from featurelib.release.hotfix import Hotfix
    from featurelib.release.hotfix_models import Earlier
    from featurelib.release.lock_file import LockFile
    from featurelib.release.repository import Repository

__all__ = ["Asked", "gate"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What the gate is asked about.

    Attributes:
        repository: Where it runs.
        new: What is to be released.
        old: The release before, None for a first one.
        hotfix: The file of a declared hotfix, if there is one: ``hotfix.toml``, or the
            ``declaration.json`` of a release folder.
        data: A file of rows to look at besides golden and generated ones.
        events: Files of each event source; `data` then has queries about them.
        rows: How many rows to generate.
        seed: Of their generator.
        base: An earlier lock, which must be in the one of today.
        models: Files of what models remember of their inputs, or folders of these.
        earlier: Gives the releases before, for models that run by the word of an earlier hotfix.
    """

    repository: Repository
    new: Release
    old: Release | None = None
    hotfix: Path | None = None
    data: str | None = None
    rows: int = 20_000
    seed: int = 0
    base: LockFile | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    earlier: Earlier | None = None

    @property
    def title(self) -> str:
        """Which release it is."""
        name, version = self.new.bundle.name, self.new.bundle.version
        before = f"{self.old.bundle.version} to " if self.old else ""
        return f"{name} {before}{version}"


def gate(asked: Asked, tell: Tell = lambda what: None) -> GateReport:
    """Runs every check; one that fails does not keep the others from running.

    Args:
        asked: What it is asked about.
        tell: Told what runs now.
    """
    notes: list[str] = []
    checks = []
    for name, run in (("lock", _lock), ("golden", _golden), ("parity", _parity)):
        tell(name)
        checks.append(_guarded(name, partial(run, asked)))
    if asked.old is None:
        notes.append(
            f"{asked.new.bundle.name} has no earlier release, so no version policy was checked"
        )
        if asked.hotfix is not None:
            checks.append(_no_old(asked))
    else:
        tell("policy")
        checks += _moves(asked, notes)
    if asked.new.bundle.unowned_ops:
        notes.append(_unowned(asked.new.bundle.unowned_ops))
    return GateReport(asked.title, tuple(checks), tuple(notes))


def _unowned(ops: tuple[str, ...]) -> str:
    return (
        f"{', '.join(ops)}: no distribution registers it by the entry point `featurelib.ops`, so a "
        "service can load the bundle only after it imported the op's module itself"
    )


def _guarded(name: str, run: Callable[[], Check]) -> Check:
    try:
        return run()
    except FeaturelibError as error:
        return Check(name, "could not be checked", (_raised(name, error),))


def _raised(subject: str, error: FeaturelibError) -> Finding:
    message = str(error).removesuffix(f"\nHint: {error.hint}")
    return Finding(subject, message, error.hint or "see the message")


def _lock(asked: Asked) -> Check:
    from featurelib.release.lock import check

    found = check(asked.repository, asked.base)
    said = f"{len(found.entries)} entries of featurelib.lock"
    return Check("lock", said, found.findings)


def _golden(asked: Asked) -> Check:
    from featurelib.bundle import load
    from featurelib.release.gate_golden import replay
    from featurelib.release.own_ops import check_ops, own_ops

    new = asked.new
    found: list[Finding] = []
    count = replay(new.bundle, new.golden, found)
    others = [
        r
        for r in asked.repository.recorded()
        if r.name == new.bundle.name and r.version != new.bundle.version and r.bundle.is_file()
    ]
    for recorded in others:
        replay(load(recorded.bundle), recorded.rows, found)
    keys = {op.key for op in new.bundle.ops}
    own = [op for op in own_ops(asked.repository) if op.key in keys]
    cases = check_ops(asked.repository, own, found)
    said = f"{count:,} rows of {new.bundle.version}, and those of {len(others)} other version"
    said += "" if len(others) == 1 else "s"
    said += f"; {cases:,} cases of {len(own)} op{'' if len(own) == 1 else 's'}" if own else ""
    return Check("golden", said, tuple(found))


def _parity(asked: Asked) -> Check:
    from featurelib.parity.run import check
    from featurelib.parity.targets import read_data, read_events, read_rows

    bundle, data, events = asked.new.bundle, None, None
    own = bundle.aggregates.sources if bundle.aggregates else {}
    mine = {name: files for name, files in asked.events.items() if name in own}
    if asked.data is not None and mine:
        queries = read_data(asked.data, bundle, queries=True)
        events, _ = read_events(bundle, queries, mine)
    elif asked.data is not None:
        data = read_rows(bundle, read_data(asked.data, bundle))
    report = check(bundle, rows=asked.rows, seed=asked.seed, data=data, events=events)
    sections: tuple[EventSection | Section, ...] = (*report.events, *report.sections)
    engines = max((len(s.runs) for s in sections), default=0)
    rows = sum(s.rows for s in sections)
    found = [
        Finding(
            f"{section.where}",
            "; ".join(line.strip() for line in mismatch.lines()[:4]),
            f"`featurelib parity` with --seed {asked.seed} --rows {asked.rows} shows it whole",
        )
        for section in sections
        for mismatch in section.mismatches
    ]
    if not report.passed and not found:
        found = [Finding("parity", "engines differ", "run `featurelib parity`")]
    return Check("parity", f"{rows:,} rows through {engines} engines", tuple(found))


def _moves(asked: Asked, notes: list[str]) -> Iterator[Check]:
    """The version policy, and the proof of a hotfix."""
    from featurelib.release import hotfix_file, policy
    from featurelib.release.diff import compare
    from featurelib.release.gate_hotfix import other_states
    from featurelib.release.versions import kind_of, parse

    assert asked.old is not None
    old, new = asked.old, asked.new
    notes += other_states(old.bundle, new.bundle)
    hotfix: Hotfix | None = None
    refused: FeaturelibError | None = None
    if asked.hotfix is not None:
        try:
            hotfix = hotfix_file.read(asked.hotfix, old.bundle, new.bundle)
        except FeaturelibError as error:
            refused = error
    found: Difference | None = None

    def compared() -> Check:
        nonlocal found
        golden = [r.golden for r in (new, old) if r.golden is not None and r.golden.is_file()]
        found = compare(
            old.bundle, new.bundle, rows=asked.rows, seed=asked.seed, data=asked.data,
            events=asked.events, golden=golden,
        )  # fmt: skip
        versions = old.bundle.version, new.bundle.version
        kind = kind_of(*map(parse, versions))
        changed = sum(f.status != "same" for f in found.features.values())
        rows = ", ".join(f"{n:,} {k}" for k, n in found.rows.items())
        said = f"{kind} version; {changed} of {len(found.features)} features not the same ({rows})"
        return Check("policy", said, tuple(policy.check(*versions, found, hotfix)))

    yield _guarded("policy", compared)
    if refused is not None:
        yield Check("hotfix", f"{asked.hotfix}", (_raised("hotfix", refused),))
    elif hotfix is not None and found is not None:
        yield _guarded("hotfix", partial(_proof, asked, hotfix, found, notes))
    if asked.models:
        yield _guarded("models", partial(_models, asked, hotfix, notes))


def _proof(asked: Asked, hotfix: Hotfix, found: Difference, notes: list[str]) -> Check:
    from featurelib.release.gate_hotfix import edges, prove

    around = edges(hotfix, found.old, found.new, asked.rows, asked.seed)
    return prove(hotfix, found, notes, around)


def _models(asked: Asked, hotfix: Hotfix | None, notes: list[str]) -> Check:
    from featurelib.release.gate_models import check_models

    assert asked.old is not None
    old, new = asked.old.bundle, asked.new.bundle
    return check_models(asked.models, old, new, hotfix, asked.earlier, notes)


def _no_old(asked: Asked) -> Check:
    way_out = "name the release that it fixes: --from BUNDLE"
    return Check(
        "hotfix",
        f"{asked.hotfix}",
        (Finding("hotfix", "there is no earlier release to fix", way_out),),
    )
