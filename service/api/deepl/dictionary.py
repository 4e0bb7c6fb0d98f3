"""A glossary's dictionaries: made of what a client sends, and found for what it wants translated."""

from __future__ import annotations

import re

from service.api.deepl.entries import read_entries
from service.api.deepl.glossary_wire import DictionaryBody
from service.api.deepl.languages import base_code, glossary_pairs, require_glossary_pair
from service.api.deepl.request import UUID
from service.api.deepl.wire import TranslationBody
from service.errors import GlossaryInvalid, MalformedBody
from service.pipeline.models import ModelSet
from service.terms.beside import beside
from service.terms.glossary import Dictionary, Term, TermList, check_terms
from service.terms.store import GlossaryStore

_MOST_GLOSSARIES = 5


def dictionary_of(body: DictionaryBody, models: ModelSet) -> Dictionary:
    """Raises `UnsupportedLanguage` and `GlossaryInvalid`."""
    require_glossary_pair(models, body.source_lang, body.target_lang)
    terms = read_entries(body.entries, body.entries_format)
    check_terms(terms)
    return Dictionary(body.source_lang, body.target_lang, terms)


async def asked_terms(body: TranslationBody, store: GlossaryStore, models: ModelSet) -> TermList | None:
    """The terms of the glossaries that the body names; of a source that stands in several the first counts.
    Raises `MalformedBody`, `GlossaryNotFound` and `GlossaryInvalid`."""
    names = body.glossary_ids or ([body.glossary_id] if body.glossary_id else [])
    if not names:
        return None
    if body.glossary_id and body.glossary_ids:
        raise MalformedBody("Give 'glossary_id' or 'glossary_ids', not both.", pointer="#/glossary_ids")
    if len(names) > _MOST_GLOSSARIES:
        raise MalformedBody(f"At most {_MOST_GLOSSARIES} 'glossary_ids'.", pointer="#/glossary_ids")
    if body.source_lang is None:
        raise MalformedBody("A glossary needs 'source_lang'.", pointer="#/source_lang")
    if not all(re.fullmatch(UUID, name) for name in names):
        raise MalformedBody("The id of a glossary is a UUID.", pointer="#/glossary_id")
    source, target = base_code(body.source_lang).lower(), base_code(body.target_lang).lower()
    terms = await beside(_terms, names, source, target, store)
    if target not in glossary_pairs(models).get(source, ()):
        raise GlossaryInvalid(
            f"A glossary needs one model from {source.upper()} to {target.upper()}; there is none here.",
            pointer="#/glossary_id",
        )
    return terms


def _terms(names: list[str], source: str, target: str, store: GlossaryStore) -> TermList:
    merged: dict[str, Term] = {}
    for name in names:
        dictionaries = store.get(name).dictionaries
        if (source, target) not in {(each.source_language, each.target_language) for each in dictionaries}:
            raise GlossaryInvalid(
                f"The glossary has no dictionary for {source.upper()} to {target.upper()}.",
                pointer="#/glossary_id",
            )
        for term in store.terms(name, source, target):
            merged.setdefault(term.source, term)
    check_terms(merged.values())
    return TermList(tuple(merged.values()))
