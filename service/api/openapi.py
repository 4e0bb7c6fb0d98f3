"""The OpenAPI document, completed with the bodies that the routes read themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.dialect import Dialect
from service.api.openapi_errors import document_failures
from service.api.problem import Problem

_HERE = "."
"""Beside the document itself, under whatever prefix and scheme a proxy gave it. Without a word about it a
client would start at the root of the host."""

_HEADERS: list[dict[str, Any]] = [
    {
        "name": "X-Request-Timeout",
        "in": "header",
        "schema": {"type": "string", "pattern": r"^\d{1,9}(\.\d{1,9})?$"},
        "example": "30",
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

_ANSWERED: dict[str, Any] = {
    "X-Request-ID": {
        "schema": {"type": "string"},
        "example": "4f7b2a9c0d1e",
        "description": "The caller's, or one of ours; the log has it too.",
    },
    "Retry-After": {"schema": {"type": "string"}, "example": "12", "description": "In seconds."},
}

_TEMPLATE = "#/components/schemas/{model}"


def body_of(model: type[BaseModel], *kinds: str, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body, of one of these media types, itself. The model is to be
    among those given to `install_openapi`."""
    reference = {"$ref": _TEMPLATE.format(model=model.__name__)}
    content = {kind: {"schema": dict(reference)} for kind in kinds}
    return {"requestBody": {"required": required, "content": content}}


def install_openapi(app: FastAPI, bodies: Sequence[type[BaseModel]], dialects: Sequence[Dialect]) -> None:
    """FastAPI documents only bodies that it parses. Ours are parsed in `api/body.py`, so their
    schemas are added here; and failures, the headers of every route, and the examples of the models, so that
    each body has one."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                routes=app.routes,
                servers=[{"url": _HERE}],
            )
            models: list[type[BaseModel]] = [*bodies, Problem, *(dialect.model for dialect in dialects)]
            _, added = models_json_schema([(model, "validation") for model in models], ref_template=_TEMPLATE)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(added.get("$defs", {}))
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for operation in _operations(document):
                operation["responses"].pop("422", None)  # FastAPI's own, which no route gives
            document_failures(document, dialects)
            document["components"]["headers"] = _ANSWERED
            for operation in _operations(document):
                parameters = operation.setdefault("parameters", [])
                own = {each["name"] for each in parameters}  # a route may say more of one
                parameters.extend(each for each in _HEADERS if each["name"] not in own)
                _complete(operation, schemas)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this as the way


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for path in document["paths"].values() for operation in path.values())


def _complete(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Headers of the answers, and the examples that stand with the schemas."""
    for status, response in operation["responses"].items():
        names = ["X-Request-ID", *(["Retry-After"] if status in {"429", "503"} else [])]
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media in body.get("content", {}).values():
            if not {"example", "examples"} & media.keys():
                examples = _examples(media["schema"], schemas)
                media["examples"] = {
                    f"example{number}": {"value": each} for number, each in enumerate(examples)
                }


def _examples(schema: dict[str, Any], schemas: dict[str, Any]) -> list[Any]:
    """Those of the model that the schema names; of a list one with each."""
    if reference := schema.get("$ref"):
        named: list[Any] = schemas[reference.rpartition("/")[2]].get("examples", [])
        return named
    if schema.get("type") == "array":
        return [[each] for each in _examples(schema["items"], schemas)]
    if own := schema.get("examples"):
        return list(own)
    return [each for choice in schema.get("anyOf", []) for each in _examples(choice, schemas)]
