"""The task API of Hugging Face, for `InferenceClient(model=url)`: every task has its own URL."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.body import JSON, media_type, parse_json, read_body, validate
from service.api.credentials import charge
from service.api.dialect import Dialect
from service.api.disconnect import unless_caller_leaves
from service.api.huggingface import wire
from service.api.huggingface.languages import language_of
from service.api.openapi import body_of
from service.api.openapi_errors import WORK, may_raise
from service.api.problem import Problem
from service.api.state import ServiceState, service_state
from service.api.texts import translate_texts
from service.errors import (
    BodyTooSlow,
    InvalidInput,
    MalformedBody,
    TextTooLong,
    TooManyTexts,
    UnsupportedMedia,
    UrlNotFetched,
)
from service.pipeline.article import DigestRequest
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, Digest
from service.pipeline.summarization import SummaryLength, SummaryRequest

_WORDS_PER_TOKEN = 0.75
"""Of English, as everybody reckons; a summary's limit is in words here."""
_FEWEST_WORDS, _MOST_WORDS = 5, 2_000
_LIMITS = frozenset({"max_length", "max_new_tokens"})


def _headers(problem: Problem) -> dict[str, str]:
    """The client shows this text. Never `X-Error-Code`, which it takes for a failure of the hub."""
    return {"X-Error-Message": problem.message.encode("ascii", "replace").decode()}


DIALECT = Dialect(
    paths=("/hf/",),
    statuses={
        BodyTooSlow: 408,
        InvalidInput: 400,
        TextTooLong: 413,
        TooManyTexts: 413,
        UnsupportedMedia: 415,
    },
    model=wire.HuggingFaceError,
    body=lambda problem: wire.HuggingFaceError(
        error=problem.error, code=problem.code, request_id=problem.request_id
    ),
    headers=_headers,
)

router = APIRouter(
    prefix="/hf",
)

State = Annotated[ServiceState, Depends(service_state)]
Input = TypeVar("Input", bound=wire.TranslationInput)
Result = TypeVar("Result")


@router.post(
    "/translation",
    response_model=list[wire.TranslationTextOut],
    openapi_extra=body_of(wire.TranslationInput, JSON) | may_raise(*WORK, TooManyTexts),
    summary="Translate a text or a list of them (Hugging Face)",
)
async def translation(request: Request, state: State) -> Response:
    pipeline = state.admit(request)
    body, texts = await _input(wire.TranslationInput, request, state)
    source, target = _languages(body.parameters)
    ignored = _ignored(body.parameters, honoured=frozenset())
    await charge(request, sum(map(len, texts)))
    work = translate_texts(state, pipeline, texts, source=source, target=target)
    made = await unless_caller_leaves(request, work)

    def answer() -> Response:
        return _listed(
            wire.TranslationTextOut(
                translation_text=each.text,
                detected_language=wire.LanguageFoundOut(
                    code=each.source_language, confidence=each.confidence
                ),
                warnings=wire.warnings([*each.caveats, *ignored]),
            )
            for each in made
        )

    return await off_loop(sum(map(len, texts)), answer)


@router.post(
    "/summarization",
    response_model=list[wire.SummarizationOut],
    openapi_extra=body_of(wire.SummarizationInput, JSON) | may_raise(*WORK, TooManyTexts, UrlNotFetched),
    summary="Summarise a text or each of a list (Hugging Face)",
)
async def summarization(request: Request, state: State) -> Response:
    pipeline = state.admit(request)
    body, texts = await _input(wire.SummarizationInput, request, state)
    source, target = _languages(body.parameters)
    ignored = _ignored(body.parameters, honoured=_LIMITS)
    wish = SummaryRequest(_length(body.parameters))
    await charge(request, sum(map(len, texts)))
    work = [pipeline.summarize(DigestRequest(text, source, target, summary=wish)) for text in texts]
    made = await unless_caller_leaves(request, _together(work))
    for each in made:
        state.count(each)

    def answer() -> Response:
        return _listed(_summarized(each, ignored) for each in made)

    return await off_loop(sum(map(len, texts)), answer)


def _summarized(digest: Digest, ignored: Sequence[Caveat]) -> wire.SummarizationOut:
    assert digest.summary is not None  # noqa: S101 -- `summarize` makes one
    detected = digest.detected_language
    return wire.SummarizationOut(
        summary_text=digest.summary.text,
        detected_language=wire.LanguageFoundOut(code=detected.code, confidence=detected.confidence),
        warnings=wire.warnings([*digest.caveats, *ignored]),
    )


async def _input(model: type[Input], request: Request, state: ServiceState) -> tuple[Input, list[str]]:
    kind, _ = media_type(request)
    if kind not in (JSON, ""):
        raise UnsupportedMedia(f"Send {JSON}.")
    data = parse_json(await read_body(request, state.limits.body_bytes))
    if isinstance(data, dict):
        if "inputs" not in data:
            raise MalformedBody("'inputs' is missing: the text, or a list of texts.", pointer="#/inputs")
        data = _without_nulls(data)
    body = validate(model, data, strict=False)
    texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
    state.limits.check(texts)
    return body, texts


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    """A null is a field left out, two levels deep as well."""
    return {
        name: _without_nulls(value) if isinstance(value, dict) and name.endswith("parameters") else value
        for name, value in fields.items()
        if value is not None
    }


def _languages(parameters: wire.Parameters) -> tuple[str, str]:
    return language_of(parameters.src_lang, "src_lang"), language_of(parameters.tgt_lang, "tgt_lang")


def _length(parameters: wire.Parameters) -> SummaryLength:
    """Raises `MalformedBody` where the least is more than the most."""
    asked = parameters.generation
    most = asked.get("max_new_tokens") or asked.get("max_length")
    least = asked.get("min_new_tokens") or asked.get("min_length") or 0
    if most is None:
        return SummaryLength()
    if least > most:
        raise MalformedBody(
            "'min_length' is more than 'max_length'.", pointer="#/parameters/generate_parameters/min_length"
        )
    return SummaryLength(None, min(max(_FEWEST_WORDS, int(most * _WORDS_PER_TOKEN)), _MOST_WORDS))


def _ignored(parameters: wire.Parameters, *, honoured: frozenset[str]) -> list[Caveat]:
    names = sorted(parameters.generation.keys() - honoured - {"num_return_sequences"})
    if not names:
        return []
    message = f"Without effect here: {', '.join(names)}. A model's configuration says how it decodes, and "
    message += "nothing is cut to a length." if not honoured else "a summary gets no longer than it has to."
    return [Caveat("parameters_ignored", message)]


async def _together(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All of it, in order; the first failure stops the rest."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _listed(answers: Iterable[BaseModel]) -> Response:
    return JSONResponse([each.model_dump() for each in answers])


def request_bodies() -> list[type[BaseModel]]:
    """The models that OpenAPI refers to."""
    return [wire.TranslationInput, wire.SummarizationInput]
