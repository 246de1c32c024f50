"""Signing and stores come along; nothing of training or serving does."""

from trips import is_absent, trips

import featurelib as fl

is_absent("torch", "pandas", "pytest", "polars", "numba")
import cryptography  # noqa: E402
import fsspec  # noqa: E402

with fsspec.open("memory://trips.json", "wb") as file:
    file.write(trips.bind().to_bytes())
with fsspec.open("memory://trips.json", "rb") as file:
    assert fl.Bundle.from_bytes(file.read()) == trips.bind()
print(f"a bundle through a store; cryptography {cryptography.__version__}")
