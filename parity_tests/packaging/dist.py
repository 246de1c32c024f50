"""The sdist and the wheel, built twice from two copies of the tree: what ``make dist`` runs.

Both builds must give the same bytes, so that anyone can rebuild a release and compare. Then the
wheel is installed with each extra into an environment of its own, and used there (`extras.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from parity_tests.packaging.extras import EXTRAS, use

ROOT = Path(__file__).parents[2]


def copy_of_tree(target: Path) -> None:
    """The files that git does not ignore, as they are now; all of them where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        skipped = shutil.ignore_patterns(".venv", ".cache", "dist", "out", "__pycache__")
        shutil.copytree(ROOT, target, ignore=skipped)
        return
    for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def build(tree: Path, out: Path) -> dict[str, str]:
    """Builds the sdist, and the wheel from it; the digest of each file by its name."""
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)],
        check=True, env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.iterdir())}


def build_twice(out: Path) -> dict[str, str]:
    """Builds two copies of the tree; the first build is kept in `out`.

    Raises:
        SystemExit: The two differ.
    """
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = []
        for name in ("one", "two"):
            tree = Path(scratch) / name / "featurelib"
            copy_of_tree(tree)
            found.append(build(tree, out if name == "one" else Path(scratch) / "second"))
    if found[0] != found[1]:
        raise SystemExit(f"two builds of one tree differ: {found[0]} and {found[1]}")
    return found[0]


def main() -> None:
    """Builds, writes SHA256SUMS, uses every extra."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the files go")
    parser.add_argument(
        "--extras", nargs="*", choices=EXTRAS, default=EXTRAS, help="which are installed and used"
    )
    args = parser.parse_args()
    digests = build_twice(args.out)
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (args.out / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(f"two builds, the same bytes:\n{sums}", end="", flush=True)
    (wheel,) = args.out.glob("*.whl")
    for extra in args.extras:
        print(f"{extra}: {use(wheel, extra)}", flush=True)


if __name__ == "__main__":
    main()
