"""A client of the serving example and of any server of the Open Inference Protocol v2."""

from typing import TYPE_CHECKING, Any

from featurelib_client.client import Client
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
from featurelib_client.notices import ContractDeprecationWarning
from featurelib_client.observe import Called, Observer, Observers
from featurelib_client.settings import Settings
from featurelib_client.tensors import Tensor
from featurelib_client.trace import passing_on
from featurelib_client.version import __version__
from featurelib_client.wire import About

if TYPE_CHECKING:
    from featurelib_client.async_client import AsyncClient
    from featurelib_client.contract import Item, ModelName, Recommended, Taken
    from featurelib_client.films import Recommendation
    from featurelib_client.infer import Inferred
    from featurelib_client.protocol import ModelMetadata, TensorMetadata

__all__ = [
    "About", "AsyncClient", "AuthenticationError", "CallError", "Called", "CircuitOpenError",
    "Client", "ClientError", "ConfigurationError", "ContractDeprecationWarning", "ContractError",
    "ContractVersionError", "DeadlineError", "Inferred", "InputError", "Item", "ModelMetadata",
    "ModelName", "Observer", "Observers", "OverloadError", "Recommendation", "Recommended",
    "RefusedError", "Settings", "Taken", "Tensor", "TensorMetadata", "UnavailableError",
    "__version__", "passing_on",
]  # fmt: skip

_MODULES = {
    "async_client": ("AsyncClient",),
    "contract": ("Item", "ModelName", "Recommended", "Taken"),
    "films": ("Recommendation",),
    "infer": ("Inferred",),
    "protocol": ("ModelMetadata", "TensorMetadata"),
}
"""What takes long to import, or brings what does: it is imported when it is asked for."""


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for module, names in _MODULES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
