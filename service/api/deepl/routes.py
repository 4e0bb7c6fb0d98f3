"""The DeepL API, for its official clients and whatever else speaks it."""

from __future__ import annotations

import hashlib
import json

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from service.api.body import FORM, JSON, read_fields, validate
from service.api.credentials import Glossaries, caller, charged, granted
from service.api.deepl import glossary_wire, wire
from service.api.deepl.dictionary import asked_terms
from service.api.deepl.languages import source_languages, target_languages
from service.api.deepl.request import State, trace
from service.api.deepl.translation import require_supported, translate
from service.api.dialect import Dialect
from service.api.heartbeat import HeartbeatAnswer
from service.api.openapi import body_of
from service.api.openapi_errors import GLOSSARY, LOADED, WORK, may_raise
from service.api.problem import request_id
from service.errors import (
    BodyTooSlow,
    DocumentNotFound,
    GlossaryNotFound,
    InvalidInput,
    KeyInvalid,
    KeyMissing,
    MalformedBody,
    QuotaExceeded,
    TextTooLong,
    TooManyTexts,
    UnsupportedMedia,
)
from service.pipeline.off_loop import off_loop
from service.terms.glossary import TermList

DIALECT = Dialect(
    paths=("/v2/", "/v3/"),
    statuses={
        BodyTooSlow: 408,
        InvalidInput: 400,
        GlossaryNotFound: 404,
        DocumentNotFound: 404,
        TextTooLong: 413,
        TooManyTexts: 413,
        UnsupportedMedia: 415,
        KeyMissing: 403,
        KeyInvalid: 403,
        QuotaExceeded: 456,
    },
    model=wire.DeepLError,
    body=lambda problem: wire.DeepLError(
        message=problem.message, code=problem.code, request_id=problem.request_id
    ),
    headers=lambda problem: {"X-Trace-ID": problem.request_id},
)


router = APIRouter(
    prefix="/v2",
    dependencies=[Depends(trace)],
)


@router.post(
    "/translate",
    response_model=wire.TextsOut,
    openapi_extra=body_of(wire.TextsBody, JSON, FORM) | may_raise(*WORK, *GLOSSARY, TooManyTexts),
    summary="Translate texts (DeepL)",
)
async def translate_texts(request: Request, state: State, glossaries: Glossaries) -> Response:
    pipeline = state.pipeline
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    body = validate(wire.TextsBody, fields, strict=False)
    require_supported(body, pipeline)
    state.limits.check(body.text)
    terms = await asked_terms(body, glossaries, pipeline.models)
    characters = sum(map(len, body.text))
    size = characters + 20 * len(terms or ())

    async def work() -> bytes:
        async with charged(request, characters):  # in here: who asks again and joins is not charged again
            return await translate(state, pipeline, body, terms)

    key = await off_loop(size, lambda: _key(request, body, terms))
    if key not in state.coalescing:
        state.admit(request)
    return HeartbeatAnswer(
        state.coalescing,
        key,
        work,
        seconds=state.heartbeat_seconds,
        headers={"X-Trace-ID": request_id(request)},
    )


_LANGUAGES = {
    **may_raise(*LOADED, MalformedBody, BodyTooSlow, TextTooLong, UnsupportedMedia),
    "parameters": [
        {
            "name": "type",
            "in": "query",
            "schema": {"enum": ["source", "target"], "default": "source"},
            "example": "target",
        }
    ],
}


@router.get("/languages", openapi_extra=_LANGUAGES, summary="Languages (DeepL)")
@router.post(
    "/languages",
    openapi_extra=_LANGUAGES | body_of(wire.LanguagesBody, FORM, JSON, required=False),
    summary="Languages (DeepL)",
)
async def languages(request: Request, state: State) -> list[wire.TargetOut] | list[wire.SourceOut]:
    """`type` is source (default) or target; in the query, or in the body, where DeepL's client puts it
    even with GET."""
    fields = {
        **request.query_params,
        **await read_fields(request, state.limits.body_bytes, wire.fields_of_form),
    }
    kind = fields.get("type", "source")
    if kind not in ("source", "target"):
        raise MalformedBody("'type' is source or target.", pointer="#/type")
    models = state.pipeline.models
    return target_languages(models) if kind == "target" else source_languages(models)


@router.get("/usage", summary="Characters of the key this month, of all callers without one (DeepL)")
@router.post("/usage", summary="The same (DeepL)")
async def usage(request: Request, state: State) -> wire.CharactersOut:
    """Without a key: of all callers since the start."""
    if (grant := granted(request)) and (quota := grant.quota()):
        return wire.CharactersOut(character_count=quota.used, character_limit=quota.limit or wire.NO_LIMIT)
    return wire.CharactersOut(character_count=state.characters)


def _key(request: Request, body: wire.TextsBody, terms: TermList | None) -> bytes:
    """The same for the same call of the same caller, whether it came as JSON or as a form, as long as the
    glossary is the same too."""
    entries = [(term.source, term.target) for term in terms.terms] if terms else None
    canonical = json.dumps([body.model_dump(), entries])  # escapes lone surrogates, which are refused later
    return hashlib.blake2b(caller(request) + canonical.encode(), digest_size=32).digest()


def request_bodies() -> list[type[BaseModel]]:
    """The models that OpenAPI refers to."""
    return [
        wire.TextsBody,
        glossary_wire.PairGlossaryBody,
        glossary_wire.MultilingualGlossaryBody,
        glossary_wire.MultilingualGlossaryPatch,
        glossary_wire.DictionaryBody,
        wire.LanguagesBody,
    ]
