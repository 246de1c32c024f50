"""What an import of the client costs, by what it brings and not by a clock."""

import subprocess
import sys
from pathlib import Path

import featurelib_client

SOURCE = Path(featurelib_client.__file__).parents[1]
LATER = ("pydantic", "httpcore2", "tenacity", "asyncio", "numpy", "email", "ssl")


def loaded(code: str) -> set[str]:
    """Which of `LATER` a new process has after some code."""
    told = f"import sys\n{code}\nprint(*[name for name in {LATER!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{told}"],
        capture_output=True, text=True, timeout=120, check=True, cwd=SOURCE,
    )  # fmt: skip
    return set(done.stdout.split())


def test_the_import_leaves_what_is_heavy_to_the_first_client() -> None:
    """`import featurelib_client`, `Client` too, brings neither pydantic nor the HTTP library."""
    assert loaded("from featurelib_client import *") >= {"pydantic", "asyncio"}
    assert loaded("import featurelib_client") == set()
    assert loaded("from featurelib_client import Client, Settings, Tensor, ClientError") == set()


def test_help_of_the_command_waits_for_nothing_heavy() -> None:
    """`--help` and a wrong argument are told before pydantic or the HTTP library is imported."""
    code = (
        "import os\nfrom featurelib_client.cli import main\n"
        "kept, sys.stdout, sys.stderr = sys.stdout, *[open(os.devnull, 'w')] * 2\n"
        "assert (main(['bench', '--help']), main(['models', '--no'])) == (0, 2)\n"
        "sys.stdout = kept"
    )
    assert loaded(code) <= {"email"}  # argparse asks `shutil` for the width, and that for more


def test_a_client_that_was_made_imports_nothing_at_its_first_call() -> None:
    """All is there before a deadline runs: a call imports no module of anybody."""
    code = (
        "from featurelib_client import Client\n"
        "client = Client('http://127.0.0.1:9', max_attempts=2, backoff_s=0.0)\n"
        "before = set(sys.modules)\n"
        "client.ready()\n"
        "assert not {n for n in set(sys.modules) - before if n.partition('.')[0] in "
        f"{LATER!r}}}, set(sys.modules) - before"
    )
    assert {"pydantic", "httpcore2", "tenacity"} <= loaded(code)


def test_only_https_reads_certificates() -> None:
    """The system's bundle is read when a client of https is made, and then before any deadline."""
    code = (
        "import ssl\n"
        "from featurelib_client import Client\n"
        "made, begin = [], ssl.SSLContext.__new__\n"
        "ssl.SSLContext.__new__ = lambda *given: made.append(1) or begin(*given)\n"
        "for url in ('http://films:8000', 'unix:/run/films'): Client(url)\n"
        "assert not made, made\n"
        "Client('https://films')\n"
        "assert made"
    )
    assert "ssl" in loaded(code)


def test_every_public_name_is_there() -> None:
    """Names that are imported late are the same objects as where they are defined."""
    for name in featurelib_client.__all__:
        assert getattr(featurelib_client, name) is not None
    assert set(featurelib_client.__all__) <= set(dir(featurelib_client))
    from featurelib_client import contract, films

    assert featurelib_client.Item is contract.Item
    assert featurelib_client.Recommendation is films.Recommendation
