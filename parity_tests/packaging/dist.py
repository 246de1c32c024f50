"""Sdists and wheels, built twice from two copies of the tree: what ``make dist`` runs.

There are two distributions: featurelib, and the client of the serving example, which ships alone.
Both builds must give the same bytes, so that anyone can rebuild a release and compare. Then the
wheel is installed with each extra into an environment of its own, and used there (`extras.py`); the
client's is installed alone, and with all its extras, and asks a service that runs from the
checkout.
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

from parity_tests.packaging.extras import EXTRAS, install_and_run, use

ROOT = Path(__file__).parents[2]
CLIENT = "serving_example/client"
CLIENT_EXTRAS = "numpy,opentelemetry,prometheus"
USES = (*EXTRAS, "client", "client-extras")


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
            target = out if name == "one" else Path(scratch) / "second"
            build(tree, target)
            found.append(build(tree / CLIENT, target))  # the digests of all that lies there
    if found[0] != found[1]:
        raise SystemExit(f"two builds of one tree differ: {found[0]} and {found[1]}")
    return found[0]


def use_client(wheel: Path) -> str:
    """Installs the client's wheel alone, asks a service with it, and replays the golden corpus.

    Args:
        wheel: The wheel's file.

    Returns:
        What the script said, and how long it took.

    Raises:
        UseFailed: With what pip or the script said.
    """
    from serving_example.client.tests.process import started

    with started() as port:
        wanted = f"featurelib-client @ {wheel.resolve().as_uri()}"
        url, replayer = f"http://127.0.0.1:{port}", ROOT / CLIENT / "replay.py"
        corpus = ROOT / "golden_data" / "client"
        return install_and_run(wanted, "use_client.py", url, str(replayer), str(corpus))


def use_client_extras(wheel: Path) -> str:
    """Installs the client's wheel with all its extras, and uses each of them.

    Args:
        wheel: The wheel's file.

    Returns:
        What the script said, and how long it took.

    Raises:
        UseFailed: With what pip or the script said.
    """
    from serving_example.client.tests.process import started

    with started() as port:
        wanted = f"featurelib-client[{CLIENT_EXTRAS}] @ {wheel.resolve().as_uri()}"
        return install_and_run(wanted, "use_client_extras.py", f"http://127.0.0.1:{port}")


def main() -> None:
    """Builds, writes SHA256SUMS, uses every extra and the client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the files go")
    parser.add_argument(
        "--extras", nargs="*", choices=USES, default=USES,
        help="which are installed and used; `client` is the client's wheel alone, `client-extras` "
        "the same with all of its own",
    )  # fmt: skip
    args = parser.parse_args()
    digests = build_twice(args.out)
    sums = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (args.out / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(f"two builds, the same bytes:\n{sums}", end="", flush=True)
    (wheel,) = args.out.glob("featurelib-*.whl")
    (client,) = args.out.glob("featurelib_client-*.whl")
    for extra in args.extras:
        if extra == "client":
            said = use_client(client)
        elif extra == "client-extras":
            said = use_client_extras(client)
        else:
            said = use(wheel, extra)
        print(f"{extra}: {said}", flush=True)


if __name__ == "__main__":
    main()
