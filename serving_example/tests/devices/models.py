"""Small models of torch for tests of devices, and their layout."""

from typing import Any

import numpy as np
import torch

from featurelib.layout import Layout

LAYOUT = Layout.from_json(
    [["dense", ["a", "b", "c"], "Float32", [1, 1, 1]], ["ids", ["i"], "Int64", [1]]]
)


class Ranker(torch.nn.Module):  # type: ignore[misc]
    """Scores from three numbers and an id below 10."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embed = torch.nn.Embedding(10, 8)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(11, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)
        )

    def forward(self, tensors: Any) -> Any:
        parts = [tensors["dense"], self.embed(tensors["ids"][:, 0])]
        return self.layers(torch.cat(parts, dim=1))[:, 0]

    def user(self, tensors: Any) -> Any:
        return torch.nn.functional.normalize(self.embed(tensors["ids"][:, 0]), dim=1)


def rows_of(count: Any, seed: Any = 0) -> Any:
    generator = np.random.default_rng(seed)
    return {
        "dense": generator.standard_normal((count, 3)).astype(np.float32),
        "ids": generator.integers(0, 10, (count, 1)),
    }
