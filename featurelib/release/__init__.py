"""Releases: what is locked, what a version may move, how a hotfix is declared and proven.

With the package the registry is loaded, which services read and which needs no extra. Everything
else is loaded by the command that needs it.
"""

from featurelib.release.registry import Registry
from featurelib.release.release_folder import Release

__all__ = ["Registry", "Release"]
