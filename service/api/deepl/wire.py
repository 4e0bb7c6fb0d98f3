"""The DeepL API on the wire, version 2: what comes in, what goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from service.pipeline.result import TermUse

TagVersion = Literal["v1", "v2"]
ModelType = Literal["quality_optimized", "prefer_quality_optimized", "latency_optimized"]


def _upper(code: object) -> object:
    return code.upper() if isinstance(code, str) else code


def _listed(value: object) -> object:
    """A form writes a list as `a,b` or repeats the field; some clients send one JSON string for one text."""
    return [value] if isinstance(value, str) else value


Code = Annotated[str, BeforeValidator(_upper)]
Strings = Annotated[list[str], BeforeValidator(_listed)]


class TextsBody(BaseModel):
    """Fields that DeepL has and that are not listed here are ignored, as DeepL does with unknown ones.

    `context`, `split_sentences`, `preserve_formatting`, `model_type`, `tag_handling_version`,
    `outline_detection` and, without `tag_handling`, the lists of tags are accepted and change nothing:
    sentences are found by our own rules, the layout is always kept, and there is one model a language pair.
    """

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [{"text": ["Guten Morgen."], "source_lang": "DE", "target_lang": "EN-US"}]
        },
    )

    text: Strings
    target_lang: Code
    source_lang: Code | None = None
    show_billed_characters: bool = False
    model_type: ModelType | None = None
    formality: Literal["default", "more", "less", "prefer_more", "prefer_less"] = "default"
    context: str = ""
    split_sentences: Literal["0", "1", "nonewlines"] = "1"
    preserve_formatting: bool = False
    tag_handling: Literal["html", "xml"] | None = None
    tag_handling_version: TagVersion | None = None
    outline_detection: bool = True
    splitting_tags: Strings = []
    non_splitting_tags: Strings = []
    ignore_tags: Strings = []
    glossary_id: str = ""
    glossary_ids: Strings = []
    style_id: str = ""
    translation_memory_id: str = ""
    custom_instructions: Strings = []


class TermUsedOut(BaseModel):
    source: str
    target: str


class TermsUsedOut(BaseModel):
    """What became of the glossary's entries, in the order of the text."""

    applied: list[TermUsedOut]
    missed: list[TermUsedOut]

    @classmethod
    def of(cls, uses: Sequence[TermUse]) -> TermsUsedOut:
        def listed(applied: bool) -> list[TermUsedOut]:
            return [TermUsedOut(source=u.source, target=u.target) for u in uses if u.applied is applied]

        return cls(applied=listed(True), missed=listed(False))


class TextOut(BaseModel):
    """`terms`, which DeepL does not have, are told where a glossary was asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"detected_source_language": "DE", "text": "Good morning.", "billed_characters": 13}]
        }
    )

    detected_source_language: str
    text: str
    billed_characters: int | None = None
    model_type_used: ModelType | None = None
    tag_handling_version: TagVersion | None = None
    terms: TermsUsedOut | None = None


class TextsOut(BaseModel):
    """As many translations as texts, in their order."""

    translations: list[TextOut]


class SourceOut(BaseModel):
    language: str
    name: str


class TargetOut(SourceOut):
    """No model here can be told to be polite."""

    supports_formality: bool = False


NO_LIMIT = 1_000_000_000_000


class CharactersOut(BaseModel):
    """Of the key in this month (UTC); without one, of all callers since the service was started. That there
    is no limit DeepL's clients are told as a very large one."""

    character_count: int
    character_limit: int = NO_LIMIT


_LISTS = frozenset({"splitting_tags", "non_splitting_tags", "ignore_tags", "glossary_ids"})


def fields_of_form(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """A form's fields as JSON would have them. A field left blank is none, but a text may be."""
    fields: dict[str, Any] = {}
    for name, values in form.items():
        if name == "text":
            fields[name] = values
        elif name in _LISTS:
            fields[name] = [part for value in values for part in value.split(",") if part]
        elif name == "custom_instructions":
            fields[name] = values
        elif values[-1]:
            fields[name] = values[-1]
    return fields
