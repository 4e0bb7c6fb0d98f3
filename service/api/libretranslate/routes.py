"""The LibreTranslate API, for its official client and the many programs that speak it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.body import FORM, JSON, MULTIPART, read_fields, validate
from service.api.credentials import charge
from service.api.dialect import Dialect
from service.api.disconnect import unless_caller_leaves
from service.api.health import StatusOut
from service.api.libretranslate import wire
from service.api.libretranslate.languages import known_language, language_code, named, pairs
from service.api.openapi import body_of
from service.api.openapi_errors import LOADED, WORK, may_raise
from service.api.problem import Problem
from service.api.state import ServiceState, service_state
from service.api.texts import TranslatedText, detected, translate_texts
from service.documents.formats import FORMATS
from service.errors import (
    BodyTooSlow,
    DocumentNotFound,
    EmptyText,
    InvalidInput,
    InvalidText,
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


def _body(problem: Problem) -> wire.LibreTranslateError:
    """Clients look for these words."""
    words = "Invalid request: request exceeds text limit. " if problem.code in _TOO_MUCH else ""
    if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        words = "Slowdown: "
    return wire.LibreTranslateError(
        error=words + problem.error, code=problem.code, request_id=problem.request_id
    )


DIALECT = Dialect(
    paths=(
        "/translate",
        "/detect",
        "/languages",
        "/frontend/",
        "/suggest",
        "/health",
        "/download_file/",
        "/spec",
    ),
    statuses={
        BodyTooSlow: 408,
        InvalidInput: 400,
        DocumentNotFound: 404,
        NotOffered: 403,
        TextTooLong: 413,
        UnsupportedMedia: 415,
        KeyMissing: 400,
        KeyInvalid: 403,
    },
    model=wire.LibreTranslateError,
    body=_body,
    key_field="api_key",
)

_UNKNOWN = wire.DetectedOut(confidence=0.0, language="en")
"""What LibreTranslate says of a text without a language."""

router = APIRouter()

Query = TypeVar("Query", bound=wire.DetectQuery)
State = Annotated[ServiceState, Depends(service_state)]


@router.post(
    "/translate",
    response_model=wire.TranslatedOut,
    openapi_extra=body_of(wire.TranslateQuery, JSON, FORM, MULTIPART) | may_raise(*WORK, TooManyTexts),
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
    work = translate_texts(
        state,
        pipeline,
        texts,
        source=source,
        target=target,
        markup=query.format,
        alternatives=query.alternatives,
    )
    made = await unless_caller_leaves(request, work)

    def answer() -> Response:
        out = _translated(query, made)
        return JSONResponse(out.model_dump(exclude_none=True))

    return await off_loop(sum(map(len, texts)), answer)


def _translated(query: wire.TranslateQuery, made: list[TranslatedText]) -> wire.TranslatedOut:
    languages = [detected_out(each.source_language, each.confidence) for each in made]
    alone = isinstance(query.q, str)
    out = wire.TranslatedOut(translatedText=made[0].text if alone else [each.text for each in made])
    if query.source == "auto":
        out.detectedLanguage = languages[0] if alone else languages
    if query.alternatives:
        others = [list(each.alternatives) for each in made]
        out.alternatives = others[0] if alone else others
    return out


@router.post(
    "/detect",
    response_model=list[wire.DetectedOut],
    openapi_extra=body_of(wire.DetectQuery, JSON, FORM, MULTIPART)
    | may_raise(*LOADED, InvalidText, TextTooLong),
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
    candidates = [detected_out(each.code, each.confidence) for each in guess.candidates]
    return [each for each in candidates if each.confidence] or [_UNKNOWN]


@router.get(
    "/languages",
    openapi_extra=may_raise(*LOADED),
    summary="What can be translated into what (LibreTranslate)",
)
async def languages(state: State) -> list[wire.LanguageTargetsOut]:
    return pairs(state.pipeline.models)


@router.get(
    "/frontend/settings",
    openapi_extra=may_raise(*LOADED),
    summary="Limits and features, for programs (LibreTranslate)",
)
async def frontend_settings(state: State) -> wire.FrontendOut:
    known = state.pipeline.models.pairs
    source = state.pipeline.default_source_language
    pair = wire.DefaultsOut(source=named(source), target=named(known[source][0]))
    needed = state.key_needed()
    return wire.FrontendOut(
        charLimit=state.limits.characters,
        apiKeys=needed,
        keyRequired=needed,
        supportedFilesFormat=list(FORMATS),
        language=pair,
    )


@router.get(
    "/health",
    openapi_extra=may_raise(*LOADED),
    summary="Ready to translate (LibreTranslate)",
)
async def health(state: State) -> StatusOut:
    """503 until then: stricter than there."""
    _ = state.pipeline  # raises where it is not
    return StatusOut(status="ok")


@router.post(
    "/suggest",
    status_code=403,
    response_model=wire.LibreTranslateError,
    openapi_extra=may_raise(NotOffered),
    summary="Not offered (LibreTranslate)",
)
async def suggest() -> None:
    raise NotOffered("Suggestions are not offered here; /frontend/settings says so.")


def detected_out(code: str, confidence: float) -> wire.DetectedOut:
    return wire.DetectedOut(confidence=round(100 * confidence, 1), language=language_code(code))


async def _query(model: type[Query], request: Request, state: ServiceState) -> Query:
    fields = await read_fields(request, state.limits.body_bytes, wire.fields_of_form)
    require_fields(model, fields)
    return validate(model, fields, strict=False)


def require_fields(model: type[BaseModel], fields: Mapping[str, Any]) -> None:
    """In the words that LibreTranslate has for it. Raises `MalformedBody`."""
    for name, field in model.model_fields.items():
        if field.is_required() and name not in fields:
            raise MalformedBody(f"Invalid request: missing {name} parameter", pointer=f"#/{name}")


def request_bodies() -> list[type[BaseModel]]:
    """The models that OpenAPI refers to."""
    return [wire.TranslateQuery, wire.DetectQuery]
