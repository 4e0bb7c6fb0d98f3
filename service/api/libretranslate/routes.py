"""The LibreTranslate API, for its official client and the many programs that speak it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.body import FORM, JSON, read_fields, validate
from service.api.credentials import charge
from service.api.dialect import Dialect
from service.api.disconnect import unless_caller_leaves
from service.api.health import StatusOut
from service.api.libretranslate import wire
from service.api.libretranslate.languages import known_language, language_code, named, pairs
from service.api.openapi import body_of
from service.api.problem import Problem
from service.api.state import ServiceState, service_state
from service.api.texts import TranslatedText, detected, translate_texts
from service.errors import (
    BodyTooSlow,
    EmptyText,
    InvalidInput,
    KeyInvalid,
    KeyMissing,
    MalformedBody,
    NotOffered,
    TextTooLong,
    TooManyTexts,
    UnsupportedMedia,
    UrlNotFetched,
)
from service.pipeline.off_loop import off_loop

_TOO_MUCH = {TextTooLong.code, TooManyTexts.code}


def _body(problem: Problem) -> dict[str, Any]:
    """Clients look for these words."""
    words = "Invalid request: request exceeds text limit. " if problem.code in _TOO_MUCH else ""
    if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        words = "Slowdown: "
    return {"error": words + problem.error}


DIALECT = Dialect(
    paths=("/translate", "/detect", "/languages", "/frontend/", "/suggest", "/health"),
    statuses={
        BodyTooSlow: 408,
        InvalidInput: 400,
        NotOffered: 403,
        TextTooLong: 413,
        UnsupportedMedia: 415,
        KeyMissing: 400,
        KeyInvalid: 403,
    },
    body=_body,
    key_field="api_key",
)

_UNKNOWN = wire.DetectedOut(confidence=0.0, language="en")
"""What LibreTranslate says of a text without a language."""

router = APIRouter(
    responses={
        400: {"description": "A field is missing or asks for what is not supported; `error` says which"},
        503: {"description": "Too much work waits, or the service is starting"},
        504: {"description": "Not ready within the time the request may take"},
    }
)

Query = TypeVar("Query", bound=wire.DetectQuery)
State = Annotated[ServiceState, Depends(service_state)]


@router.post(
    "/translate",
    response_model=wire.TranslatedOut,
    openapi_extra=body_of(wire.TranslateQuery, JSON, FORM),
    summary="Translate one text or a list (LibreTranslate)",
)
async def translate(request: Request, state: State) -> Response:
    pipeline = state.admit(request)
    query = await _query(wire.TranslateQuery, request, state)
    known = pipeline.models.pairs
    targets = {target for each in known.values() for target in each}
    target = known_language("target", query.target, targets)
    source = "auto" if query.source == "auto" else known_language("source", query.source, {*known, target})
    texts = [query.q] if isinstance(query.q, str) else query.q
    state.limits.check(texts)
    await charge(request, sum(map(len, texts)))
    work = translate_texts(state, pipeline, texts, source=source, target=target, markup=query.format)
    made = await unless_caller_leaves(request, work)

    def answer() -> Response:
        out = _translated(query, made, len(texts))
        return JSONResponse(out.model_dump(exclude_none=True))

    return await off_loop(sum(map(len, texts)), answer)


def _translated(query: wire.TranslateQuery, made: list[TranslatedText], count: int) -> wire.TranslatedOut:
    languages = [_detected(each.source_language, each.confidence) for each in made]
    alone = isinstance(query.q, str)
    out = wire.TranslatedOut(translatedText=made[0].text if alone else [each.text for each in made])
    if query.source == "auto":
        out.detectedLanguage = languages[0] if alone else languages
    if query.alternatives:
        out.alternatives = [] if alone else [[]] * count
    return out


@router.post(
    "/detect",
    response_model=list[wire.DetectedOut],
    openapi_extra=body_of(wire.DetectQuery, JSON, FORM),
    summary="Tell the language of a text (LibreTranslate)",
)
async def detect(request: Request, state: State) -> list[wire.DetectedOut]:
    query = await _query(wire.DetectQuery, request, state)
    text = query.q if isinstance(query.q, str) else "\n".join(query.q)
    default = state.pipeline.default_source_language
    await charge(request, len(text))
    try:
        guess = await detected(text, default=default, max_characters=state.limits.characters)
    except (EmptyText, UrlNotFetched):
        return [_UNKNOWN]
    candidates = [_detected(each.code, each.confidence) for each in guess.candidates]
    return [each for each in candidates if each.confidence] or [_UNKNOWN]


@router.get("/languages", summary="What can be translated into what (LibreTranslate)")
async def languages(state: State) -> list[wire.PairsOut]:
    return pairs(state.pipeline.models)


@router.get("/frontend/settings", summary="Limits and features, for programs (LibreTranslate)")
async def frontend_settings(state: State) -> wire.FrontendOut:
    known = state.pipeline.models.pairs
    source = state.pipeline.default_source_language
    pair = wire.PairOut(source=named(source), target=named(known[source][0]))
    needed = state.key_needed()
    return wire.FrontendOut(
        charLimit=state.limits.characters, apiKeys=needed, keyRequired=needed, language=pair
    )


@router.get("/health", summary="Ready to translate (LibreTranslate)")
async def health(state: State) -> StatusOut:
    """503 until then: stricter than there."""
    _ = state.pipeline  # raises where it is not
    return StatusOut(status="ok")


@router.post("/translate_file", include_in_schema=False)
@router.post("/suggest", include_in_schema=False)
async def not_offered() -> None:
    raise NotOffered("This is not offered here; /frontend/settings says so.")


def _detected(code: str, confidence: float) -> wire.DetectedOut:
    return wire.DetectedOut(confidence=round(100 * confidence, 1), language=language_code(code))


async def _query(model: type[Query], request: Request, state: ServiceState) -> Query:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    for name, field in model.model_fields.items():
        if field.is_required() and name not in fields:
            raise MalformedBody(f"Invalid request: missing {name} parameter", pointer=f"#/{name}")
    return validate(model, fields, strict=False)


def request_bodies() -> list[type[BaseModel]]:
    """The models that OpenAPI refers to."""
    return [wire.TranslateQuery, wire.DetectQuery]
