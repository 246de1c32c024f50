"""Code in the docs runs as it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md", "docs/models.md"])
def test_code_of_a_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All Python blocks of a page, run in order in one namespace, raise nothing."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = [
        (m.start(), m.group(1)) for m in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S)
    ]
    assert blocks
    monkeypatch.chdir(tmp_path)
    # Features read their own source for errors, so that lines must be the page's.
    shown = {"__name__": "documented"}
    for start, code in blocks:
        lines = text.count("\n", 0, start) + 1
        exec(compile("\n" * lines + code, str(ROOT / page), "exec"), shown)
    assert capsys.readouterr().out
