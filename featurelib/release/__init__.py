"""Releases: what is locked, what a version may move, how a hotfix is declared and proven.

Nothing is loaded with the package: each command loads the module that it needs.
"""
