"""The native API: typed request in, one call to the pipeline, shaped answer out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from service.api.body import JSON, decode_text, media_type, parse_json, read_body, validate
from service.api.credentials import Glossaries, charge, charged
from service.api.disconnect import unless_caller_leaves
from service.api.event_stream import Event, event_bytes, event_response, wants_stream
from service.api.native import answer_wire, request_wire, wire
from service.api.native.submission import ACCEPTED, HEADERS, submit, wants_async
from service.api.native.work import read_work
from service.api.openapi import body_of
from service.api.openapi_errors import GLOSSARY, LATER, LOADED, WORK, may_raise
from service.api.state import ServiceState, service_state
from service.api.texts import detected
from service.errors import (
    EmptyText,
    InvalidText,
    SentenceTooLong,
    ServiceError,
    TextTooLong,
    TooManyTexts,
    UnsupportedMedia,
    UrlNotFetched,
)
from service.jobs.job import Kind
from service.pipeline.article import DigestRequest, MediaType
from service.pipeline.result import Summary, TranslatedSegment
from service.terms.store import GlossaryStore

router = APIRouter(prefix="/v1")

State = Annotated[ServiceState, Depends(service_state)]

_RAW: dict[str, MediaType] = {"text/plain": "text", "text/html": "page", "application/xhtml+xml": "page"}


_ARTICLE = (*WORK, *GLOSSARY, SentenceTooLong)


class RawOptions(BaseModel):
    """The query of a raw body: the fields of the JSON body, its `summary` flattened."""

    model_config = {"extra": "forbid"}

    source: str = Field(default="auto", pattern=wire.LANGUAGE_CODE)
    target: str = Field(default="en", pattern=wire.LANGUAGE_CODE)
    sentences: int | None = Field(default=None, ge=1, le=50)
    words: int | None = Field(default=None, ge=5, le=2000)
    length: str | None = Field(default=None, pattern="^(short|medium|long)$")
    language: str | None = Field(default=None, pattern=wire.LANGUAGE_CODE)
    style: str = Field(default="paragraph", pattern="^(paragraph|bullets|headline)$")
    focus: str = Field(default="", max_length=200)
    segments: bool = False
    on_overflow: str = Field(default="split", pattern="^(split|error)$")
    model: str = Field(default="", max_length=100, description="one of the loaded translators")
    keep: list[str] = Field(default=[], description="repeatable")
    glossary: str | None = Field(default=None, description="the id of a stored glossary")

    def digest_fields(self, text: str) -> dict[str, Any]:
        wish = {"sentences": self.sentences, "words": self.words, "length": self.length}
        return {
            "text": text,
            "source": self.source,
            "target": self.target,
            "summary": {**wish, "language": self.language, "style": self.style, "focus": self.focus},
            "segments": self.segments,
            "on_overflow": self.on_overflow,
            "model": self.model,
            "keep": self.keep,
            **({"glossary": self.glossary} if self.glossary is not None else {}),
        }


def _documented(
    body: type[BaseModel], *kinds: type[ServiceError], page: bool = True, later: bool = False
) -> dict[str, Any]:
    """The request body in OpenAPI; the body itself is read by `_fields`, because it may be JSON,
    plain text or HTML and because its errors must not repeat it."""
    extra = body_of(body, JSON) | may_raise(UrlNotFetched, *kinds, *(LATER if later else ()))
    content = extra["requestBody"]["content"]
    content["text/plain"] = {"schema": {"type": "string"}, "example": wire.EXAMPLE_TEXT}
    if page:
        content["text/html"] = {"schema": {"type": "string"}, "example": f"<p>{wire.EXAMPLE_TEXT}</p>"}
        properties = RawOptions.model_json_schema()["properties"]
        extra["parameters"] = [
            {"name": name, "in": "query", "schema": field, "description": "for raw bodies only"}
            for name, field in properties.items()
        ]
    if later:
        extra["parameters"] = [*extra.get("parameters", []), *HEADERS]
    return extra


async def _fields(request: Request, state: ServiceState) -> tuple[dict[str, Any], MediaType | None]:
    """The fields of the request, and how a raw body is to be read (None for JSON)."""
    kind, charset = media_type(request)
    if kind not in {"application/json", *_RAW}:
        raise UnsupportedMedia(
            "Send application/json, text/plain or text/html; with curl and a file add "
            "-H 'Content-Type: text/plain'."
        )
    body = await read_body(request, state.limits.body_bytes)
    if kind == "application/json":
        data = parse_json(body)
        return (data if isinstance(data, dict) else {"": data}), None
    query: dict[str, Any] = dict(request.query_params)
    if "keep" in query:
        query["keep"] = request.query_params.getlist("keep")
    options = validate(RawOptions, query, strict=False)
    text = decode_text(body, charset, html=_RAW[kind] == "page")
    return options.digest_fields(text), _RAW[kind]


async def _respond(kind: Kind, request: Request, state: ServiceState, glossaries: GlossaryStore) -> Response:
    """Now, or with `Prefer: respond-async` as a job, which waits elsewhere than the requests do."""
    later = wants_async(request)
    pipeline = state.pipeline if later else state.admit(request)
    work = await read_work(kind, *await _fields(request, state), state.limits, glossaries)
    if later:
        return await submit(request, state, pipeline, work)
    if kind == "digest" and wants_stream(request.headers.get("accept", "")):
        return await event_response(request, _events(request, state, work.wanted[0]))
    await charge(request, work.characters)
    made = await unless_caller_leaves(request, work.answer(pipeline))
    for each in made:
        state.count(each)
    return await work.response(made)


def _stream_example() -> str:
    shown: list[tuple[str, type[BaseModel]]] = [
        ("segment", answer_wire.StreamedSegment),
        ("summary", answer_wire.SummaryOut),
        ("done", answer_wire.StreamEnd),
    ]
    return "".join(
        event_bytes(name, answer_wire.dumped(wire.example_of(model))).decode() for name, model in shown
    )


@router.post(
    "/digest",
    response_model=answer_wire.DigestOut,
    openapi_extra=_documented(request_wire.DigestBody, *_ARTICLE, later=True),
    summary="Translate and summarise an article",
    responses={
        **ACCEPTED,
        200: {
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": _stream_example(),
                }
            },
            "description": "The digest; with `Accept: text/event-stream` each segment as it is ready "
            "(`segment`), then `summary`, then `done`. An `error` event carries a Problem.",
        },
    },
)
async def digest(request: Request, state: State, glossaries: Glossaries) -> Response:
    return await _respond("digest", request, state, glossaries)


async def _events(
    request: Request, state: ServiceState, wanted: DigestRequest
) -> AsyncGenerator[Event, None]:
    async with (
        charged(request, len(wanted.text)),
        aclosing(state.pipeline.digest_events(wanted, ramp=True)) as events,
    ):
        async for event in events:
            if isinstance(event, TranslatedSegment):
                yield "segment", answer_wire.dumped(answer_wire.streamed_segment(event))
            elif isinstance(event, Summary):
                yield "summary", answer_wire.dumped(answer_wire.SummaryOut.of(event))
            else:
                state.count(event)
                facts = answer_wire.facts_of(event)
                head = answer_wire.translation_head(event)
                end = answer_wire.StreamEnd(title=event.title, translation=head, **facts)
                yield "done", answer_wire.dumped(end)


@router.post(
    "/translate",
    response_model=answer_wire.TranslateOut,
    openapi_extra=_documented(request_wire.TranslateBody, *_ARTICLE, TooManyTexts, later=True),
    summary="Translate one text or a list of independent texts",
    responses=ACCEPTED,
)
async def translate(request: Request, state: State, glossaries: Glossaries) -> Response:
    return await _respond("translate", request, state, glossaries)


@router.post(
    "/summarize",
    response_model=answer_wire.SummarizeOut,
    openapi_extra=_documented(request_wire.SummarizeBody, *_ARTICLE, later=True),
    summary="Summarise an article without its translation",
    responses=ACCEPTED,
)
async def summarize(request: Request, state: State, glossaries: Glossaries) -> Response:
    return await _respond("summarize", request, state, glossaries)


@router.post(
    "/detect",
    response_model=answer_wire.DetectOut,
    openapi_extra=_documented(
        request_wire.DetectBody, *LOADED, EmptyText, InvalidText, TextTooLong, page=False
    ),
    summary="Tell the language of a text",
)
async def detect(request: Request, state: State) -> answer_wire.DetectOut:
    data, media = await _fields(request, state)
    if media == "page":
        raise UnsupportedMedia("Send application/json or text/plain.")
    if media is not None:
        data = {"text": data["text"]}
    body = validate(request_wire.DetectBody, data)
    await charge(request, len(body.text))
    default = state.pipeline.default_source_language
    guess = await detected(body.text, default=default, max_characters=state.limits.characters)
    candidates = [answer_wire.LanguageOut(code=d.code, confidence=d.confidence) for d in guess.candidates]
    return answer_wire.DetectOut(
        language=answer_wire.LanguageOut(code=guess.code, confidence=guess.confidence),
        sure=guess.sure,
        candidates=candidates,
    )


def request_bodies() -> list[type[BaseModel]]:
    """The models that `_documented` refers to, for the OpenAPI components."""
    return [
        request_wire.DigestBody,
        request_wire.SummarizeBody,
        request_wire.TranslateBody,
        request_wire.DetectBody,
    ]


def stream_events() -> list[type[BaseModel]]:
    """The events of the stream, for the OpenAPI components."""
    return [answer_wire.StreamedSegment, answer_wire.StreamEnd]
