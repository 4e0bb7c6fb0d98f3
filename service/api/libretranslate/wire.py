"""The LibreTranslate API on the wire: what comes in, what goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class DetectQuery(BaseModel):
    """`api_key` is read before, where keys are needed; it and unknown fields are ignored here."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"q": "Guten Morgen."}]})

    q: str | list[str]


class TranslateQuery(DetectQuery):
    """`q` is a list only in JSON. `alternatives` are counted but never found: the answer's list of them
    is empty."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"q": "Guten Morgen.", "source": "de", "target": "en"}]}
    )

    source: str
    target: str
    format: Literal["text", "html"] = "text"
    alternatives: int = Field(default=0, ge=0)


class DetectedOut(BaseModel):
    """`confidence` is between 0 and 100."""

    confidence: float
    language: str


class TranslatedOut(BaseModel):
    """Lists where `q` was one. `detectedLanguage` only with source "auto", `alternatives` only where
    asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"translatedText": "Good morning."}]})

    translatedText: str | list[str]  # noqa: N815 -- their spelling
    detectedLanguage: DetectedOut | list[DetectedOut] | None = None  # noqa: N815 -- their spelling
    alternatives: list[Any] | None = None


class PairsOut(BaseModel):
    code: str
    name: str
    targets: list[str]


class NamedOut(BaseModel):
    code: str
    name: str


class PairOut(BaseModel):
    source: NamedOut
    target: NamedOut


class FrontendOut(BaseModel):
    """What a program wants to know before it asks its user. `frontendTimeout` is how long one waits
    after the last key stroke, in milliseconds."""

    charLimit: int  # noqa: N815 -- their spelling
    frontendTimeout: int = 500  # noqa: N815 -- their spelling
    apiKeys: bool = False  # noqa: N815 -- their spelling
    keyRequired: bool = False  # noqa: N815 -- their spelling
    suggestions: bool = False
    filesTranslation: bool = False  # noqa: N815 -- their spelling
    supportedFilesFormat: list[str] = []  # noqa: N815 -- their spelling
    language: PairOut


def fields_of_form(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """A form's fields as JSON would have them, with plain line ends. A field left blank is none."""
    return {name: values[-1].replace("\r\n", "\n") for name, values in form.items() if values[-1]}
