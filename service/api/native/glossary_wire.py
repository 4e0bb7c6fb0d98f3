"""Stored glossaries on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from service.api.native.request_wire import TermIn
from service.api.native.wire import LANGUAGE_CODE, example
from service.terms.glossary import LONGEST_TERM, MOST_TERMS

EXAMPLE_ID = "0f8fad5bd9cb469fa16570867728950e"

_GLOSSARY = {
    "id": EXAMPLE_ID,
    "name": "Bauwesen",
    "source": "de",
    "target": "en",
    "created": "2026-11-25T22:00:00+00:00",
}


class GlossaryBody(BaseModel):
    """At most 10,000 terms for one pair of languages."""

    model_config = example(
        name="Bauwesen", source="de", target="en", terms=[{"source": "Brücke", "target": "footbridge"}]
    )

    name: str = Field(min_length=1, max_length=LONGEST_TERM, pattern=r"^[^\x00-\x1f\x7f]*$")
    source: str = Field(pattern=LANGUAGE_CODE)
    target: str = Field(pattern=LANGUAGE_CODE)
    terms: list[TermIn] = Field(min_length=1, max_length=MOST_TERMS)


class _StoredGlossary(BaseModel):
    id: str
    name: str
    source: str
    target: str
    created: str


class GlossaryOut(_StoredGlossary):
    """`terms` counts them."""

    model_config = example(**_GLOSSARY, terms=1)

    terms: int


class GlossariesOut(BaseModel):
    model_config = example(glossaries=[{**_GLOSSARY, "terms": 1}])

    glossaries: list[GlossaryOut]


class GlossaryTermsOut(_StoredGlossary):
    model_config = example(**_GLOSSARY, terms=[{"source": "Brücke", "target": "footbridge"}])

    terms: list[TermIn]
