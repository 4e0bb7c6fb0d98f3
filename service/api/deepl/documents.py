"""DeepL's documents: sent, asked after, fetched once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from service.api.body import FORM, JSON, read_fields, read_multipart, validate
from service.api.credentials import Glossaries, owner, payer
from service.api.deepl import document_wire as wire
from service.api.deepl.dictionary import asked_terms
from service.api.deepl.document_request import DocumentRequest, TranslationOut
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
from service.batching.ticket import Ticket, holding
from service.documents.formats import FORMATS, extension_of
from service.documents.translation import TranslatedDocument, translate_document
from service.errors import (
    DocumentNotFound,
    DocumentNotReady,
    JobQueueFull,
    LanguagesEqual,
    MalformedBody,
    Overloaded,
    ShuttingDown,
    UnsupportedLanguage,
    UnsupportedMedia,
)
from service.jobs.beside import beside
from service.jobs.documents import Handle
from service.jobs.job import Claim, Job, Outcome, Status
from service.jobs.runner import Perform, Progress
from service.keys.grant import Grant

_POLL_SECONDS = 5
"""How often DeepL's clients ask."""

_LOOK_SECONDS = 0.1
"""How often we look meanwhile: another process may be at it."""

_WAIT_SECONDS = 2.0
"""A short document is ready by then, and its sender is spared the pause until the next question."""

router = APIRouter(
    prefix="/v2",
    dependencies=[Depends(trace)],
)

DocumentId = Annotated[str, Path(examples=["04DE5AD98A02647D83285A36021911C6"])]


@router.post(
    "/document",
    openapi_extra=wire.upload_body()
    | may_raise(*LOADED, *GLOSSARY, Overloaded, JobQueueFull, UnsupportedLanguage),
    summary="Send a document to be translated (DeepL)",
)
async def upload(request: Request, state: State, glossaries: Glossaries) -> wire.DocumentHandleOut:
    pipeline = state.pipeline
    with state.receiving(request, owner(request)):
        form = await read_multipart(request, state.limits.upload_bytes)
        body = validate(wire.DocumentBody, fields_of_form(form.fields), strict=False)
        require_supported(body, pipeline)
        name, content = _sent(form, body)
        terms = await asked_terms(body, glossaries, pipeline.models)
        asked = DocumentRequest(
            name=name,
            source=(body.source_lang or "auto").lower(),
            target=body.target_lang.lower(),
            terms=terms,
            payer=payer(request),
            content=content,
        )
        dumped = await beside(asked.dump)
        handle = await beside(state.documents.submit, owner(request), dumped, size=len(content))
    state.jobs.wake()
    return wire.DocumentHandleOut(document_id=handle.id.upper(), document_key=handle.key.upper())


@router.post(
    "/document/{document_id}",
    response_model_exclude_none=True,
    openapi_extra=body_of(wire.DocumentKeyBody, JSON, FORM) | may_raise(ShuttingDown, DocumentNotFound),
    summary="How a document stands (DeepL)",
)
async def status(document_id: DocumentId, request: Request, state: State) -> wire.DocumentStatusOut:
    handle = await _handle(document_id, request, state)
    ask_until = time.monotonic() + _WAIT_SECONDS
    while True:
        job, about = await beside(state.documents.standing, owner(request), handle)
        if job.has_ended or time.monotonic() >= ask_until:
            return _status(document_id, job, about)
        await asyncio.sleep(_LOOK_SECONDS)


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
    job, _ = await beside(state.documents.standing, owner(request), handle)
    if job.status in ("failed", "cancelled"):
        raise DocumentNotFound("The document could not be translated; its status says why.")
    if job.status != "done":
        raise DocumentNotReady("The document is not ready yet.", retry_after=_POLL_SECONDS)
    made = await beside(state.documents.take, owner(request), handle)
    extension = TranslationOut.model_validate_json(made.about).extension
    return file_answer(made.result, extension, {"X-Trace-ID": request_id(request)})


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


def performer(state: ServiceState, resumed: Callable[[str], Grant]) -> Perform:
    """What a `JobRunner` translates documents with; `resumed` is what their senders may spend. It raises
    `LanguagesEqual` and what `translate_document` raises."""

    async def perform(claim: Claim, request: bytes, progress: Progress) -> Outcome:  # noqa: ARG001 -- `Perform`
        asked = await beside(DocumentRequest.load, request)

        async def charge(characters: int) -> None:
            if claim.characters:  # by who had it before
                return
            grant = resumed(asked.payer)
            await grant.charge(characters)
            noting = asyncio.ensure_future(beside(state.jobs.queue.charged, claim, characters))
            try:
                await asyncio.shield(noting)
            finally:
                await asyncio.wait({noting})  # cancelled or not, it comes about: who goes on relies on it
                if noting.exception() is not None or not noting.result():
                    await grant.give_back()

        ticket = Ticket(claim.owner)  # takes turns with its owner's other requests
        try:
            with holding(ticket):
                made = await translate_document(
                    state.pipeline,
                    asked.content,
                    asked.name,
                    source=asked.source,
                    target=asked.target,
                    glossary=asked.terms,
                    charge=charge,
                )
        finally:
            ticket.over = True
        if made.digest is not None:
            if base_code(made.language) == base_code(asked.target):
                raise LanguagesEqual(
                    "Source and target language are the same; there is nothing to translate."
                )
            state.count(made.digest)
        return Outcome(made.content, _told(made).model_dump_json().encode())

    return perform


def _told(made: TranslatedDocument) -> TranslationOut:
    terms = made.digest.terms if made.digest else None
    return TranslationOut(
        extension=made.extension,
        billed_characters=made.characters,
        detected_source_language=base_code(made.language),
        warnings=[RemarkOut.of(each) for each in made.remarks],
        terms=None if terms is None else TermsUsedOut.of(terms),
    )


async def _handle(document_id: str, request: Request, state: ServiceState) -> Handle:
    fields = await read_fields(request, state.limits.body_bytes, fields_of_form)
    body = validate(wire.DocumentKeyBody, fields, strict=False)
    return Handle(document_id, body.document_key)


_STATES: Mapping[Status, Literal["queued", "translating", "done", "error"]] = {
    "queued": "queued",
    "running": "translating",
    "done": "done",
    "failed": "error",
    "cancelled": "error",
}


def _status(document_id: str, job: Job, about: bytes | None) -> wire.DocumentStatusOut:
    out = wire.DocumentStatusOut(document_id=document_id.upper(), status=_STATES[job.status])
    if out.status == "error":
        out.error_message = out.message = job.error_detail or "The document was cancelled."
    if about is not None:
        told = TranslationOut.model_validate_json(about)
        out.billed_characters = told.billed_characters
        out.detected_source_language = told.detected_source_language
        out.warnings, out.terms = told.warnings, told.terms
    return out


def request_bodies() -> list[type[BaseModel]]:
    """The models that OpenAPI refers to."""
    return [wire.DocumentKeyBody]
