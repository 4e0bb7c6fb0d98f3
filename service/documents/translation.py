"""One file through the pipeline."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from service.documents.document import Document
from service.documents.formats import FORMATS, extension_of, read_document
from service.errors import EmptyText, UrlNotFetched
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.result import Caveat, DetectedLanguage, Digest
from service.terms.glossary import Dictionaries, TermList

AT_ONCE = 2
"""Files taken apart at the same time. The largest in XML that are accepted need some 200 MB each."""

_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="document")

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Remark:
    """A caveat about a file: `parts` are the paragraphs, cues or units it is about, from 1; none where it is
    about the whole."""

    code: str
    message: str
    parts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TranslatedDocument:
    """`language` is what it was translated from, as the models know it; `characters` of the original.
    `digest` is None where the file held nothing to translate."""

    content: bytes
    media_type: str
    extension: str
    language: str
    detected: DetectedLanguage
    characters: int
    remarks: tuple[Remark, ...]
    digest: Digest | None


async def _free(_characters: int) -> None: ...


async def _taken_apart(work: Callable[[], Made]) -> Made:
    """Goes on when its caller has left, for a thread cannot be stopped; then no other takes its place."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


async def translate_document(
    pipeline: ArticlePipeline,
    content: bytes,
    name: str,
    *,
    source: str = "auto",
    target: str = "en",
    glossary: TermList | Dictionaries | None = None,
    charge: Callable[[int], Awaitable[None]] = _free,
) -> TranslatedDocument:
    """`charge` is told the characters before the work. Raises what `read_document`,
    `ArticlePipeline.translate` and `charge` raise. A file with nothing to translate in it comes back as it
    is."""
    extension = extension_of(name)
    document = await _taken_apart(
        lambda: read_document(content, name, max_characters=pipeline.max_characters)
    )
    if source == "auto" and document.language is not None:
        known = pipeline.models.source_language(document.language)
        source = known if known in pipeline.models.pairs else source
    request = DigestRequest(
        document.source, source, target, document.media, glossary=glossary, tags=document.tags
    )
    await charge(document.characters)
    made: Digest | None = None
    remarks: tuple[Remark, ...]
    try:
        made = await pipeline.translate(request)
    except (EmptyText, UrlNotFetched):
        language = pipeline.default_source_language if source == "auto" else source
        detected = DetectedLanguage(language, 0.0)
        remarks = (Remark("nothing_to_translate", "The file holds no words; it is as it was."),)
    else:
        translation = made.translation
        assert translation is not None  # noqa: S101 -- `translate` makes one
        language, detected = translation.source_language, made.detected_language
        caveats = made.caveats
        written = await _taken_apart(lambda: document.write(translation.text, translation.language))
        remarks = await _taken_apart(lambda: _remarks(document, caveats))
    return TranslatedDocument(
        content=content if made is None else written,
        media_type=FORMATS[extension].media_type,
        extension=extension,
        language=language,
        detected=detected,
        characters=document.characters,
        remarks=remarks,
        digest=made,
    )


def _remarks(document: Document, caveats: tuple[Caveat, ...]) -> tuple[Remark, ...]:
    """Those of one kind together, with the parts they are about."""
    parts: dict[tuple[str, str], Counter[int]] = {}
    for caveat in caveats:
        part = document.part_at(caveat.span.start) if caveat.span else None
        parts.setdefault((caveat.code, caveat.message), Counter()).update([] if part is None else [part])
    return tuple(Remark(code, message, tuple(sorted(found))) for (code, message), found in parts.items())
