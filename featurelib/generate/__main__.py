"""``python -m featurelib.generate``: writes the generated files, or finds those that are stale.

Run in a checkout. ``--check`` writes nothing and ends with status 1 if a file would change.
"""

from __future__ import annotations

import argparse
import sys

from featurelib.generate.files import ROOT, generated_files


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the files; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m featurelib.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, find stale files")
    only_check = parser.parse_args(arguments).check
    stale = 0
    for path, text in generated_files().items():
        shown = path.relative_to(ROOT)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if only_check:
            print(f"{shown} is stale: run `make generate`", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {shown}")
    return int(only_check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
