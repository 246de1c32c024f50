"""Text against regular expressions: docs/regex.md has the dialect."""

from featurelib.ops.pattern import matching, methods, replacing, tables

__all__ = ["matching", "methods", "replacing", "tables"]
