"""DeepL's glossaries on the wire: version 2, for one pair of languages, and version 3, with a dictionary for
each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from service.api.deepl.entries import EntriesFormat
from service.api.deepl.request import EXAMPLE_ID
from service.terms.store import StoredDictionary, StoredGlossary

_EXAMPLE: JsonDict = {
    "source_lang": "de",
    "target_lang": "en",
    "entries": "Brücke\tfootbridge",
    "entries_format": "tsv",
}


_PAIR_GLOSSARY: JsonDict = {
    "glossary_id": EXAMPLE_ID,
    "name": "Bauwesen",
    "creation_time": "2026-11-25T22:00:00.000000Z",
    "ready": True,
    "source_lang": "de",
    "target_lang": "en",
    "entry_count": 1,
}
_DICTIONARY: JsonDict = {"source_lang": "de", "target_lang": "en", "entry_count": 1}
_MULTILINGUAL: JsonDict = {
    "glossary_id": EXAMPLE_ID,
    "name": "Bauwesen",
    "creation_time": "2026-11-25T22:00:00.000000Z",
    "dictionaries": [_DICTIONARY],
}


def _shown(example: JsonDict) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


def _base(code: object) -> object:
    """`en` for EN-US: variants of a language share their terms."""
    return code.partition("-")[0].lower() if isinstance(code, str) else code


Language = Annotated[str, BeforeValidator(_base)]
Name = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]


class PairIn(BaseModel):
    source_lang: Language
    target_lang: Language


class DictionaryBody(PairIn):
    """`entries`, one a line: source and target parted by a tab or, as CSV, by a comma."""

    model_config = _shown(_EXAMPLE)

    entries: str
    entries_format: EntriesFormat


class PairGlossaryBody(DictionaryBody):
    model_config = _shown({"name": "Bauwesen", **_EXAMPLE})

    name: Name


class MultilingualGlossaryBody(BaseModel):
    model_config = _shown({"name": "Bauwesen", "dictionaries": [_EXAMPLE]})

    name: Name
    dictionaries: list[DictionaryBody] = Field(min_length=1)


class MultilingualGlossaryPatch(BaseModel):
    """Entries are added to those for the same languages; one whose source is there gets the new target."""

    model_config = _shown({"name": "Hochbau"})

    name: Name | None = None
    dictionaries: list[DictionaryBody] = []


class PairOut(BaseModel):
    source_lang: str
    target_lang: str


class PairsOut(BaseModel):
    model_config = _shown({"supported_languages": [{"source_lang": "de", "target_lang": "en"}]})

    supported_languages: list[PairOut]


class DictionaryOut(PairOut):
    model_config = _shown(_DICTIONARY)

    entry_count: int

    @classmethod
    def of(cls, stored: StoredDictionary) -> DictionaryOut:
        return cls(
            source_lang=stored.source_language, target_lang=stored.target_language, entry_count=stored.terms
        )


class DictionaryEntriesOut(PairOut):
    entries: str
    entries_format: EntriesFormat = "tsv"


class EntriesOut(BaseModel):
    model_config = _shown({"dictionaries": [_EXAMPLE]})

    dictionaries: list[DictionaryEntriesOut]


class _Head(BaseModel):
    glossary_id: str
    name: str
    creation_time: str


class PairGlossaryOut(_Head):
    """`ready` is always true: a glossary can be used as soon as it is stored."""

    model_config = _shown(_PAIR_GLOSSARY)

    ready: bool = True
    source_lang: str
    target_lang: str
    entry_count: int

    @classmethod
    def of(cls, stored: StoredGlossary) -> PairGlossaryOut:
        """Raises `GlossaryInvalid` where it is not for one pair of languages."""
        return cls(**_head(stored), **DictionaryOut.of(stored.only).model_dump())


class PairGlossariesOut(BaseModel):
    model_config = _shown({"glossaries": [_PAIR_GLOSSARY]})

    glossaries: list[PairGlossaryOut]


class MultilingualGlossaryOut(_Head):
    model_config = _shown(_MULTILINGUAL)

    dictionaries: list[DictionaryOut]

    @classmethod
    def of(cls, stored: StoredGlossary) -> MultilingualGlossaryOut:
        return cls(**_head(stored), dictionaries=list(map(DictionaryOut.of, stored.dictionaries)))


class MultilingualGlossariesOut(BaseModel):
    model_config = _shown({"glossaries": [_MULTILINGUAL]})

    glossaries: list[MultilingualGlossaryOut]


def fields_of_form(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """A form has no lists here: the last value of a field counts."""
    return {name: values[-1] for name, values in form.items()}


def _head(stored: StoredGlossary) -> dict[str, Any]:
    # DeepL's clients read a time only with fractions of a second.
    created = datetime.fromisoformat(stored.created).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"glossary_id": str(uuid.UUID(stored.id)), "name": stored.name, "creation_time": created}
