"""Values written as text, and read from it: integers, truth values, dates and times."""

from featurelib.ops.text_values import reading, writing

__all__ = ["reading", "writing"]
