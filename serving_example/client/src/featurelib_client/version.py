"""The versions of the distribution and of the contracts that it speaks."""

__all__ = ["VERSIONS", "__version__"]

__version__ = "0.1.0"
VERSIONS = (2, 1)
"""Of the contract, the newest first."""
