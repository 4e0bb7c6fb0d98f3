"""`/spec`: LibreTranslate's routes as a Swagger 2.0 document, which is what its programs read. Its fields are
taken from the models on the wire."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from service.api.libretranslate import wire
from service.api.state import state_of

router = APIRouter()

_FORM, _MULTIPART, _JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"

_API_KEY = {
    "name": "api_key",
    "in": "formData",
    "type": "string",
    "required": False,
    "description": "API key, where one is needed; also read from the headers X-API-Key and Authorization",
}
_FILE = {"name": "file", "in": "formData", "type": "file", "required": True, "description": "The file"}


class SpecOut(BaseModel):
    """A Swagger 2.0 document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "swagger": "2.0",
                    "info": {"title": "LibreTranslate, as Kurzfassung speaks it", "version": "0.1.0"},
                    "basePath": "/",
                    "paths": {},
                }
            ]
        }
    )

    swagger: str
    info: dict[str, str]
    basePath: str  # noqa: N815 -- Swagger's spelling
    paths: dict[str, Any]


@router.get("/spec", summary="These routes in Swagger 2.0 (LibreTranslate)")
async def spec(request: Request) -> SpecOut:
    text = [_FORM, _MULTIPART, _JSON]
    return SpecOut(
        swagger="2.0",
        info={"title": "LibreTranslate, as Kurzfassung speaks it", "version": state_of(request).version},
        basePath=request.scope.get("root_path", "") or "/",
        paths={
            "/translate": {"post": _operation("Translate text", text, _fields(wire.TranslateQuery))},
            "/detect": {"post": _operation("Detect the language of a text", text, _fields(wire.DetectQuery))},
            "/translate_file": {
                "post": _operation("Translate a file", [_MULTIPART], [_FILE, *_fields(wire.FileQuery)])
            },
            "/languages": {"get": _operation("Supported languages", [], [])},
            "/frontend/settings": {"get": _operation("Limits and features", [], [])},
            "/health": {"get": _operation("Ready to translate", [], [])},
        },
    )


def _operation(summary: str, consumes: list[str], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    refused = {"description": "Refused; `error` says why"}
    return {
        "summary": summary,
        "consumes": consumes,
        "produces": [_JSON],
        "parameters": [*parameters, _API_KEY] if parameters else [],
        "responses": {"200": {"description": "Done"}, "default": refused},
    }


def _fields(model: type[BaseModel]) -> list[dict[str, Any]]:
    """As form fields, which hold one text each; a list of texts is for JSON."""
    schema = model.model_json_schema()
    required = set(schema["required"])
    return [
        {
            "name": name,
            "in": "formData",
            "type": field.get("type", "string"),
            "required": name in required,
            **{key: field[key] for key in ("enum", "default", "minimum", "maximum") if key in field},
        }
        for name, field in schema["properties"].items()
    ]
