"""The public API of `featurelib-client`, as the last release had it, and whether it still holds.

``public_api.txt`` has every public class, method, argument and field. ``--check`` compares the
package with it by griffe, and types by `public_types`: what breaks a caller fails unless the
version says so. At a release ``--write`` writes the file anew. It is a file, and not the tag of the
last release, because a clone without tags and an sdist can then check too, and because a review
sees what moves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from serving_example.client.generate import formatted
from serving_example.client.public_types import retyped

HERE = Path(__file__).parent
SOURCE = HERE / "src"
BASELINE = HERE / "public_api.txt"
PUBLIC = ("featurelib_client", "featurelib_client.compatibility", "featurelib_client.testing")
"""Modules whose ``__all__`` is promised; all others may change with a patch."""
_HEAD = "# The public API of featurelib-client {version}"
_WAY = "`python -m serving_example.client.public_api --write`"


def version_of(source: Path) -> str:
    """The version that a source tree says it has."""
    package = griffe.load("featurelib_client.version", search_paths=[source])
    return str(package["__version__"].value).strip("\"'")


def rendered(source: Path) -> str:
    """The public API of a source tree: a section for each module, names in order."""
    parts = [f"{_HEAD.format(version=version_of(source))}, written by {_WAY}.\n"]
    package: Any = griffe.load("featurelib_client", search_paths=[source], resolve_aliases=True)
    for name in PUBLIC:
        _, _, inner = name.partition(".")
        module = package[inner] if inner else package
        exports = sorted(map(str, module.exports))
        lines = [f"__all__ = {exports}"]
        for export in exports:
            made = module[export]
            lines += ["", *_object(made.final_target if made.is_alias else made, export)]
        parts.append(f"### {name}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def breaks(old: str, new: str) -> list[str]:
    """What of one API breaks the callers of an older one, a line each.

    Both are what `rendered` gave: there every name is defined where it is public, and griffe
    follows no import (it takes what a package imports for seen, and compares nothing of it).
    """
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        before, after = Path(scratch, "before"), Path(scratch, "after")
        _write(old, before)
        _write(new, after)
        for name in _sections(old):
            if name not in _sections(new):
                found.append(f"{name}: the module is gone")
                continue
            both = (griffe.load(name, search_paths=[folder]) for folder in (before, after))
            found += [_told(one) for one in griffe.find_breaking_changes(*both)]
            found += retyped(_sections(old)[name], _sections(new)[name], name)
    return sorted(set(found))


def is_major(old: str, new: str) -> bool:
    """Whether a version may break callers of an older one; while it is 0.y, y counts as major."""
    before, after = ([int(part) for part in text.split(".")[:2]] for text in (old, new))
    return after[0] > before[0] or (after[0] == before[0] == 0 and after[1] > before[1])


def problems(promised: str, found: str) -> list[str]:
    """What is wrong with an API beside an older one; empty if nothing is.

    Args:
        promised: What `rendered` gave for the last release.
        found: What it gives now.
    """
    old, new = _version(promised), _version(found)
    broken = breaks(promised, found)
    if not broken or is_major(old, new):
        return []
    way = (
        f"{len(broken)} breaks since {old}, and the version is {new}: keep what was there, or make "
        f"it a major version (while it is 0, the second number) and write the API again with {_WAY}"
    )
    return [*broken, way]


def main() -> int:
    """Writes the baseline, or says what breaks it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail on a break; the default")
    parser.add_argument("--write", action="store_true", help="the API as it is now is promised")
    if parser.parse_args().write:
        BASELINE.write_text(_readable(rendered(SOURCE)), encoding="utf-8")
        return 0
    found = problems(BASELINE.read_text(encoding="utf-8"), rendered(SOURCE))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


def _object(made: Any, name: str, indent: str = "") -> list[str]:
    """Lines of a class, a function or a value, as Python would have them."""
    if made.is_class:
        bases = ", ".join(str(base) for base in made.bases)
        lines = [f"class {name}({bases}):" if bases else f"class {name}:"]
        for member in sorted(made.members):
            if _is_public(member):
                lines += _object(made.members[member], member, "    ")
        return lines if len(lines) > 1 else [*lines, "    pass"]
    if made.is_function:
        word = "async def" if "async" in made.labels else "def"
        returns = f" -> {made.returns}" if made.returns is not None else ""
        lines = [f"{indent}@{kind}" for kind in ("classmethod", "staticmethod")
                 if kind in made.labels]  # fmt: skip
        return [*lines, f"{indent}{word} {name}({', '.join(_arguments(made))}){returns}: ..."]
    annotation = made.annotation if made.annotation is not None else "object"
    return [f"{indent}{name}: {annotation}"]


def _arguments(made: Any) -> Iterator[str]:
    """The arguments of a function, with what separates their kinds."""
    kinds, seen = griffe.ParameterKind, set[Any]()
    for one in made.parameters:
        if kinds.positional_only in seen and one.kind is not kinds.positional_only:
            seen.remove(kinds.positional_only)
            yield "/"
        is_bare = one.kind is kinds.keyword_only and not seen & {one.kind, kinds.var_positional}
        if is_bare:
            yield "*"
        seen.add(one.kind)
        stars = {kinds.var_positional: "*", kinds.var_keyword: "**"}.get(one.kind, "")
        annotation = f": {one.annotation}" if one.annotation is not None else ""
        default = f" = {one.default}" if one.default is not None and not stars else ""
        yield f"{stars}{one.name}{annotation}{default}"


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__enter__", "__aenter__")


def _readable(api: str) -> str:
    """An API in lines that a review can read."""
    head = api.partition("\n### ")[0]
    parts = [f"### {name}\n\n{formatted(text)}" for name, text in _sections(api).items()]
    return "\n".join([head + "\n", *parts])


def _sections(baseline: str) -> dict[str, str]:
    parts = baseline.split("\n### ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


def _write(api: str, folder: Path) -> None:
    """The sections of an API as modules that can be loaded."""
    for name, text in _sections(api).items():
        file = Path(folder, *name.split("."), "__init__.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _version(baseline: str) -> str:
    return baseline.partition(_HEAD.format(version=""))[2].partition(",")[0]


def _told(one: griffe.Breakage) -> str:
    about = one.as_dict()
    value = about["old_value"] if about["old_value"] is not None else about["new_value"]
    values = value if isinstance(value, list) else [value]
    shown = ", ".join(str(getattr(each, "name", each)) for each in values)
    return f"{about['object_path']}: {one.kind.value} ({shown:.80})"


if __name__ == "__main__":
    sys.exit(main())
