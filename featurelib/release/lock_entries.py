"""What a lock says of the repository as it is now: ops, tables, and released versions of sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from featurelib.bundle import Bundle, load
from featurelib.errors import BundleError, UnknownOpError
from featurelib.op import Op, get_op
from featurelib.parity.golden import case_path
from featurelib.release.findings import Finding
from featurelib.release.own_ops import own_ops
from featurelib.release.recipes import Recipe
from featurelib.release.repository import Recorded, Repository
from featurelib.tables import TableData

__all__ = ["Present", "golden_digest", "survey", "tables"]

Entry = Mapping[str, Any]


@dataclass
class Present:
    """A repository as it is now.

    Attributes:
        entries: What a lock would say, by name; of golden cases, as many as the lock knows.
        grown: The entries of ops that gained golden cases since.
        ops: The op of each entry that is of one.
        bundles: The bundle of each released version that loads.
        findings: What cannot be locked.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    grown: dict[str, Entry] = field(default_factory=dict)
    ops: dict[str, Op] = field(default_factory=dict)
    bundles: list[tuple[Recorded, Bundle]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def survey(repository: Repository, recipe: Recipe, locked: Mapping[str, Entry]) -> Present:
    """Looks at everything of a repository that is released.

    Args:
        repository: Where; its feature sets are imported already.
        recipe: How hashes are made.
        locked: What the lock says: golden cases are counted as far as it knows them.
    """
    found = Present(dict(tables()))
    needed: set[str] = set()
    for recorded in repository.recorded():
        needed |= _survey_set(found, repository, recorded, recipe)
    own = own_ops(repository)
    for op in own:
        name, path = f"op {op.key}", case_path(repository.golden, op)
        body = {"body": recipe.op(op)}
        if path.is_file():
            known = locked.get(name, {}).get("cases")
            full = body | golden_digest(path)
            found.entries[name] = body | golden_digest(path, known) if known else full
            if known and full["cases"] > known:
                found.grown[name] = full
        else:
            found.findings.append(_no_cases(repository, op, path))
        found.ops[name] = op
    needed |= {name.removeprefix("op ") for name in locked if name.startswith("op ")}
    for key in needed - {op.key for op in own}:
        other = _registered(key)
        if other is not None:
            found.entries[f"op {key}"] = {"body": recipe.op(other)}
            found.ops[f"op {key}"] = other
    return found


def golden_digest(path: Path, cases: int | None = None) -> dict[str, Any]:
    """How many cases a golden file has, and the digest of their lines.

    Args:
        path: The file.
        cases: Look at so many lines, from the front; by default at all. A file may gain lines
            at its end.
    """
    lines = path.read_bytes().splitlines(keepends=True)[:cases]
    return {"cases": len(lines), "golden": hashlib.sha256(b"".join(lines)).hexdigest()}


def tables() -> Iterable[tuple[str, Entry]]:
    """The pinned tables, each with a digest over its data as kernels read them."""
    from featurelib.ops import unicode_tables
    from featurelib.ops.unicode_encoding import FORMS, case_table, class_table, normal_table
    from featurelib.regex import unicode_data
    from featurelib.regex.dialect import DIALECT
    from featurelib.zones import zone_names, zone_release, zone_table

    digest = hashlib.sha256(unicode_data.BINARY["White_Space"].encode())
    for direction in ("lower", "upper"):
        digest.update(case_table(direction).encode()[0])
    yield f"table unicode {unicode_tables.VERSION}", {"digest": digest.hexdigest()}
    cases = map(case_table, ("fold", "title"))
    classes = map(class_table, ("letter", "decimal_number", "alphabetic"))
    for table in (*cases, *classes, *map(normal_table, FORMS)):
        digest = hashlib.sha256(table.encode()[0])
        yield f"table {table.name.lower()}", {"digest": digest.hexdigest()}
    kinds = (unicode_data.GENERAL_CATEGORY, unicode_data.SCRIPT, unicode_data.BINARY)
    properties = repr((*(sorted(kind.items()) for kind in kinds), unicode_data.FOLDING))
    yield f"table regex {DIALECT}", {"digest": hashlib.sha256(properties.encode()).hexdigest()}
    names = zone_names()
    yield f"table zones {zone_release()}", {"digest": _zones_digest(tuple(map(zone_table, names)))}


@lru_cache(maxsize=1)
def _zones_digest(zones: tuple[TableData, ...]) -> str:
    """A digest over all zones; encoding them takes a second."""
    digest = hashlib.sha256()
    made: dict[Any, bytes] = {}
    for zone in zones:
        if zone.content not in made:  # half of the names are other names
            made[zone.content] = hashlib.sha256(zone.encode()[0]).digest()
        digest.update(zone.name.encode() + b"\0" + made[zone.content])
    return digest.hexdigest()


def _survey_set(
    found: Present, repository: Repository, recorded: Recorded, recipe: Recipe
) -> set[str]:
    """Adds a released version of a set; gives the ops that it uses."""
    name, version = recorded.name, recorded.version
    what = f"set {name} {version}"
    if not recorded.bundle.is_file():
        found.findings.append(
            Finding(
                what,
                "its golden rows are recorded, and its bundle does not stand beside them",
                f"save the bundle: bundle.save({repository.shown(recorded.bundle)!r})",
                repository.shown(recorded.rows),
            )
        )
        return set()
    try:
        bundle = load(recorded.bundle)
        rows = recorded.rows.read_bytes()
        header = json.loads(rows.partition(b"\n")[0])
        if (bundle.name, bundle.version) != (name, version):
            raise BundleError(f"it is the bundle of {bundle.name} {bundle.version}")
        if header["fingerprint"] != bundle.fingerprint:
            raise BundleError("the golden rows beside it are of another fingerprint")
    except (BundleError, ValueError, KeyError, TypeError) as error:
        found.findings.append(
            Finding(
                what,
                f"its released bundle can no longer be used: {_said(error, recorded.bundle)}",
                "a released bundle runs for ever: put back what it names (the op, its body, the "
                "file), and give the new meaning a new version",
                repository.shown(recorded.bundle),
            )
        )
        return _named_ops(recorded.bundle)
    found.bundles.append((recorded, bundle))
    digest = hashlib.sha256(rows).hexdigest()
    found.entries[what] = {"fingerprint": recipe.fingerprint(bundle), "golden": digest}
    for feature, fingerprint in recipe.features(bundle).items():
        found.entries[f"feature {name} {version} {feature}"] = {
            "fingerprint": fingerprint,
            "version": bundle.features[feature].version,
        }
    return _named_ops(recorded.bundle)


def _said(error: Exception, file: Path) -> str:
    """What an error says, without the file and the hint, which stand beside it."""
    return str(error).partition("\nHint:")[0].removeprefix(f"{file}: ")


def _named_ops(bundle: Path) -> set[str]:
    """The ops that a bundle's file names, whether or not they are installed."""
    try:
        return set(json.loads(bundle.read_bytes())["ops"])
    except (ValueError, KeyError, TypeError):
        return set()


def _registered(key: str) -> Op | None:
    name, _, version = key.rpartition("@")
    try:
        return get_op(name, int(version))
    except (UnknownOpError, ValueError):
        return None


def _file(op: Op) -> str:
    return op.bodies[0].fn.__code__.co_filename


def _no_cases(repository: Repository, op: Op, path: Path) -> Finding:
    return Finding(
        f"op {op.key}",
        "it has no golden cases, so nothing says what it means",
        f"write them to {repository.shown(path)}, by an oracle that shares no code with it",
        f"{repository.shown(_file(op))}:{op.bodies[0].fn.__code__.co_firstlineno}",
    )
