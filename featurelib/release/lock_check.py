"""Ops, tables and golden data that changed since they were released, and what to do about it."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from featurelib.op import Op, all_ops
from featurelib.parity.golden import case_path
from featurelib.release.findings import Finding
from featurelib.release.lock_entries import Present
from featurelib.release.repository import Recorded, Repository

__all__ = ["changed_entries"]

Entries = Mapping[str, Mapping[str, Any]]


def changed_entries(repository: Repository, locked: Entries, now: Present) -> Iterator[Finding]:
    """What a lock says otherwise than the repository."""
    blamed = {f.subject for f in now.findings}
    gone = [n for n in locked if n.startswith("set ") and n not in now.entries]
    silent = tuple(f"feature {n.removeprefix('set ')} " for n in gone)
    changed = [
        op for name, op in now.ops.items()
        if name in locked and name in now.entries
        and locked[name]["body"] != now.entries[name]["body"]
    ]  # fmt: skip
    shared = _shared_helpers(changed, [op for op in now.ops.values() if op not in changed])
    for name, entry in locked.items():
        kind, _, rest = name.partition(" ")
        current = now.entries.get(name)
        if current == entry or name in blamed:
            continue
        if kind == "op":
            yield from _op(repository, name, entry, current, now, shared)
        elif kind == "table":
            # Bundles hold the zones that they use; a newer release replaces the pinned one.
            if current is not None or not rest.startswith("zones "):
                yield _table(name, current)
        elif kind == "set":
            yield _set(repository, name, entry, current)
        elif not name.startswith(silent):
            yield _feature_of_bundle(name, current)


def _op(
    repository: Repository,
    name: str,
    entry: Mapping[str, Any],
    current: Mapping[str, Any] | None,
    now: Present,
    shared: Sequence[str],
) -> Iterator[Finding]:
    op = now.ops.get(name)
    if op is None or current is None:
        yield Finding(
            name,
            "it was released, and is gone",
            "put it back: bundles that name it run for ever"
            if "golden" in entry
            else "install the release of its package that has it",
        )
        return
    code = op.bodies[0].fn.__code__
    where = f"{repository.shown(code.co_filename)}:{code.co_firstlineno}"
    following = 1 + max(o.version for o in all_ops() if o.name == op.name)
    if entry["body"] != current["body"]:
        if "golden" not in current:
            way_out = (
                "it is not of this repository: install the release of its package that the "
                "bundles were made with, and tell its authors"
            )
        else:
            cases = case_path(repository.golden, op).with_name(f"{op.name}@{following}.jsonl")
            way_out = (
                f"make it version {following}: put the released body back, write the new one "
                f'beside it under @op("{op.name}", version={following}, ...), and its golden '
                f"cases to {repository.shown(cases)}"
            )
        told = f"; all ops that changed, and no other, reach {', '.join(shared)}"
        yield Finding(
            name,
            "its body, or something that it reaches, is not what was released"
            + (told if shared else ""),
            way_out,
            where,
        )
    if entry.get("golden") != current.get("golden"):
        path = repository.shown(case_path(repository.golden, op))
        yield Finding(
            name,
            f"its first {entry.get('cases')} golden cases are not those that were released",
            f"put the lines of {path} back as they were, and new ones at its end; if a value must "
            f"move, make it version {following} with a file of its own",
            path,
        )


def _table(name: str, current: Mapping[str, Any] | None) -> Finding:
    if current is None:
        return Finding(
            name,
            "the pinned table was released, and is gone",
            "put it back; a newer table comes beside it, with new versions of the ops that read it",
        )
    return Finding(
        name,
        "the pinned table was changed, or what kernels read of it",
        "put it back; other data is another release of the table, for new versions of ops",
    )


def _set(
    repository: Repository, name: str, entry: Mapping[str, Any], current: Mapping[str, Any] | None
) -> Finding:
    _, _, version = name.rpartition(" ")
    set_name = name.removeprefix("set ").removesuffix(f" {version}")
    recorded = Recorded(
        set_name,
        version,
        repository.golden / "features" / set_name / version / "features.jsonl",
    )
    where = repository.shown(recorded.rows)
    if current is None:
        return Finding(
            name, "it was released, and its golden rows are gone", "put them back", where
        )
    if entry["fingerprint"] != current["fingerprint"]:
        return Finding(
            name,
            "the bundle beside its golden rows is not the released one",
            "put it back; what is computed otherwise is released as a new version",
            repository.shown(recorded.bundle),
        )
    return Finding(
        name,
        "its golden rows are not those that were released",
        "put the file back: a released version keeps its values, and new ones are a new version",
        where,
    )


def _feature_of_bundle(name: str, current: Mapping[str, Any] | None) -> Finding:
    what = "is gone" if current is None else "is another"
    return Finding(
        name,
        f"in the bundle beside the golden rows it {what} than in the released one",
        "put the released bundle back",
    )


def _shared_helpers(changed: list[Op], others: list[Op]) -> list[str]:
    """Functions that all changed ops reach and no other op does: where to look first."""
    if len(changed) < 2:
        return []
    common = set.intersection(*(_reached(op) for op in changed))
    for op in others:
        common -= _reached(op)
    return sorted({f"{fn.__module__}.{fn.__name__}" for fn in common})


def _reached(op: Op) -> set[types.FunctionType]:
    found: set[types.FunctionType] = set()
    todo: list[Any] = [body.fn for body in op.bodies]
    while todo:
        value = todo.pop()
        if isinstance(value, Op):
            todo.append(value.bodies[0].fn)
        elif isinstance(value, types.FunctionType) and value not in found:
            found.add(value)
            names = value.__code__.co_names
            todo += [value.__globals__[n] for n in names if n in value.__globals__]
    return found
