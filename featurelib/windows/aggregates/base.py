"""What an aggregate is: a value of the events of a window, by a rule of docs/windows.md.

An aggregate is frozen data whose fields are its parameters. `needs` says what its state must hold:
names of partial results, which any split of the events can be merged from, or ``events`` where the
events of the window themselves are read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, TypeVar

from featurelib.dtypes import BOOL, DType
from featurelib.errors import BundleFormatError, DefinitionError, FeatureTypeError, UnknownOpError

LONGEST_LIST = 8192
"""Elements of 8 bytes within the default row limit of 64 KiB."""


@dataclass(frozen=True)
class Aggregate:
    """Base of the aggregates.

    Attributes:
        name: What users and bundles call it.
        version: Raised whenever a value may change.
        arguments: How many row expressions it takes.
        needs: Partial results (``count sum squares min max registers buckets``), or ``events``.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    arguments: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset({"events"})

    def result(self, args: tuple[DType, ...]) -> DType:
        """The type of the values; every one of them may be null.

        Raises:
            FeatureTypeError: It does not take arguments of these types.
        """
        raise NotImplementedError

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by name."""
        return dataclasses.asdict(self)

    @property
    def merges(self) -> bool:
        """Whether parts of the events merge, so that events may go into a total one by one."""
        return "events" not in self.needs

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return {"name": self.name, "version": self.version, "params": self.params}

    def __str__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self.params.items() if v is not None)
        return f"{self.name}({given})"


C = TypeVar("C", bound=type[Aggregate])
_AGGREGATES: dict[str, type[Aggregate]] = {}


def aggregate(name: str, *, arguments: int = 1, needs: str = "events") -> Callable[[C], C]:
    """Class decorator: names an aggregate, so that bundles with it can be read."""

    def add(cls: C) -> C:
        cls.name, cls.arguments, cls.needs = name, arguments, frozenset(needs.split())
        _AGGREGATES[f"{name}@{cls.version}"] = cls
        return cls

    return add


def from_json(data: Any) -> Aggregate:
    """The aggregate that `Aggregate.to_json` wrote.

    Raises:
        UnknownOpError: No such aggregate or version is installed.
        BundleFormatError: Its parameters make no sense.
    """
    key = f"{data['name']}@{data['version']}"
    if key not in _AGGREGATES:
        raise UnknownOpError(
            f"no aggregate `{key}` here, only {', '.join(sorted(_AGGREGATES))}",
            hint="a newer featurelib may have it: pip install -U featurelib",
        )
    try:
        return _AGGREGATES[key](**data["params"])
    except (TypeError, ValueError, DefinitionError) as error:
        raise BundleFormatError(f"no readable aggregate `{key}`: {error}") from None


def all_aggregates() -> tuple[type[Aggregate], ...]:
    """Every aggregate, by name."""
    return tuple(_AGGREGATES[key] for key in sorted(_AGGREGATES))


def is_word(dtype: DType) -> bool:
    """Whether a state can hold a value of this type: a number, a truth value or a time."""
    return dtype.kind != "v"


def word(made: Aggregate, dtype: DType) -> DType:
    """The type of an argument that a state can hold.

    Raises:
        FeatureTypeError: It is a text or a list.
    """
    if not is_word(dtype):
        text = dtype.name == "String"
        raise FeatureTypeError(
            f"`{made.name}` takes a number, a truth value or a time, got {dtype}",
            hint="hash it: .hash_bucket(n), or count stated values: count_of(x, values)"
            if text
            else "take an element or a length of it: .list.get(i), .list.len()",
        )
    return dtype


def number(made: Aggregate, dtype: DType) -> DType:
    """The type of an argument that can be summed.

    Raises:
        FeatureTypeError: It is neither a number nor a truth value.
    """
    if not (dtype.is_numeric or dtype == BOOL):
        raise FeatureTypeError(
            f"`{made.name}` takes a number or a truth value, got {dtype}",
            hint="make it a number: .dt.total_seconds(), .cast(fl.Int64)",
        )
    return dtype


def check_count(made: Aggregate, name: str, value: Any, most: int = LONGEST_LIST) -> None:
    """Refuses a parameter that is no integer from 1 to `most`."""
    if type(value) is not int or not 1 <= value <= most:
        raise DefinitionError(f"{made.name}: expected 1 <= {name} <= {most}, got {name}={value!r}")


def exact_share(made: Aggregate, q: Any) -> str:
    """A share from 0 to 1 as the text of an exact fraction; a float means its shortest decimal.

    Raises:
        DefinitionError: It is no such share.
    """
    try:
        share = Fraction(str(q))
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1 or share.denominator > 1 << 53:
        raise DefinitionError(f"{made.name}: expected 0 <= q <= 1, got q={q!r}")
    return str(share)


def check_most(made: Aggregate, value: Any) -> None:
    """Refuses a `max_items` that is neither None nor a positive integer."""
    if value is not None:
        check_count(made, "max_items", value, 1 << 20)
