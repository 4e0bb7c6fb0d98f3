"""The OpenAPI document, completed with the bodies that the routes read themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.problem import Problem

_HERE = "."
"""Beside the document itself, under whatever prefix and scheme a proxy gave it. Without a word about it a
client would start at the root of the host."""

_TEMPLATE = "#/components/schemas/{model}"


def body_of(model: type[BaseModel], *kinds: str) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body, of one of these media types, itself. The model is to be
    among those given to `install_openapi`."""
    schema = {"schema": {"$ref": _TEMPLATE.format(model=model.__name__)}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, schema)}}


def install_openapi(app: FastAPI, bodies: Sequence[type[BaseModel]]) -> None:
    """FastAPI documents only bodies that it parses. Ours are parsed in `api/body.py`, so their
    schemas, and that of a Problem, are added here."""

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
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this as the way
