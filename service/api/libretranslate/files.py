"""LibreTranslate's files: translated while their sender waits, fetched from an address of their own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.api.body import read_multipart, validate
from service.api.credentials import charge, owner
from service.api.disconnect import unless_caller_leaves
from service.api.libretranslate import wire
from service.api.libretranslate.languages import known_language
from service.api.libretranslate.routes import detected_out, require_fields
from service.api.multipart import MultipartForm, SentFile
from service.api.openapi_errors import WORK, may_raise
from service.api.state import ServiceState, service_state
from service.api.translated_file import FILE_RESPONSE, RemarkOut, file_answer
from service.documents.formats import extension_of
from service.documents.translation import translate_document
from service.errors import (
    DocumentInvalid,
    DocumentNotFound,
    MalformedBody,
    UnsupportedMedia,
)
from service.jobs.beside import beside
from service.jobs.documents import Handle
from service.jobs.job import Outcome

_ID_DIGITS = 32

router = APIRouter()

_FILE = "04de5ad98a02647d83285a36021911c6" + "0cb0054f1c132c1b" * 4 + ".txt"
FileName = Annotated[str, Path(examples=[_FILE])]
State = Annotated[ServiceState, Depends(service_state)]


@router.post(
    "/translate_file",
    response_model_exclude_none=True,
    openapi_extra=wire.file_body() | may_raise(*WORK, DocumentInvalid),
    summary="Translate a file (LibreTranslate)",
)
async def translate_file(request: Request, state: State) -> wire.TranslatedFileOut:
    pipeline = state.pipeline
    with state.receiving(request, owner(request)):
        form = await read_multipart(request, state.limits.upload_bytes)
        file, query = _sent(form)
        name = "file" + _extension(file.name)
        known = pipeline.models.pairs
        target = known_language(
            "target", query.target, {target for each in known.values() for target in each}
        )
        sources = {*known, target}
        source = "auto" if query.source == "auto" else known_language("source", query.source, sources)
        made = await unless_caller_leaves(
            request,
            translate_document(
                pipeline,
                file.content,
                name,
                source=source,
                target=target,
                charge=lambda characters: charge(request, characters),
            ),
        )
    if made.digest is not None:
        state.count(made.digest)
    kept = Outcome(made.content, made.extension.encode())
    handle = await beside(state.documents.keep, owner(request), kept, made.characters)
    return wire.TranslatedFileOut(
        translatedFileUrl=f"{state.public_address.of(request)}/download_file/{handle.id}{handle.key}{made.extension}",
        detectedLanguage=detected_out(made.language, made.detected.confidence) if source == "auto" else None,
        warnings=[RemarkOut.of(each) for each in made.remarks],
    )


@router.get(
    "/download_file/{name}",
    response_class=Response,
    openapi_extra=may_raise(DocumentNotFound),
    responses=FILE_RESPONSE,
    summary="A translated file, for another minute once fetched (LibreTranslate)",
)
async def download(name: FileName, request: Request, state: State) -> Response:
    token, _, extension = name.partition(".")
    handle = Handle(token[:_ID_DIGITS], token[_ID_DIGITS:])
    made = await beside(state.documents.show, owner(request), handle)
    if made.about.decode() != f".{extension}":
        raise DocumentNotFound("There is no such file, or no longer.")
    return file_answer(made.result, made.about.decode())


def _sent(form: MultipartForm) -> tuple[SentFile, wire.FileQuery]:
    """Raises `MalformedBody`."""
    file = form.file("file")
    if file is None:
        raise MalformedBody("Invalid request: missing file parameter", pointer="#/file")
    fields = wire.fields_of_form(form.fields)
    require_fields(wire.FileQuery, fields)
    return file, validate(wire.FileQuery, fields, strict=False)


def _extension(name: str) -> str:
    """Raises `MalformedBody`."""
    try:
        return extension_of(name)
    except UnsupportedMedia as error:
        message = f"Invalid request: file format not supported. {error.message}"
        raise MalformedBody(message, pointer="#/file") from None
