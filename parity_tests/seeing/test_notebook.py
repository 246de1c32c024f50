"""The notebook of docs/ runs, and its committed outputs are what it shows.

To run and write it again: python -m parity_tests.seeing.test_notebook
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "flights.ipynb"


def stable(cell: Any) -> list[str]:
    """The printed text and plain values of a cell."""
    texts = []
    for output in cell["outputs"]:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        texts.append(re.sub(r"[\d,]+ bytes", "bytes", text))
    return texts


def execute(source: Path, target: Path) -> None:
    """Runs a notebook in processes of its own: sockets and loops of Jupyter stay out of pytest.

    Standard error is left out: it tells of progress, which a slow machine has more of.
    """
    code = (
        "import nbclient, nbformat, sys\n"
        "source, target, folder = sys.argv[1:]\n"
        "notebook = nbformat.read(source, as_version=4)\n"
        "resources = {'metadata': {'path': folder}}\n"
        "nbclient.NotebookClient(notebook, kernel_name='python3', resources=resources).execute()\n"
        "for cell in notebook.cells:\n"
        "    cell.metadata.pop('execution', None)\n"
        "    if cell.cell_type == 'code':\n"
        "        said = [o for o in cell.outputs if o.get('name') != 'stderr']\n"
        "        cell.outputs = said\n"
        "nbformat.write(notebook, target)"
    )
    # The backend is the kernel's choice; a test run without a screen may have set another.
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    # With an empty cache of machine code, every kernel of the notebook is compiled first.
    done = subprocess.run(
        [sys.executable, "-c", code, source, target, source.parent],
        capture_output=True,
        text=True,
        timeout=400,
        env={**environment, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-4000:]


def test_the_notebook_runs_and_shows_what_is_committed(tmp_path: Path) -> None:
    """Every cell runs, and prints what the committed notebook shows."""
    execute(NOTEBOOK, tmp_path / "ran.ipynb")
    committed = nbformat.read(NOTEBOOK, as_version=4)
    ran = nbformat.read(tmp_path / "ran.ipynb", as_version=4)
    for before, after in zip(committed.cells, ran.cells, strict=True):
        if before.cell_type == "code":
            assert before.execution_count is not None
            assert stable(before) == stable(after), f"{__doc__}\n{before.source}"


def test_the_notebook_holds_no_path_of_a_machine() -> None:
    """What is committed says nothing of where it ran."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|Users|usr)/", text)


if __name__ == "__main__":
    execute(NOTEBOOK, NOTEBOOK)
