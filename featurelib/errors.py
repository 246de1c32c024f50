"""Everything that featurelib raises, as one tree.

FeaturelibError
├── DefinitionError          a feature, op or schema is written wrongly
│   ├── FeatureTypeError     types do not fit together
│   └── TraceError           Python that cannot be traced (`if`, `and`, `float(x)`, ...)
│       └── UnknownMethodError   no method of that name (an AttributeError too)
├── InputError               data does not match an input schema
│   ├── MissingFieldError    a required field or column is absent
│   ├── UnknownFieldError    a field that the schema does not know
│   └── FieldValueError      a value of the wrong type, out of range, null or NaN where forbidden
├── FitError                 a fit cannot be computed from this data
├── BundleError              a bundle cannot be used
│   ├── BundleFormatError    truncated, not JSON, or of a newer format
│   ├── DigestError          altered: the file digest differs
│   ├── UnknownOpError       names an op, version or body that is not installed
│   └── LayoutMismatchError  gives a model other tensors than it was trained with
├── CompileError             a program cannot be compiled here
│   └── UnsafeCacheError     the cache directory can be written by others
├── DeviceError              a CUDA device cannot be used, or failed
│   ├── NoDeviceError        there is none of that number, or it cannot run device kernels
│   └── DeviceMemoryError    it has not the memory that a call needs
├── StateError               the state of an entity cannot be used
│   ├── StateFormatError     no state, cut off or damaged
│   ├── StateMergeError      two states that nothing says how to merge
│   └── StateVersionError    of another definition of the aggregates
├── FloatEnvironmentError    this thread does not compute as IEEE 754 says
├── ParityError              engines or golden data disagree
├── ReleaseError             a version, a lock, a release or a registry cannot be used
│   ├── LockFileError        no lock file, damaged, or with an unsolved merge
│   ├── HotfixError          a declaration of a hotfix is wrong
│   ├── KeyFileError         a file holds no key, or others may read a private one
│   ├── LiveError            a service cannot start, or cannot take a release
│   ├── RefusedReleaseError  unsigned, altered, cut off, of an unknown key or a newer format
│   └── RegistryError        a registry cannot be read or written
│       ├── ConflictError        another writer was first
│       ├── ReadOnlyRegistryError  its location has no exclusive creation
│       ├── RecordError          a channel's record is torn, altered or not there
│       ├── RegistryAwayError    its location does not answer
│       └── UnknownReleaseError  it has no such release
└── MissingExtraError        an optional dependency is not installed
"""

from __future__ import annotations

__all__ = [
    "BundleError",
    "BundleFormatError",
    "CompileError",
    "ConflictError",
    "DefinitionError",
    "DeviceError",
    "DeviceMemoryError",
    "DigestError",
    "FeatureTypeError",
    "FeaturelibError",
    "FieldValueError",
    "FitError",
    "FloatEnvironmentError",
    "HotfixError",
    "InputError",
    "KeyFileError",
    "LayoutMismatchError",
    "LiveError",
    "LockFileError",
    "MissingExtraError",
    "MissingFieldError",
    "NoDeviceError",
    "ParityError",
    "ReadOnlyRegistryError",
    "RecordError",
    "RefusedReleaseError",
    "RegistryAwayError",
    "RegistryError",
    "ReleaseError",
    "StateError",
    "StateFormatError",
    "StateMergeError",
    "StateVersionError",
    "TraceError",
    "UnknownFieldError",
    "UnknownMethodError",
    "UnknownOpError",
    "UnknownReleaseError",
    "UnsafeCacheError",
]


class FeaturelibError(Exception):
    """Base of every error of this library.

    Args:
        message: What is wrong, where, with the offending value.
        hint: The way out, printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\nHint: {hint}")
        self.hint = hint


class DefinitionError(FeaturelibError):
    """A feature, op or schema is written wrongly."""


class FeatureTypeError(DefinitionError):
    """Types do not fit together."""


class TraceError(DefinitionError):
    """Python that cannot be traced to a graph."""


class UnknownMethodError(TraceError, AttributeError):
    """An expression has no method of that name."""


class InputError(FeaturelibError):
    """Data does not match an input schema.

    Attributes:
        field: The field (column) at fault, None if it is not one field.
        row: The index of the row at fault, None if it is not one row.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        row: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.field = field
        self.row = row


class MissingFieldError(InputError):
    """A required field or column is absent."""


class UnknownFieldError(InputError):
    """A field that the schema does not know."""


class FieldValueError(InputError):
    """A value of the wrong type, out of range, null or NaN where that is forbidden."""


class FitError(FeaturelibError):
    """A fit cannot be computed from this data."""


class BundleError(FeaturelibError):
    """A bundle cannot be used."""


class BundleFormatError(BundleError):
    """A bundle (or the file of a model's inputs) is truncated, not JSON, or of a newer format."""


class DigestError(BundleError):
    """A bundle (or the file of a model's inputs) was altered: its file digest differs."""


class UnknownOpError(BundleError):
    """A bundle names an op, version or body that is not installed."""


class LayoutMismatchError(BundleError):
    """A bundle gives a model other tensors, or other features, than it was trained with.

    Attributes:
        differences: For each difference what differs, how it is in the model, how in the bundle.
    """

    def __init__(
        self,
        message: str,
        *,
        differences: tuple[tuple[str, str, str], ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.differences = differences


class CompileError(FeaturelibError):
    """A program cannot be compiled here."""


class UnsafeCacheError(CompileError):
    """The cache directory can be written by others."""


class DeviceError(FeaturelibError):
    """A CUDA device cannot be used, or failed."""


class NoDeviceError(DeviceError):
    """No device of that number is present, or it (or its driver) cannot run device kernels."""


class DeviceMemoryError(DeviceError):
    """A device has not the memory that a call needs; nothing was computed.

    Attributes:
        needed: Bytes that were asked for.
    """

    def __init__(self, message: str, *, needed: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.needed = needed


class StateError(FeaturelibError):
    """The state of an entity cannot be used."""


class StateFormatError(StateError):
    """A vector of bytes is no state, or was cut off or damaged."""


class StateMergeError(StateError):
    """Two states of one entity have both counted events that are gone: which, nothing says."""


class StateVersionError(StateError):
    """A state was made with another definition of the aggregates, or another layout of states."""


class FloatEnvironmentError(FeaturelibError):
    """This thread does not compute as IEEE 754 says (flush-to-zero, or another rounding)."""


class ParityError(FeaturelibError):
    """Engines, or an engine and golden data, disagree."""


class ReleaseError(FeaturelibError):
    """A version, a lock, a release or a registry cannot be used as it stands."""


class LockFileError(ReleaseError):
    """The lock file is missing, damaged, of another recipe, or holds an unsolved merge."""


class HotfixError(ReleaseError):
    """A declaration of a hotfix is written wrongly, or does not fit the feature set."""


class KeyFileError(ReleaseError):
    """A file holds no key of the kind that is needed, or others may read a private one."""


class RefusedReleaseError(ReleaseError):
    """A release fails its verification, so nothing in it was used.

    It is unsigned, altered, cut off, signed with an unknown key, or of a newer format.
    """


class LiveError(ReleaseError):
    """A service that follows a channel cannot start, or cannot take the release it points to."""


class RegistryError(ReleaseError):
    """A registry cannot be read or written as asked; nothing in it was moved."""


class ConflictError(RegistryError):
    """Another writer was first."""


class ReadOnlyRegistryError(RegistryError):
    """The location of a registry cannot be written: it has no exclusive creation, or refuses."""


class RecordError(RegistryError):
    """A record of a channel is torn, altered or not there."""


class RegistryAwayError(RegistryError):
    """The location of a registry does not answer; it may a moment later."""


class UnknownReleaseError(RegistryError):
    """A registry has no such release, or a channel points to none."""


class MissingExtraError(FeaturelibError):
    """An optional dependency is not installed."""
