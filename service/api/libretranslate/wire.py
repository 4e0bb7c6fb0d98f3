"""The LibreTranslate API on the wire: what comes in, what goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.translated_file import RemarkOut
from service.pipeline.alternatives import MOST_ALTERNATIVES


class DetectQuery(BaseModel):
    """`api_key` is read before, where keys are needed; it and unknown fields are ignored here."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"q": "Guten Morgen."}]})

    q: str | list[str]


class TranslateQuery(DetectQuery):
    """`q` is a list only in JSON. Of so many `alternatives` those come back that are worth it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"q": "Guten Morgen.", "source": "de", "target": "en", "alternatives": 1}]
        }
    )

    source: str
    target: str
    format: Literal["text", "html"] = "text"
    alternatives: int = Field(default=0, ge=0, le=MOST_ALTERNATIVES)


class DetectedOut(BaseModel):
    """`confidence` is between 0 and 100."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"confidence": 97.2, "language": "de"}]})

    confidence: float
    language: str


class TranslatedOut(BaseModel):
    """Lists where `q` was one, of `alternatives` then one for each text. `detectedLanguage` only with source
    "auto", `alternatives` only where asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"translatedText": "Good morning.", "alternatives": ["Good morning to you."]}]
        }
    )

    translatedText: str | list[str]  # noqa: N815 -- their spelling
    detectedLanguage: DetectedOut | list[DetectedOut] | None = None  # noqa: N815 -- their spelling
    alternatives: list[str] | list[list[str]] | None = None


class FileQuery(BaseModel):
    """The fields of the form beside `file`."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={"examples": [{"source": "de", "target": "en", "file": "Guten Morgen."}]},
    )

    source: str
    target: str


class TranslatedFileOut(BaseModel):
    """LibreTranslate does not have `warnings`, nor `detectedLanguage` with source "auto"."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "translatedFileUrl": "https://kurzfassung.example.com/download_file/04de5ad98a.txt",
                    "warnings": [],
                }
            ]
        }
    )

    translatedFileUrl: str  # noqa: N815 -- their spelling
    detectedLanguage: DetectedOut | None = None  # noqa: N815 -- their spelling
    warnings: list[RemarkOut] = []


class LanguageTargetsOut(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "de", "name": "German", "targets": ["en"]}]}
    )

    code: str
    name: str
    targets: list[str]


class NamedOut(BaseModel):
    code: str
    name: str


class DefaultsOut(BaseModel):
    source: NamedOut
    target: NamedOut


class FrontendOut(BaseModel):
    """What a program wants to know before it asks its user. `frontendTimeout` is how long one waits
    after the last key stroke, in milliseconds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "charLimit": 500_000,
                    "frontendTimeout": 500,
                    "apiKeys": False,
                    "keyRequired": False,
                    "suggestions": False,
                    "filesTranslation": True,
                    "supportedFilesFormat": [".txt", ".docx"],
                    "language": {
                        "source": {"code": "de", "name": "German"},
                        "target": {"code": "en", "name": "English"},
                    },
                }
            ]
        }
    )

    charLimit: int  # noqa: N815 -- their spelling
    frontendTimeout: int = 500  # noqa: N815 -- their spelling
    apiKeys: bool = False  # noqa: N815 -- their spelling
    keyRequired: bool = False  # noqa: N815 -- their spelling
    suggestions: bool = False
    filesTranslation: bool = True  # noqa: N815 -- their spelling
    supportedFilesFormat: list[str] = []  # noqa: N815 -- their spelling
    language: DefaultsOut


class LibreTranslateError(BaseModel):
    """`error` is what its clients show; `code` is ours and stable."""

    error: str
    code: str
    request_id: str


def fields_of_form(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """A form's fields as JSON would have them, with plain line ends. A field left blank is none."""
    return {name: values[-1].replace("\r\n", "\n") for name, values in form.items() if values[-1]}


def file_body() -> dict[str, Any]:
    """What OpenAPI says of a form with a file in it."""
    schema = FileQuery.model_json_schema()
    schema["properties"]["file"] = {"type": "string", "format": "binary"}
    schema["required"] = ["file", *schema["required"]]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
