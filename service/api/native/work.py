"""What can be asked of an article, read and checked: to be answered now, or kept as a job for later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.body import validate
from service.api.native import answer_wire, request_wire
from service.api.state import RequestLimits
from service.errors import GlossaryInvalid
from service.jobs.job import Kind
from service.pipeline.article import ArticlePipeline, DigestRequest, MediaType
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Digest
from service.pipeline.summarization import SummaryRequest
from service.terms.beside import beside
from service.terms.glossary import LONGEST_TERM, Dictionaries, Dictionary, Term, TermList, check_terms
from service.terms.store import GlossaryStore

_BODIES: Mapping[
    Kind, type[request_wire.DigestBody | request_wire.TranslateBody | request_wire.SummarizeBody]
] = {
    "digest": request_wire.DigestBody,
    "translate": request_wire.TranslateBody,
    "summarize": request_wire.SummarizeBody,
}
_NOT_OF_RAW: Mapping[Kind, frozenset[str]] = {
    "digest": frozenset(),
    "translate": frozenset({"summary"}),
    "summarize": frozenset({"segments"}),
}
"""Fields of a raw body's query that say nothing here."""


@dataclass(frozen=True, slots=True)
class Work:
    """`fields` and `media` are the request as it came, `stored` the glossary that it names; `wanted` what the
    pipeline is asked for, one for each text, of which there are several only where the body holds a list."""

    kind: Kind
    fields: dict[str, Any]
    media: MediaType | None
    body: request_wire.DigestBody | request_wire.TranslateBody | request_wire.SummarizeBody
    wanted: Sequence[DigestRequest]
    stored: Dictionaries | None

    @property
    def characters(self) -> int:
        return sum(len(each.text) for each in self.wanted)

    @property
    def is_list(self) -> bool:
        return not isinstance(self.body.text, str)

    async def segments(self, pipeline: ArticlePipeline) -> int:
        """How many there are. Raises what `answer` would of the text's own faults."""
        if self.is_list:
            return await pipeline.count_all_segments(self.wanted)
        return await pipeline.count_segments(self.wanted[0], summary=self.kind != "translate")

    async def answer(self, pipeline: ArticlePipeline) -> list[Digest]:
        if self.is_list:
            return await pipeline.translate_all(self.wanted)
        act = {"digest": pipeline.digest, "translate": pipeline.translate, "summarize": pipeline.summarize}
        return [await act[self.kind](self.wanted[0])]

    async def response(self, made: Sequence[Digest]) -> JSONResponse:
        """Made beside the event loop where it is long."""
        characters = sum(each.usage.characters for each in made)
        return await off_loop(characters, lambda: JSONResponse(self._shaped(made)))

    def sent(self) -> bytes:
        """The same for the same request."""
        return json.dumps(self._sent, sort_keys=True).encode()

    async def dump(self) -> bytes:
        """For `load_work`. The terms of a stored glossary are kept with the request: they may be changed or
        deleted before its turn comes, and glossaries are not shared between machines."""
        terms = 0 if self.stored is None else len(self.stored)
        return await off_loop(terms * LONGEST_TERM, self._dumped)

    def _dumped(self) -> bytes:
        if self.stored is None:
            return self.sent()
        kept = [
            [each.source_language, each.target_language, [[term.source, term.target] for term in each.terms]]
            for each in self.stored.dictionaries
        ]
        return json.dumps({**self._sent, "dictionaries": kept}, sort_keys=True).encode()

    @property
    def _sent(self) -> dict[str, Any]:
        return {"fields": self.fields, "media": self.media}

    def _shaped(self, made: Sequence[Digest]) -> dict[str, Any]:
        if isinstance(self.body, request_wire.DigestBody):
            return answer_wire.dumped(answer_wire.digest_out(made[0], segments=self.body.segments))
        if isinstance(self.body, request_wire.SummarizeBody):
            return answer_wire.dumped(answer_wire.summarize_out(made[0]))
        asked = {"segments": self.body.segments, "alternatives": self.body.alternatives > 0}
        out: list[BaseModel] = [answer_wire.translated_out(each, **asked) for each in made]
        return {"translations": [answer_wire.dumped(each) for each in out]}


async def read_work(
    kind: Kind,
    fields: dict[str, Any],
    media: MediaType | None,
    limits: RequestLimits,
    glossaries: GlossaryStore,
    *,
    stored: Dictionaries | None = None,
) -> Work:
    """`glossaries` are the caller's; what is `stored` under the id that the request names is looked up there
    unless it is given. Raises `InvalidInput` and its kin, `StoreUnavailable` where a stored glossary cannot
    be read."""
    if media is not None:
        fields = {name: value for name, value in fields.items() if name not in _NOT_OF_RAW[kind]}
    body = validate(_BODIES[kind], fields)
    texts = [body.text] if isinstance(body.text, str) else body.text
    if kind == "translate":
        limits.check(texts)
    terms = await _terms(body, glossaries) if stored is None else stored
    summary = SummaryRequest() if isinstance(body, request_wire.TranslateBody) else body.summary.request()
    wanted = [body.wanted(text, media, summary, terms) for text in texts]
    return Work(kind, fields, media, body, wanted, terms if isinstance(terms, Dictionaries) else None)


async def load_work(kind: Kind, dumped: bytes, limits: RequestLimits, glossaries: GlossaryStore) -> Work:
    """What was kept; requests from before the terms were kept with them have their glossary looked up."""
    fields, media, stored = await off_loop(len(dumped), lambda: _kept(dumped))
    return await read_work(kind, fields, media, limits, glossaries, stored=stored)


def _kept(dumped: bytes) -> tuple[dict[str, Any], MediaType | None, Dictionaries | None]:
    kept = json.loads(dumped)
    stored = None
    if "dictionaries" in kept:
        stored = Dictionaries(
            tuple(
                Dictionary(source, target, tuple(Term(*term) for term in terms))
                for source, target, terms in kept["dictionaries"]
            )
        )
    return kept["fields"], kept["media"], stored


async def _terms(body: request_wire.Translated, glossaries: GlossaryStore) -> TermList | Dictionaries | None:
    if isinstance(body.glossary, str):
        return await beside(glossaries.dictionaries, body.glossary)
    terms = body.terms
    if terms is not None:
        try:
            await off_loop(len(terms) * LONGEST_TERM, lambda: check_terms(terms.terms))
        except GlossaryInvalid as error:
            error.pointer = "#/glossary"
            raise
    return terms
