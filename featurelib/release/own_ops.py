"""The ops of a repository: golden cases that their bodies give, and the rules of kernel Python.

What holds for the ops of featurelib holds for those of a team, without a test of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from featurelib.errors import ParityError
from featurelib.op import Op, all_ops
from featurelib.release.findings import Finding
from featurelib.release.repository import Repository

__all__ = ["check_ops", "own_ops"]

_REQUIRED = ("basic", "nulls")
_SHOWN = 5
"""Golden cases of one op that are shown where they differ."""


def own_ops(repository: Repository) -> list[Op]:
    """The ops whose bodies stand in the repository; its feature sets are imported already."""
    return [op for op in all_ops() if repository.holds(op.bodies[0].fn.__code__.co_filename)]


def check_ops(repository: Repository, ops: Iterable[Op], found: list[Finding]) -> int:
    """Replays golden cases in the reference evaluator, and looks at the bodies.

    Args:
        repository: Whose golden data has the cases.
        ops: Some of its ops.
        found: Gets what is wrong.

    Returns:
        How many golden cases there are.
    """
    count = 0
    for op in ops:
        count += _golden(repository, op, found)
        found += _rules(repository, op)
    return count


def _golden(repository: Repository, op: Op, found: list[Finding]) -> int:
    from featurelib.parity.golden import case_path, check, read_cases, replay_reference

    path = case_path(repository.golden, op)
    if not path.is_file():
        return 0  # the lock says so
    wrong, groups, count = [], set(), 0
    try:
        for case in read_cases(path):
            groups.add(case.group)
            count += 1
            try:
                check(case, replay_reference(case))
            except ParityError as error:
                wrong.append(str(error))
    except ParityError as error:
        wrong.append(str(error))
    subject, where = f"op {op.key}", repository.shown(path)
    way_out = "mend the body, or the case if its oracle was wrong; a released op keeps its values"
    found += [Finding(subject, what, way_out, where) for what in wrong[:_SHOWN]]
    if len(wrong) > _SHOWN:
        found.append(Finding(subject, f"{len(wrong) - _SHOWN} more cases differ", way_out, where))
    lacking = [group for group in _REQUIRED if group not in groups]
    if lacking and not wrong:
        what = f"it has no golden cases of the group {' and '.join(lacking)}"
        found.append(Finding(subject, what, "write them, by an oracle of their own", where))
    return count


def _rules(repository: Repository, op: Op) -> Iterator[Finding]:
    from featurelib.parity.kernel_rules import body_functions, offences

    for fn in body_functions(op):
        for what in offences(fn):
            yield Finding(
                f"op {op.key}",
                what,
                "docs/architecture.md has the rules of kernel Python; intrinsics do the rest",
                repository.shown(fn.__code__.co_filename),
            )
