"""DeepL's documents on the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from service.api.deepl.wire import TermsUsedOut, TranslationBody
from service.api.translated_file import RemarkOut

_HANDLE: JsonDict = {
    "document_id": "04DE5AD98A02647D83285A36021911C6",
    "document_key": "0CB0054F1C132C1B" * 4,
}


class DocumentBody(TranslationBody):
    """The fields of the form beside `file`. `filename` is for those whose client gives the file no name; only
    its ending is looked at. `output_format` is that of the file: none is made into another."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"target_lang": "EN-US", "source_lang": "DE", "filename": "a.txt", "file": "Guten Tag."}
            ]
        },
    )

    filename: str = ""
    output_format: str = ""


class DocumentKeyBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"examples": [{"document_key": _HANDLE["document_key"]}]}
    )

    document_key: str


class DocumentHandleOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_HANDLE]})

    document_id: str
    document_key: str


class DocumentStatusOut(BaseModel):
    """`error_message` and `message` are the same sentence. DeepL does not have `detected_source_language`,
    `warnings`, and `terms`, which are told where a glossary was asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "document_id": _HANDLE["document_id"],
                    "status": "done",
                    "billed_characters": 1337,
                    "detected_source_language": "DE",
                    "warnings": [],
                }
            ]
        }
    )

    document_id: str
    status: Literal["queued", "translating", "done", "error"]
    billed_characters: int | None = None
    error_message: str | None = None
    message: str | None = None
    detected_source_language: str | None = None
    warnings: list[RemarkOut] | None = None
    terms: TermsUsedOut | None = None


def upload_body() -> dict[str, Any]:
    """What OpenAPI says of a form with a file in it."""
    schema = DocumentBody.model_json_schema()
    schema["properties"]["file"] = {"type": "string", "format": "binary"}
    schema["required"] = ["file", *schema["required"]]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
