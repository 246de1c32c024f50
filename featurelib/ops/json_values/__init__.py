"""Values out of JSON text."""

from featurelib.ops.json_values import grammar, paths, steps

__all__ = ["grammar", "paths", "steps"]
