"""The OpenAPI document, completed with the bodies that the routes read themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.dialect import Dialect
from service.api.openapi_keys import document_keys
from service.api.problem import Problem

_HERE = "."
"""Beside the document itself, under whatever prefix and scheme a proxy gave it. Without a word about it a
client would start at the root of the host."""

_HEADERS: list[dict[str, Any]] = [
    {
        "name": "X-Request-Timeout",
        "in": "header",
        "schema": {"type": "number", "exclusiveMinimum": 0},
        "example": 30,
        "description": "Seconds after which the answer is of no use; then it is 504. At most what the "
        "service allows.",
    },
    {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "example": "wait=30",
        "description": "`wait` says the same in whole seconds.",
    },
]

_TEMPLATE = "#/components/schemas/{model}"


def body_of(model: type[BaseModel], *kinds: str) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body, of one of these media types, itself. The model is to be
    among those given to `install_openapi`."""
    schema = {"schema": {"$ref": _TEMPLATE.format(model=model.__name__)}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, schema)}}


def install_openapi(app: FastAPI, bodies: Sequence[type[BaseModel]], dialects: Sequence[Dialect]) -> None:
    """FastAPI documents only bodies that it parses. Ours are parsed in `api/body.py`, so their
    schemas, and that of a Problem, are added here; and the headers that `api/deadline.py` reads."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                routes=app.routes,
                servers=[{"url": _HERE}],
            )
            models: list[type[BaseModel]] = [*bodies, Problem]
            _, added = models_json_schema([(model, "validation") for model in models], ref_template=_TEMPLATE)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(added.get("$defs", {}))
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for path in document["paths"].values():
                for method, operation in path.items():
                    if method == "post" and "504" in operation["responses"]:
                        operation.setdefault("parameters", []).extend(_HEADERS)
            document_keys(document, dialects)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this as the way
