"""DeepL's documents: sent, asked after, fetched once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from service.api.body import FORM, JSON, read_fields, read_multipart, validate
from service.api.credentials import Glossaries, charge, granted, owner
from service.api.deepl import document_wire as wire
from service.api.deepl.dictionary import asked_terms
from service.api.deepl.languages import base_code
from service.api.deepl.request import State, trace
from service.api.deepl.translation import require_supported
from service.api.deepl.wire import TermsUsedOut, fields_of_form
from service.api.multipart import MultipartForm
from service.api.openapi import body_of
from service.api.openapi_errors import GLOSSARY, LOADED, may_raise
from service.api.problem import request_id
from service.api.state import ServiceState
from service.api.translated_file import FILE_RESPONSE, RemarkOut, file_answer
from service.documents.formats import FORMATS, extension_of
from service.documents.store import Handle, Standing
from service.documents.translation import TranslatedDocument, translate_document
from service.errors import (
    DocumentNotFound,
    DocumentNotReady,
    LanguagesEqual,
    MalformedBody,
    Overloaded,
    Refused,
    ShuttingDown,
    UnsupportedLanguage,
    UnsupportedMedia,
)
from service.pipeline.article import ArticlePipeline
from service.terms.glossary import TermList

_POLL_SECONDS = 5
"""How often DeepL's clients ask."""

_WAIT_SECONDS = 2.0
"""A short document is ready by then, and its sender is spared the pause until the next question."""

router = APIRouter(
    prefix="/v2",
    dependencies=[Depends(trace)],
)

DocumentId = Annotated[str, Path(examples=["04DE5AD98A02647D83285A36021911C6"])]


@router.post(
    "/document",
    openapi_extra=wire.upload_body() | may_raise(*LOADED, *GLOSSARY, Overloaded, UnsupportedLanguage),
    summary="Send a document to be translated (DeepL)",
)
async def upload(request: Request, state: State, glossaries: Glossaries) -> wire.DocumentHandleOut:
    pipeline = state.pipeline
    form = await read_multipart(request, state.limits.upload_bytes)
    body = validate(wire.DocumentBody, fields_of_form(form.fields), strict=False)
    require_supported(body, pipeline)
    name, content = _sent(form, body)
    terms = await asked_terms(body, glossaries, pipeline.models)
    handle = state.documents.submit(
        owner(request), len(content), lambda: _translate(request, state, pipeline, content, name, body, terms)
    )
    return wire.DocumentHandleOut(document_id=handle.id.upper(), document_key=handle.key.upper())


@router.post(
    "/document/{document_id}",
    response_model_exclude_none=True,
    openapi_extra=body_of(wire.DocumentKeyBody, JSON, FORM) | may_raise(ShuttingDown, DocumentNotFound),
    summary="How a document stands (DeepL)",
)
async def status(document_id: DocumentId, request: Request, state: State) -> wire.DocumentStatusOut:
    handle = await _handle(document_id, request, state)
    state.documents.standing(owner(request), handle)  # whether there is such a document is told at once
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_WAIT_SECONDS):
            await state.documents.finished(owner(request), handle)
    return _status(document_id, state.documents.standing(owner(request), handle))


@router.post(
    "/document/{document_id}/result",
    response_class=Response,
    openapi_extra=body_of(wire.DocumentKeyBody, JSON, FORM)
    | may_raise(ShuttingDown, DocumentNotFound, DocumentNotReady),
    responses=FILE_RESPONSE,
    summary="Fetch a translated document, once (DeepL)",
)
async def result(document_id: DocumentId, request: Request, state: State) -> Response:
    handle = await _handle(document_id, request, state)
    standing = state.documents.standing(owner(request), handle)
    if standing.error is not None:
        raise DocumentNotFound("The document could not be translated; its status says why.")
    if standing.document is None:
        raise DocumentNotReady("The document is not ready yet.", retry_after=_POLL_SECONDS)
    state.documents.discard(owner(request), handle)
    return file_answer(standing.document, {"X-Trace-ID": request_id(request)})


def _sent(form: MultipartForm, body: wire.DocumentBody) -> tuple[str, bytes]:
    """A name with the file's ending, and what it holds. Raises `MalformedBody`."""
    file = form.file("file")
    if file is None:
        raise MalformedBody("Invalid file data. The form has no file in its field 'file'.", pointer="#/file")
    name = body.filename or file.name
    try:
        extension = extension_of(name)
    except UnsupportedMedia as error:
        raise MalformedBody(f"Invalid file data. {error.message}", pointer="#/file") from None
    wanted = "." + body.output_format.lower().removeprefix(".")
    if body.output_format and (wanted not in FORMATS or FORMATS[wanted] is not FORMATS[extension]):
        raise MalformedBody(
            f"'output_format' has to be that of the file, {extension[1:]}: no format is made into another.",
            pointer="#/output_format",
        )
    return "document" + extension, file.content


async def _translate(
    request: Request,
    state: ServiceState,
    pipeline: ArticlePipeline,
    content: bytes,
    name: str,
    body: wire.DocumentBody,
    terms: TermList | None,
) -> TranslatedDocument:
    """What was charged for nothing is given back. Raises `LanguagesEqual` and what `translate_document`
    raises."""
    target = body.target_lang.lower()
    try:
        made = await translate_document(
            pipeline,
            content,
            name,
            source=(body.source_lang or "auto").lower(),
            target=target,
            glossary=terms,
            charge=lambda characters: charge(request, characters),
            patient=True,
        )
        if made.digest is not None and base_code(made.language) == base_code(target):
            raise LanguagesEqual("Source and target language are the same; there is nothing to translate.")
    except Refused:
        raise
    except BaseException:  # stopped is for nothing too
        if grant := granted(request):
            await grant.give_back()
        raise
    if made.digest is not None:
        state.count(made.digest)
    return made


async def _handle(document_id: str, request: Request, state: ServiceState) -> Handle:
    fields = await read_fields(request, state.limits.body_bytes, fields_of_form)
    body = validate(wire.DocumentKeyBody, fields, strict=False)
    return Handle(document_id, body.document_key)


def _status(document_id: str, standing: Standing) -> wire.DocumentStatusOut:
    out = wire.DocumentStatusOut(document_id=document_id.upper(), status=standing.state)
    if (error := standing.error) is not None:
        out.error_message = out.message = error.message
    if (document := standing.document) is not None:
        out.billed_characters = document.characters
        out.detected_source_language = base_code(document.language)
        out.warnings = [RemarkOut.of(each) for each in document.remarks]
        terms = document.digest.terms if document.digest else None
        out.terms = None if terms is None else TermsUsedOut.of(terms)
    return out


def request_bodies() -> list[type[BaseModel]]:
    """The models that OpenAPI refers to."""
    return [wire.DocumentKeyBody]
