"""The golden rows of a release, replayed."""

from __future__ import annotations

import json
from pathlib import Path

from featurelib.bundle import Bundle
from featurelib.release.findings import Finding

__all__ = ["replay"]


def replay(bundle: Bundle, golden: Path | None, found: list[Finding]) -> int:
    """Computes golden rows again, by the reference evaluator and in machine code.

    Args:
        bundle: The release.
        golden: The file with its golden rows, None if there is none.
        found: Gets what differs.

    Returns:
        How many rows there are.

    Raises:
        ParityError: The file cannot be read, or is of another set or version.
    """
    from featurelib.parity.engines import BatchKernel, Reference
    from featurelib.parity.golden_features import read_golden, verify

    subject = f"set {bundle.name} {bundle.version}"
    if golden is None or not golden.is_file():
        found.append(
            Finding(
                subject,
                "it has no golden rows, so nothing keeps its values as they are",
                "record them, and save the bundle beside them: featurelib golden record",
            )
        )
        return 0
    recorded = read_golden(bundle, golden)  # says what is wrong with the file
    with golden.open(encoding="utf-8") as file:
        header = json.loads(file.readline())
    if header["fingerprint"] != bundle.fingerprint:
        found.append(
            Finding(
                subject,
                f"its golden rows are of fingerprint {header['fingerprint'][:12]}, the bundle is "
                f"{bundle.fingerprint[:12]}",
                "record the golden rows of this bundle, or release the one that was recorded",
                str(golden),
            )
        )
        return len(recorded.rows)
    for difference in verify(bundle, golden, [Reference(), BatchKernel()]):
        found.append(
            Finding(
                f"feature {difference.feature} of {bundle.name} {bundle.version}",
                f"golden row {difference.row}: {difference}",
                "a released version keeps its values: put back what changed below it",
                str(golden),
            )
        )
    return len(recorded.rows)
