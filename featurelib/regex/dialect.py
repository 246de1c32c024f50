"""The version of what patterns mean."""

from __future__ import annotations

DIALECT = "1"
"""Rust's syntax and meaning, with Unicode 17.0.0. What a pattern means changes only with it."""
