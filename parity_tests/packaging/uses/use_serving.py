"""A model's tensors: torch, and a kernel that fills its memory."""

import torch
from trips import EXPECTED, ROWS, is_absent, trips

import featurelib_online as online
from featurelib_online.tensors import TorchBuffers

is_absent("polars", "pyarrow", "pandas", "pytest")
buffers = TorchBuffers(trips.bind().layout, 2)
online.compile(trips).many(ROWS, out=buffers.arrays)
dense, ids = buffers.first(2)["dense"], buffers.first(2)["ids"]
assert torch.equal(dense[:, 0], torch.tensor([row["log_miles"] for row in EXPECTED]))
assert ids.flatten().tolist() == [row["city_bucket"] for row in EXPECTED]
print("fills torch tensors")
