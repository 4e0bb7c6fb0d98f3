"""Glossaries that are kept: made, listed, read and deleted. Here each is for one pair of languages; one
with several dictionaries, as DeepL's clients make them, can be used and deleted by its id."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.api.body import JSON, media_type, parse_json, read_body, validate
from service.api.credentials import Glossaries
from service.api.native import glossary_wire, request_wire
from service.api.openapi import body_of
from service.api.openapi_errors import GLOSSARY, may_raise
from service.api.state import ServiceState, service_state
from service.errors import GlossaryInvalid, GlossaryNotFound, StoreUnavailable, UnsupportedMedia
from service.terms.beside import beside
from service.terms.glossary import Dictionary, Term
from service.terms.store import StoredGlossary

router = APIRouter(prefix="/v1/glossaries")

State = Annotated[ServiceState, Depends(service_state)]
Identity = Annotated[str, Path(pattern=request_wire.GLOSSARY_ID, examples=[glossary_wire.EXAMPLE_ID])]


@router.post(
    "",
    status_code=201,
    response_model=glossary_wire.GlossaryOut,
    summary="Keep a glossary",
    openapi_extra=body_of(glossary_wire.GlossaryBody, JSON) | may_raise(GlossaryInvalid, StoreUnavailable),
)
async def create(request: Request, state: State, glossaries: Glossaries) -> glossary_wire.GlossaryOut:
    if media_type(request)[0] != "application/json":
        raise UnsupportedMedia("Send application/json.")
    body = validate(glossary_wire.GlossaryBody, parse_json(await read_body(request, state.limits.body_bytes)))
    for side in ("source", "target"):
        if getattr(body, side).lower() == "auto":
            raise GlossaryInvalid("A glossary is for two languages; auto is none.", pointer=f"#/{side}")
    terms = tuple(Term(each.source, each.target) for each in body.terms)
    dictionary = Dictionary(body.source.lower(), body.target.lower(), terms)
    made = await beside(glossaries.add, body.name, [dictionary])
    return _shaped(made)


@router.get(
    "",
    response_model=glossary_wire.GlossariesOut,
    openapi_extra=may_raise(StoreUnavailable),
    summary="The glossaries that are kept",
)
async def every(glossaries: Glossaries) -> glossary_wire.GlossariesOut:
    """Those for one pair of languages."""
    stored = await beside(glossaries.all)
    return glossary_wire.GlossariesOut(glossaries=[_shaped(each) for each in stored if each.is_for_one_pair])


@router.get(
    "/{identity}",
    response_model=glossary_wire.GlossaryTermsOut,
    openapi_extra=may_raise(*GLOSSARY),
    summary="A glossary with its terms",
)
async def one(identity: Identity, glossaries: Glossaries) -> glossary_wire.GlossaryTermsOut:
    info = await beside(glossaries.get, identity)
    pair = (info.only.source_language, info.only.target_language)
    terms = await beside(glossaries.terms, identity, *pair)
    listed = [request_wire.TermIn(source=term.source, target=term.target) for term in terms]
    return glossary_wire.GlossaryTermsOut(**_shaped(info).model_dump(exclude={"terms"}), terms=listed)


@router.delete(
    "/{identity}",
    status_code=204,
    openapi_extra=may_raise(GlossaryNotFound, StoreUnavailable),
    summary="Delete a glossary",
)
async def delete(identity: Identity, glossaries: Glossaries) -> Response:
    await beside(glossaries.remove, identity)
    return Response(status_code=204)


def _shaped(stored: StoredGlossary) -> glossary_wire.GlossaryOut:
    return glossary_wire.GlossaryOut(
        id=stored.id,
        name=stored.name,
        source=stored.only.source_language,
        target=stored.only.target_language,
        terms=stored.only.terms,
        created=stored.created,
    )
