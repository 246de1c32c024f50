"""Bundle files: whoever writes one can make its digest fit, so it is made to fit here."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.digest_file import DIGEST_HEAD, DIGEST_ZEROS
from featurelib.errors import BundleError
from parity_tests.core.small_sets import feature, fitted, make_set, rich_bundle
from parity_tests.parity.trades import SET as TRADING

_NO_READERS = ("featurelib.intrinsics", "featurelib.ops", "featurelib.jit", "featurelib.parity")
"""Modules that no file is read by, or that Numba compiles."""


class Bundles:
    """An input is the content of a file without its digest: ``{"features":...``."""

    name = "bundle"

    def seeds(self) -> Iterable[bytes]:
        """A small set, one of every family with its fitted state, one with aggregates."""
        distance = fl.col("distance")
        small = make_set(
            feature("log", distance.log1p()),
            feature("z", (distance - fl.mean(distance)).cast(fl.Float32)),
            feature("index", fl.col("carrier").vocabulary_index(max_size=3)),
            layout={"dense": ["z"]},
        )
        for bundle in (small.bind(fitted(small)), rich_bundle(), TRADING.bind()):
            yield b"{" + bundle.to_bytes()[len(DIGEST_HEAD) + len(DIGEST_ZEROS) + 2 :]

    def instrumented(self) -> Iterator[Any]:
        """All functions that stand in featurelib's own modules, but for bodies of ops."""
        for name, module in sorted(sys.modules.items()):
            if name.startswith("featurelib.") and not name.startswith(_NO_READERS):
                for value in list(vars(module).values()):
                    members = vars(value).values() if inspect.isclass(value) else (value,)
                    for member in members:
                        held = ("__func__", "fget", "func")  # of methods and properties
                        found = (getattr(member, where, None) for where in held)
                        plain = next(filter(inspect.isfunction, found), member)
                        if inspect.isfunction(plain) and plain.__module__ == name:
                            yield plain

    def check(self, data: bytes) -> None:
        """It is refused by an error of the tree, or the bundle writes the bytes it was read from.

        Raises:
            AssertionError: It writes others.
        """
        rest = b'",' + data[1:]
        digest = hashlib.sha256(DIGEST_HEAD + DIGEST_ZEROS + rest).hexdigest().encode()
        whole = DIGEST_HEAD + digest + rest
        try:
            made = Bundle.from_bytes(whole)
        except BundleError:
            return
        assert made.to_bytes() == whole
        assert made.features.keys() == made.program.outputs.keys()
