"""DeepL's glossaries, version 2: each for one pair of languages. Those of version 3 that have a single
dictionary are seen here too."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse

from service.api.body import FORM, JSON, read_fields, validate
from service.api.credentials import Glossaries
from service.api.deepl import glossary_wire as wire
from service.api.deepl.dictionary import dictionary_of
from service.api.deepl.entries import write_entries
from service.api.deepl.languages import glossary_pairs
from service.api.deepl.request import GlossaryId, State, trace
from service.api.openapi import body_of
from service.api.problem import request_id

router = APIRouter(
    prefix="/v2",
    dependencies=[Depends(trace)],
    responses={
        "4XX": {
            "description": "400: a field, the id or an entry is wrong, `message` says which; "
            "404: there is no glossary of this id"
        }
    },
)


@router.get("/glossary-language-pairs", summary="Languages that glossaries can be for (DeepL)")
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
    openapi_extra=body_of(wire.PairGlossaryBody, JSON, FORM),
    summary="Keep a glossary for one pair of languages (DeepL)",
)
async def create(request: Request, state: State, glossaries: Glossaries) -> wire.PairGlossaryOut:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    body = validate(wire.PairGlossaryBody, fields, strict=False)
    models = state.pipeline.models
    made = await asyncio.to_thread(
        lambda: glossaries.add(body.name, [dictionary_of(body, models)]),
    )
    return wire.PairGlossaryOut.of(made)


@router.get("/glossaries", summary="The glossaries for one pair of languages (DeepL)")
async def every(glossaries: Glossaries) -> wire.PairGlossariesOut:
    stored = await asyncio.to_thread(glossaries.all)
    return wire.PairGlossariesOut(
        glossaries=[wire.PairGlossaryOut.of(each) for each in stored if each.is_for_one_pair]
    )


@router.get("/glossaries/{glossary_id}", summary="A glossary without its entries (DeepL)")
async def one(glossary_id: GlossaryId, glossaries: Glossaries) -> wire.PairGlossaryOut:
    return wire.PairGlossaryOut.of(await asyncio.to_thread(glossaries.get, glossary_id))


@router.get(
    "/glossaries/{glossary_id}/entries",
    response_class=PlainTextResponse,
    summary="The entries of a glossary, tab-separated (DeepL)",
)
async def entries(glossary_id: GlossaryId, request: Request, glossaries: Glossaries) -> PlainTextResponse:
    def written() -> str:
        only = glossaries.get(glossary_id).only
        return write_entries(glossaries.terms(glossary_id, only.source_language, only.target_language))

    return PlainTextResponse(
        await asyncio.to_thread(written),
        media_type="text/tab-separated-values",
        headers={"X-Trace-ID": request_id(request)},
    )


@router.delete("/glossaries/{glossary_id}", status_code=204, summary="Delete a glossary (DeepL)")
async def delete(glossary_id: GlossaryId, glossaries: Glossaries) -> None:
    await asyncio.to_thread(glossaries.remove, glossary_id)
