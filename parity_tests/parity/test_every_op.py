"""Every op gives the same bits in every engine: on golden arguments and on edges of its types."""

import pytest

from featurelib.op import Op
from featurelib.parity.engines import Engine, all_engines
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.polars_engines import PolarsEngine
from featurelib.parity.run import check_rows
from parity_tests.parity.op_bundles import FAMILIES, family_bundle
from parity_tests.registry import every_op
from parity_tests.soak import amount

ROWS, REFERENCE_ROWS = amount((400, 120), soak=(1500, 400))
"""Generated rows of each family, the edges first, and how many of them the reference takes."""
ENGINES: list[Engine] = [*all_engines(), PolarsEngine("streaming", "always", in_pieces=True)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_op_of_a_family_agrees_in_every_engine(family: str) -> None:
    """All engines give one value for each golden argument, and for generated rows."""
    bundle, golden = family_bundle(family)
    section = check_rows(bundle, golden, ENGINES, "golden arguments", reference_rows=600)
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())
    rows = generate_rows(bundle, ROWS, seed=7)
    section = check_rows(
        bundle,
        rows,
        ENGINES,
        "generated rows",
        reference_rows=REFERENCE_ROWS,
        edges=edge_rows(bundle),
    )
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


def test_every_op_is_in_a_bundle() -> None:
    """No op is left out of the parity test."""

    def name(op: Op) -> str:
        return op.key

    covered = {o.split()[0] for f in FAMILIES for o in family_bundle(f)[0].program.outputs}
    assert covered >= set(map(name, every_op()))
