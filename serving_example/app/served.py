"""A model that may be asked: its artifact, its functions, and the programs that run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.layout import Layout
from serving_example.artifacts import ModelCard
from serving_example.devices import Ladder
from serving_example.pool import FunctionProgram

__all__ = ["COLD", "PARTS", "ModelState", "Placement", "Served", "outputs_of"]

COLD = "cold: no device holds it; a request has it loaded, and is told when to come again"
PARTS: Mapping[str, Mapping[str, tuple[str, tuple[str, ...] | None]]] = {
    "ranker": {"score": ("forward", None)},
    "towers": {
        "score": ("forward", None),
        "user": ("user", ("user", "user_ids")),
        "film": ("film", ("film", "film_ids")),
    },
}
"""Of each kind of model its outputs: the function, and the tensors that it reads (None: all)."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A model that may be asked.

    Attributes:
        name: What clients call it.
        digest: Its artifact.
        card: What is known of it.
        module: Its functions; devices put them where they run.
        outputs: The program of each output.
        id_bounds: Of each tensor of ids how many rows the embedding table of each column has.
        since: Time of the service's clock at which it was ready.
    """

    name: str
    digest: str
    card: ModelCard
    module: Any
    outputs: Mapping[str, FunctionProgram]
    id_bounds: Mapping[str, tuple[int, ...]]
    since: float

    @property
    def layout(self) -> Layout:
        """All tensors that it can be given."""
        return self.card.inputs.layout

    @property
    def ladder(self) -> Ladder:
        """The sizes at which devices run it."""
        return Ladder(self.card.ladder)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model lies.

    Attributes:
        devices: The devices that hold any of its outputs, with their kinds: ``paced`` is a
            rehearsal.
        memory_bytes: What its outputs take of a device that holds them all.
        is_pinned: They stay there.
    """

    devices: Mapping[str, str]
    memory_bytes: int
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class ModelState:
    """A name of the manifest.

    Attributes:
        name: The name.
        digest: What it stands for: loaded if it is, else as the manifest says.
        state: ``READY``, ``LOADING``, ``UNAVAILABLE``.
        reason: Why it is not ready, or why a newer artifact was refused; `COLD` if no device holds
            it now; empty otherwise.
    """

    name: str
    digest: str
    state: str
    reason: str


def outputs_of(digest: str, module: Any, card: ModelCard) -> dict[str, FunctionProgram]:
    """The program of each output."""
    made, whole = dict[str, FunctionProgram](), card.inputs.layout
    for output, (part, names) in PARTS[card.kind].items():
        read = Layout(tuple(t for t in whole.tensors if names is None or t.name in names))
        made[output] = FunctionProgram(digest, module, read, Ladder(card.ladder), part)
    return made
