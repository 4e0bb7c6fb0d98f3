"""DeepL's glossaries, version 2: each for one pair of languages. Those of version 3 that have a single
dictionary are seen here too."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse

from service.api.body import FORM, JSON, read_fields, validate
from service.api.credentials import Glossaries
from service.api.deepl import glossary_wire as wire
from service.api.deepl.dictionary import dictionary_of
from service.api.deepl.entries import write_entries
from service.api.deepl.languages import glossary_pairs
from service.api.deepl.request import MADE, GlossaryId, State, trace
from service.api.openapi import body_of
from service.api.openapi_errors import GLOSSARY, LOADED, may_raise
from service.api.problem import request_id
from service.errors import GlossaryNotFound, StoreUnavailable
from service.terms.beside import beside


class TabSeparated(PlainTextResponse):
    media_type = "text/tab-separated-values"


router = APIRouter(
    prefix="/v2",
    dependencies=[Depends(trace)],
)


@router.get(
    "/glossary-language-pairs",
    openapi_extra=may_raise(*LOADED),
    summary="Languages that glossaries can be for (DeepL)",
)
async def pairs(state: State) -> wire.PairsOut:
    known = glossary_pairs(state.pipeline.models)
    return wire.PairsOut(
        supported_languages=[
            wire.PairOut(source_lang=source, target_lang=target)
            for source, targets in known.items()
            for target in targets
        ]
    )


@router.post(
    "/glossaries",
    status_code=201,
    openapi_extra=body_of(wire.PairGlossaryBody, JSON, FORM) | may_raise(*LOADED, *MADE),
    summary="Keep a glossary for one pair of languages (DeepL)",
)
async def create(request: Request, state: State, glossaries: Glossaries) -> wire.PairGlossaryOut:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    body = validate(wire.PairGlossaryBody, fields, strict=False)
    models = state.pipeline.models
    made = await beside(
        lambda: glossaries.add(body.name, [dictionary_of(body, models)]),
    )
    return wire.PairGlossaryOut.of(made)


@router.get(
    "/glossaries",
    openapi_extra=may_raise(StoreUnavailable),
    summary="The glossaries for one pair of languages (DeepL)",
)
async def every(glossaries: Glossaries) -> wire.PairGlossariesOut:
    stored = await beside(glossaries.all)
    return wire.PairGlossariesOut(
        glossaries=[wire.PairGlossaryOut.of(each) for each in stored if each.is_for_one_pair]
    )


@router.get(
    "/glossaries/{glossary_id}",
    openapi_extra=may_raise(*GLOSSARY),
    summary="A glossary without its entries (DeepL)",
)
async def one(glossary_id: GlossaryId, glossaries: Glossaries) -> wire.PairGlossaryOut:
    return wire.PairGlossaryOut.of(await beside(glossaries.get, glossary_id))


@router.get(
    "/glossaries/{glossary_id}/entries",
    response_class=TabSeparated,
    openapi_extra=may_raise(*GLOSSARY),
    responses={200: {"content": {TabSeparated.media_type: {"example": "Brücke\tfootbridge"}}}},
    summary="The entries of a glossary, tab-separated (DeepL)",
)
async def entries(glossary_id: GlossaryId, request: Request, glossaries: Glossaries) -> TabSeparated:
    def written() -> str:
        only = glossaries.get(glossary_id).only
        return write_entries(glossaries.terms(glossary_id, only.source_language, only.target_language))

    return TabSeparated(
        await beside(written),
        headers={"X-Trace-ID": request_id(request)},
    )


@router.delete(
    "/glossaries/{glossary_id}",
    status_code=204,
    openapi_extra=may_raise(GlossaryNotFound, StoreUnavailable),
    summary="Delete a glossary (DeepL)",
)
async def delete(glossary_id: GlossaryId, glossaries: Glossaries) -> None:
    await beside(glossaries.remove, glossary_id)
