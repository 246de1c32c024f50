"""The answers of the Open Inference Protocol v2, as any server of it gives them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["InferAnswer", "ModelMetadata", "OutputTensor", "TensorMetadata"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, protected_namespaces=())


class TensorMetadata(_Answer):
    """An input or an output of a model.

    Attributes:
        name: Its name.
        datatype: ``FP32``, ``INT64``, ...
        shape: Its shape; -1 stands for any number.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelMetadata(_Answer):
    """What a model takes and gives.

    Attributes:
        name: Its name.
        platform: What runs it, in the server's words.
        inputs: What it takes.
        outputs: What it gives.
        versions: Its versions; the example's are digests of artifacts.
    """

    name: str
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    versions: tuple[str, ...] = ()


class OutputTensor(_Answer):
    """A tensor of an answer as it comes: `data`, or bytes behind the JSON."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class InferAnswer(_Answer):
    """The JSON of an answer to an inference."""

    model_name: str
    outputs: tuple[OutputTensor, ...]
    model_version: str = ""
    id: str = ""
