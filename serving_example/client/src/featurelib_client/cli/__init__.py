"""The `featurelib-client` command."""

from featurelib_client.cli.main import main

__all__ = ["main"]
