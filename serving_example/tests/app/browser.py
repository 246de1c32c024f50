"""A real browser: Debian's Chromium, driven by Playwright."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A headless browser. Without one installed the test is left out, but never in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        hint = "no chromium on the PATH: apt-get install chromium"
        if os.environ.get("CI"):
            raise RuntimeError(hint)
        pytest.skip(hint)
    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield made
        finally:
            made.close()
