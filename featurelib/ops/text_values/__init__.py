"""Values written as text, and read from it; how far texts are apart, and their hashed parts."""

from featurelib.ops.text_values import floats, grams, jaro, reading, shortest, strftime, writing

__all__ = ["floats", "grams", "jaro", "reading", "shortest", "strftime", "writing"]
