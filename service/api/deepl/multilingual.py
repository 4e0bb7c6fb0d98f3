"""DeepL's glossaries, version 3: with a dictionary for each pair of languages, that can be changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from service.api.body import JSON, read_fields, validate
from service.api.credentials import Glossaries
from service.api.deepl import glossary_wire as wire
from service.api.deepl.dictionary import dictionary_of
from service.api.deepl.entries import write_entries
from service.api.deepl.request import MADE, GlossaryId, State, trace
from service.api.openapi import body_of
from service.api.openapi_errors import LOADED, may_raise
from service.errors import GlossaryNotFound, StoreUnavailable
from service.terms.beside import beside

router = APIRouter(
    prefix="/v3/glossaries",
    dependencies=[Depends(trace)],
)


async def _pair(
    source_lang: Annotated[str, Query(examples=["DE"])], target_lang: Annotated[str, Query(examples=["EN"])]
) -> tuple[str, str]:
    pair = wire.PairIn(source_lang=source_lang, target_lang=target_lang)
    return pair.source_lang, pair.target_lang


Pair = Annotated[tuple[str, str], Depends(_pair)]


@router.post(
    "",
    status_code=201,
    openapi_extra=body_of(wire.MultilingualGlossaryBody, JSON) | may_raise(*LOADED, *MADE),
    summary="Keep a glossary with several dictionaries (DeepL)",
)
async def create(request: Request, state: State, glossaries: Glossaries) -> wire.MultilingualGlossaryOut:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    body = validate(wire.MultilingualGlossaryBody, fields, strict=False)
    models = state.pipeline.models
    made = await beside(
        lambda: glossaries.add(body.name, [dictionary_of(each, models) for each in body.dictionaries])
    )
    return wire.MultilingualGlossaryOut.of(made)


@router.get("", openapi_extra=may_raise(StoreUnavailable), summary="All glossaries (DeepL)")
async def every(glossaries: Glossaries) -> wire.MultilingualGlossariesOut:
    stored = await beside(glossaries.all)
    return wire.MultilingualGlossariesOut(glossaries=list(map(wire.MultilingualGlossaryOut.of, stored)))


@router.get(
    "/{glossary_id}",
    openapi_extra=may_raise(GlossaryNotFound, StoreUnavailable),
    summary="A glossary without its entries (DeepL)",
)
async def one(glossary_id: GlossaryId, glossaries: Glossaries) -> wire.MultilingualGlossaryOut:
    return wire.MultilingualGlossaryOut.of(await beside(glossaries.get, glossary_id))


@router.patch(
    "/{glossary_id}",
    openapi_extra=body_of(wire.MultilingualGlossaryPatch, JSON) | may_raise(*LOADED, *MADE, GlossaryNotFound),
    summary="Rename a glossary, add to its dictionaries (DeepL)",
)
async def update(
    glossary_id: GlossaryId, request: Request, state: State, glossaries: Glossaries
) -> wire.MultilingualGlossaryOut:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    body = validate(wire.MultilingualGlossaryPatch, fields, strict=False)
    models = state.pipeline.models
    updated = await beside(
        lambda: glossaries.update(
            glossary_id,
            name=body.name,
            dictionaries=[dictionary_of(each, models) for each in body.dictionaries],
        )
    )
    return wire.MultilingualGlossaryOut.of(updated)


@router.delete(
    "/{glossary_id}",
    status_code=204,
    openapi_extra=may_raise(GlossaryNotFound, StoreUnavailable),
    summary="Delete a glossary with its dictionaries (DeepL)",
)
async def delete(glossary_id: GlossaryId, glossaries: Glossaries) -> None:
    await beside(glossaries.remove, glossary_id)


@router.get(
    "/{glossary_id}/entries",
    openapi_extra=may_raise(GlossaryNotFound, StoreUnavailable),
    summary="The entries of a dictionary, tab-separated (DeepL)",
)
async def entries(glossary_id: GlossaryId, pair: Pair, glossaries: Glossaries) -> wire.EntriesOut:
    source, target = pair
    written = await beside(lambda: write_entries(glossaries.terms(glossary_id, source, target)))
    dictionary = wire.DictionaryEntriesOut(source_lang=source, target_lang=target, entries=written)
    return wire.EntriesOut(dictionaries=[dictionary])


@router.put(
    "/{glossary_id}/dictionaries",
    openapi_extra=body_of(wire.DictionaryBody, JSON) | may_raise(*LOADED, *MADE, GlossaryNotFound),
    summary="Replace a dictionary, or add one (DeepL)",
)
async def replace(
    glossary_id: GlossaryId, request: Request, state: State, glossaries: Glossaries
) -> wire.DictionaryOut:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    body = validate(wire.DictionaryBody, fields, strict=False)
    models = state.pipeline.models
    replaced = await beside(lambda: glossaries.replace(glossary_id, dictionary_of(body, models)))
    return wire.DictionaryOut.of(replaced)


@router.delete(
    "/{glossary_id}/dictionaries",
    status_code=204,
    openapi_extra=may_raise(GlossaryNotFound, StoreUnavailable),
    summary="Delete a dictionary (DeepL)",
)
async def delete_dictionary(glossary_id: GlossaryId, pair: Pair, glossaries: Glossaries) -> None:
    await beside(glossaries.remove_dictionary, glossary_id, *pair)
