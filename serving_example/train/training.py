"""How towers and rankers learn, with one result for one seed.

A row of training is a group: a rating, and films that its user had not rated by then. A ranker
learns to tell the rating from its group. Towers learn to tell it from all films of the batch; as
frequent films stand in more groups, each film's chance of standing there is taken off its score (Yi
and others, 2019, sampling-bias-corrected two towers).

Every model learns in one thread of its own: sums have then one order. Two models learn at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from serving_example.train.split import Seen
from serving_example.train.variants import Variant

__all__ = ["Groups", "train"]

BATCH = 256
"""Groups of one step."""
PARTS = 20
"""Of a training, of which each has a mean loss."""
_NEVER = -1e9

Array = np.ndarray[Any, Any]
Loss = Callable[[nn.Module, Mapping[str, Tensor], Tensor], Tensor]


@dataclass(frozen=True)
class Groups:
    """What models learn from.

    Attributes:
        tensors: The layout's tensors, (groups, films of a group, width), ids as int32. The
            rating's own film is the first.
        users: The place of each group's user, (groups).
        films: The place of each film, (groups, films of a group).
        moments: When, in microseconds, (groups).
        seen: Who had rated what by when.
    """

    tensors: Mapping[str, Tensor]
    users: Array
    films: Array
    moments: Array
    seen: Seen

    @staticmethod
    def of(
        tensors: Mapping[str, Array], users: Array, films: Array, moments: Array, seen: Seen
    ) -> Groups:
        """Groups over tensors of all pairs, group after group."""
        shape = films.shape
        made = {
            name: torch.from_numpy(x.astype(np.int32) if x.dtype.kind == "u" else x)
            for name, x in tensors.items()
        }
        made = {name: x.reshape(*shape, x.shape[1]) for name, x in made.items()}
        return Groups(made, users, films, moments, seen)

    def __len__(self) -> int:
        return len(self.users)


def train(
    module: nn.Module, variant: Variant, groups: Groups, tell: Callable[[float], None]
) -> list[float]:
    """Trains a module.

    Args:
        module: Fresh weights; they are changed.
        variant: How long, how fast, and the seed of the order.
        groups: What it learns from.
        tell: Called with the share of the work that is done.

    Returns:
        The mean loss of each of twenty parts of the training, of equally many steps.
    """
    order = torch.Generator().manual_seed(variant.seed)
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=variant.rate, weight_decay=variant.decay, fused=True
    )
    steps = variant.epochs * -(-len(groups) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=variant.rate, total_steps=steps
    )
    loss_of = _towers_loss(groups) if variant.kind == "towers" else _ranker_loss
    module.train()
    losses: list[float] = []
    for _ in range(variant.epochs):
        for taken in torch.randperm(len(groups), generator=order).split(BATCH):
            rows = {n: x[taken].flatten(0, 1) for n, x in groups.tensors.items()}
            loss = loss_of(module, rows, taken)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            tell(len(losses) / steps)
    module.requires_grad_(False).eval()
    return [float(part.mean()) for part in np.array_split(losses, min(PARTS, steps))]


def _ranker_loss(module: nn.Module, rows: Mapping[str, Tensor], taken: Tensor) -> Tensor:
    """The rating's own film is to have the largest score of its group."""
    scores = module(rows).view(len(taken), -1)
    return cross_entropy(scores, torch.zeros(len(taken), dtype=torch.int64))


def _towers_loss(groups: Groups) -> Loss:
    """The rating's own film is to have the largest product of all films of the batch."""
    chance = _log_chance(groups.films, len(groups.seen.films))

    def loss(module: nn.Module, rows: Mapping[str, Tensor], taken: Tensor) -> Tensor:
        at = taken.numpy()
        films = groups.films[at]
        width = films.shape[1]
        firsts = {name: x[::width] for name, x in rows.items() if name.startswith("user")}
        scores = module.user(firsts) @ module.film(rows).T * module.log_scale.exp()
        scores = scores - chance[torch.from_numpy(films.reshape(-1))]
        # What the user had rated by then is no wrong answer, and its own film stands there once.
        known = groups.seen.by(
            groups.users[at][:, None], films.reshape(-1)[None], groups.moments[at][:, None]
        )
        own = np.arange(len(at)) * width
        known[np.arange(len(at)), own] = False
        return cross_entropy(
            scores.masked_fill(torch.from_numpy(known), _NEVER), torch.from_numpy(own)
        )

    return loss


def _log_chance(films: Array, count: int) -> Tensor:
    """The logarithm of how often each film stands among these; of one that never does, of once."""
    frequency = np.maximum(np.bincount(films.reshape(-1), minlength=count), 1)
    return torch.from_numpy(np.log(frequency / films.size).astype(np.float32))
