"""The input schema as authors write it: a pydantic model that types columns.

    class Flight(fl.Schema):
        carrier: str
        distance: Annotated[float, fl.Constraints(ge=0)]
        dep_delay: float | None
        time_hour: fl.Datetime

An instance is checked by the same border as every engine (`featurelib.borders`), not by pydantic's
own rules, so a model that validates is a row that every engine takes, and no other is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from featurelib import borders
from featurelib.annotations import read_model_field
from featurelib.errors import DefinitionError, FieldValueError
from featurelib.fields import MISSING, Constraints, Extra, Field, InputSchema

__all__ = ["MISSING", "Constraints", "Extra", "Field", "InputSchema", "Schema"]


def _model_fields(schema: Any) -> dict[str, Any]:
    """The fields of a model's core schema; none while a forward reference is open."""
    while schema.get("type") != "model-fields":
        if "schema" not in schema:
            return {}
        schema = schema["schema"]
    found: dict[str, Any] = schema["fields"]
    return found


def _border(cls: Any, attribute: str) -> Callable[[Any, Any, core_schema.ValidationInfo], Any]:
    """Replaces pydantic's own check of a field by the border's."""

    def validate(value: Any, handler: Any, info: core_schema.ValidationInfo) -> Any:
        schema = cls.input_schema()
        field = schema[cls.__pydantic_fields__[attribute].alias or attribute]
        source: borders.Source = "json" if info.mode == "json" else "python"
        try:
            read = borders.canonical(value, field, where=schema.name, source=source)
        except FieldValueError as error:
            raise PydanticCustomError("border", "{reason}", {"reason": str(error)}) from None
        python = borders.from_canonical(read, field.dtype)
        # A Struct becomes the author's model; every other value is what the border made of it.
        return handler(python) if field.dtype.fields and python is not None else python

    return validate


class Schema(BaseModel):
    """Base of input schemas; unknown fields are refused unless the class says ``extra="ignore"``.

    A field is required unless it has a default; ``T | None`` says that it may be null. Columns
    whose names are no identifiers get them by ``pydantic.Field(alias="arr delay")``.

    Raises:
        DefinitionError: A field has a type or constraint that engines cannot check, or the class
            has a validator.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    _input_schema: ClassVar[InputSchema | None] = None

    @classmethod
    def input_schema(cls) -> InputSchema:
        """The schema as data, which feature sets and bundles hold."""
        known = cls.__dict__.get("_input_schema")
        if known is None:
            fields = tuple(
                read_model_field(name, info, cls.__name__)
                for name, info in cls.__pydantic_fields__.items()
            )
            extra = cls.model_config.get("extra") or "forbid"
            known = InputSchema(cls.__name__, fields, extra)  # type: ignore[arg-type]
            cls._input_schema = known
        return known

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        decorators = cls.__pydantic_decorators__
        for kind in ("field_validators", "model_validators", "validators", "root_validators"):
            for name in getattr(decorators, kind):
                raise DefinitionError(
                    f"schema `{cls.__name__}`: `{name}` is a validator, which no engine can run",
                    hint="write a constraint (fl.Constraints, Field(ge=...)), or a feature",
                )
        if cls.__pydantic_complete__:  # else a forward reference is open: read at first use
            cls.input_schema()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        schema = handler(source)
        for name, place in _model_fields(schema).items():
            inner = place["schema"]
            holder = place
            if inner["type"] == "default":
                holder, inner = inner, inner["schema"]
            holder["schema"] = core_schema.with_info_wrap_validator_function(
                _border(cls, name), inner
            )
        return schema
