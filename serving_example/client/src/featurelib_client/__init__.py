"""A client of the serving example and of any server of the Open Inference Protocol v2."""

from featurelib_client.async_client import AsyncClient
from featurelib_client.client import Client
from featurelib_client.contract import Item, ModelName, Recommended, Taken
from featurelib_client.errors import (
    AuthenticationError,
    CallError,
    CircuitOpenError,
    ClientError,
    ConfigurationError,
    ContractError,
    ContractVersionError,
    DeadlineError,
    InputError,
    OverloadError,
    RefusedError,
    UnavailableError,
)
from featurelib_client.films import Recommendation
from featurelib_client.infer import Inferred
from featurelib_client.notices import ContractDeprecationWarning
from featurelib_client.observe import Called, Observer, Observers
from featurelib_client.protocol import ModelMetadata, TensorMetadata
from featurelib_client.settings import Settings
from featurelib_client.tensors import Tensor
from featurelib_client.trace import passing_on
from featurelib_client.version import __version__
from featurelib_client.wire import About

__all__ = [
    "About", "AsyncClient", "AuthenticationError", "CallError", "Called", "CircuitOpenError",
    "Client", "ClientError", "ConfigurationError", "ContractDeprecationWarning", "ContractError",
    "ContractVersionError", "DeadlineError", "Inferred", "InputError", "Item", "ModelMetadata",
    "ModelName", "Observer", "Observers", "OverloadError", "Recommendation", "Recommended",
    "RefusedError", "Settings", "Taken", "Tensor", "TensorMetadata", "UnavailableError",
    "__version__", "passing_on",
]  # fmt: skip
