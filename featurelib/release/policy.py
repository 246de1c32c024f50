"""The version policy: what a version may move, and what it may not.

A patch moves no value, but for those that a hotfix declares. A minor version adds features. A major
version moves anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from featurelib.release.findings import Finding
from featurelib.release.versions import Kind, Version, kind_of, parse

if TYPE_CHECKING:
    from featurelib.release.diff import Difference, FeatureChange
    from featurelib.release.hotfix import Hotfix

__all__ = ["check"]


def check(
    old_version: str, new_version: str, difference: Difference, hotfix: Hotfix | None = None
) -> list[Finding]:
    """What a version moves and may not.

    Args:
        old_version: The version before.
        new_version: The version of what is to be released.
        difference: What `featurelib.release.diff.compare` found between the two.
        hotfix: The declared hotfix, if the new version is one.

    Returns:
        For each thing that moved and may not, what it is and the way out; empty if all is well.

    Raises:
        ReleaseError: A version is not ``major.minor.patch``.
    """
    old, new = parse(old_version), parse(new_version)
    if not old < new:
        return [
            Finding(
                f"version {new}",
                f"it does not come after {old}",
                f"release it as {old.next('patch')}, {old.next('minor')} or {old.next('major')}",
            )
        ]
    kind = kind_of(old, new)
    found = [*_same_but_moved(difference)]
    if hotfix is not None:
        found += _misused(hotfix, kind, old, new, difference)
    if kind != "major":
        for change in difference.features.values():
            found += _feature(change, kind, old, hotfix)
        found += _inputs(difference, kind, old)
        if difference.layout_changed:
            moved = "; ".join(
                f"{c.what}: {c.old or 'none'}, now {c.new or 'none'}"
                for c in difference.structure.layout
            )
            found.append(
                Finding(
                    "layout",
                    f"it moved ({moved}), and a {kind} version keeps it",
                    f"put it back, or release {old.next('major')}",
                )
            )
    return found


def _same_but_moved(difference: Difference) -> Iterator[Finding]:
    for change in difference.features.values():
        if change.status == "same" and change.moved_rows:
            yield Finding(
                f"feature {change.name}",
                f"{_rows(change)} moved, and its fingerprint is the same",
                "something below it gives other values without a new version: `featurelib lock "
                "--check` and `featurelib parity` say what",
            )


def _feature(
    change: FeatureChange, kind: Kind, old: Version, hotfix: Hotfix | None
) -> Iterator[Finding]:
    subject = f"feature {change.name}"
    declared = hotfix is not None and change.name in hotfix.rows
    if change.status == "added" and kind == "patch":
        yield Finding(
            subject,
            "it is added, and a patch adds nothing",
            f"leave it for {old.next('minor')}, or release that",
        )
    elif change.status == "removed":
        yield Finding(
            subject,
            f"it is removed, and a {kind} version keeps every feature",
            f"put it back, or release {old.next('major')}",
        )
    elif change.status == "changed" and not declared:
        ways = [f"put it back, or release {old.next('major')}"]
        if kind == "patch":
            ways.append(
                f"if it must be fixed in place, declare it in hotfix.toml: [features.{change.name}]"
            )
        yield Finding(
            subject,
            f"{_rows(change)} moved, and a {kind} version moves no value"
            if change.moved_rows
            else f"its fingerprint changed, so its values may move, though none of {change.rows:,} "
            f"rows did",
            "; ".join(ways),
        )
    elif change.status == "changed" and not _rises(change):
        assert change.new is not None
        yield Finding(
            subject,
            f"the hotfix changes it, and it is still version {change.new.version}",
            f"make it version {change.new.version + 1}",
        )


def _misused(
    hotfix: Hotfix, kind: Kind, old: Version, new: Version, difference: Difference
) -> Iterator[Finding]:
    subject = f"hotfix {hotfix.from_version} to {hotfix.to_version} of {hotfix.set}"
    if kind != "patch":
        yield Finding(
            subject,
            f"a hotfix is a patch, and {new} is a {kind} version",
            f"release it as {old.next('patch')}, or without the declaration",
        )
    expected = (difference.new.name, str(old), str(new))
    if (hotfix.set, hotfix.from_version, hotfix.to_version) != expected:
        yield Finding(
            subject,
            f"the release is of {expected[0]}, from {old} to {new}",
            "`set`, `from` and `to` of hotfix.toml are those of the two releases",
        )
    for name in hotfix.rows:
        change = difference.features.get(name)
        if change is None or change.status != "changed":
            status = "no feature of the set" if change is None else change.status
            yield Finding(
                f"feature {name}",
                f"the hotfix declares it, and it is {status}",
                f"a hotfix names what it changes, and nothing else: remove [features.{name}]",
            )


def _inputs(difference: Difference, kind: Kind, old: Version) -> Iterator[Finding]:
    """An old request must be understood by the new version, and mean the same."""
    fields = difference.new.request.by_name
    for change in difference.structure.inputs:
        field = fields.get(change.what.strip("`"))
        is_new = not change.old and field is not None
        if is_new and kind == "minor" and field is not None and field.has_default:
            continue
        what = f"it moved ({change.old or 'none'}, now {change.new or 'none'})"
        way_out = f"put it back, or release {old.next('major')}"
        if is_new and kind == "minor":
            what = "it is new and has no default, so the requests of today lack it"
            way_out = f"give it a default, or release {old.next('major')}"
        elif is_new:
            what = "it is new, and a patch adds nothing"
        yield Finding(f"input {change.what}", what, way_out)


def _rises(change: FeatureChange) -> bool:
    assert change.old is not None and change.new is not None
    return change.new.version > change.old.version


def _rows(change: FeatureChange) -> str:
    return f"{change.moved_rows:,} of {change.rows:,} rows"
