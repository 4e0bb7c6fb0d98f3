"""What the parts of the native API on the wire have in common. Each model has an example."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

LANGUAGE_CODE = r"^[A-Za-z]{2,4}(-[A-Za-z]{2,4})?$"

EXAMPLE_TEXT = (
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke zu sanieren. Die Arbeiten beginnen im Mai."
)


def example(*others: dict[str, Any], **fields: Any) -> ConfigDict:
    """`others` are further examples."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [fields, *others]})


def example_of(model: type[BaseModel]) -> BaseModel:
    """The example that stands in OpenAPI, as an object."""
    schema = model.model_json_schema()
    return model.model_validate(schema["examples"][0])
