"""The `featurelib` command."""

from featurelib.cli.main import main

__all__ = ["main"]
