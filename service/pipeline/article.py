"""The seam: everything above (HTTP, command line, jobs) asks here, everything below serves this."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Literal

from service.batching.batcher import Batcher
from service.errors import (
    AmbiguousLanguage,
    EmptyText,
    InvalidInput,
    SentenceTooLong,
    UnsupportedLanguage,
)
from service.pipeline.alternatives import alternative_texts
from service.pipeline.identification import Identification, identify
from service.pipeline.models import ModelSet, Route, demonstration, known_code
from service.pipeline.off_loop import off_loop
from service.pipeline.pivot import Translator, pivoted, translator_of
from service.pipeline.result import (
    Caveat,
    DetectedLanguage,
    Digest,
    Span,
    Summary,
    TranslatedSegment,
    Translation,
    Usage,
)
from service.pipeline.stopwatch import Stopwatch
from service.pipeline.summarization import SummaryRequest, count_words
from service.pipeline.summarizer import Material, Summarizer, read_together
from service.pipeline.translation import copied, count_read, parted
from service.terms.glossary import Dictionaries, Glossary, TermList
from service.text.article import Article, BlockKind, read_article
from service.text.check import check_text
from service.text.furniture import has_letters
from service.text.html import read_html
from service.text.marked_text import MarkedText
from service.text.markup import holds_markup, read_markup
from service.text.occurrences import occurrences
from service.text.script import reads_latin_alone
from service.text.segment import Segment, keep_blocks
from service.text.segmentation import segment_article
from service.text.tags import NO_RULES, TagRules
from service.text.wrapping import unwrap

OnOverflow = Literal["split", "error"]
MediaType = Literal["text", "page", "html", "xml"]
"""`page` is a web page that the article is read out of; `html` and `xml` are texts whose markup comes back
as it went in."""

_WORTH_SAYING = 0.005

_TERM_CHARACTERS = 20
"""Reading one term of a glossary takes as long as reading so many characters."""

_SENTENCE_END = re.compile(r"[.!?:;…\n]\s*\S")

_UNREAD_TOKENS = 512
"""Segment length for a text that is copied and that no model reads, in words."""


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """`source` is a language code or "auto". `kept` are strings that come back as they are. `on_overflow`
    says what becomes of a sentence too long for the model: `split` cuts it at clauses, `error` refuses the
    text; nothing is ever left out. `model` names a translator; empty: the first that knows the languages.
    At most so many `alternatives` to the translation are looked for."""

    text: str
    source: str = "auto"
    target: str = "en"
    media: MediaType = "text"
    summary: SummaryRequest = field(default_factory=SummaryRequest)
    kept: tuple[str, ...] = ()
    glossary: TermList | Dictionaries | None = None
    tags: TagRules = NO_RULES
    on_overflow: OnOverflow = "split"
    model: str = ""
    alternatives: int = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text read, identified and cut. `received` is what the segments' offsets point into; the article's
    text is the same without its tags. `language` and `target` are codes as the models know them;
    `route` is None where there is nothing to translate."""

    received: str
    article: Article
    language: str
    target: str
    detected: DetectedLanguage
    segments: list[Segment]
    route: Route | None
    kept: tuple[str, ...]
    glossary: Glossary | None
    asked_terms: bool
    alternatives: int
    read_out: bool
    caveats: tuple[Caveat, ...]


class ArticlePipeline:
    """Keeps nothing between calls; any number of calls may run at once."""

    def __init__(
        self,
        *,
        models: ModelSet,
        batcher: Batcher,
        default_source_language: str = "de",
        max_characters: int = 500_000,
    ) -> None:
        self.models = models
        self.batcher = batcher
        self._summarizer = Summarizer(batcher, models)
        self.default_source_language = default_source_language
        self.max_characters = max_characters

    async def digest_events(
        self, request: DigestRequest, *, ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment | Summary | Digest]:
        """Each translated segment as soon as it is ready, then the summary, then the whole digest,
        whose translation is the segments joined. With `ramp` the first segment comes early.

        Raises `InvalidInput`, `Unavailable` (and their kin) and `GenerationFailed`.
        """
        watch = Stopwatch()
        reading = await self._read(request, watch)
        language = self._summary_language(request, reading)
        segments: list[TranslatedSegment] = []
        with watch.stage("translate"):
            async with aclosing(self._translated(reading, ramp=ramp)) as translated:
                async for segment in translated:
                    segments.append(segment)
                    yield segment
        with watch.stage("summarize"):
            in_target = language == reading.target
            summary = await self._summary(reading, segments, request, language, translated=in_target)
        yield summary
        translation = _joined(reading, segments)
        yield _digest(reading, watch, segments, translation, summary)

    async def count_segments(self, request: DigestRequest, *, summary: bool = False) -> int:
        """Of a text that is to be worked on later: it is read, and refused, as it will be then. On the way
        through English each counts twice."""
        reading = await self._read(request, Stopwatch())
        if summary:
            self._summary_language(request, reading)
        return _steps(reading)

    async def count_all_segments(self, requests: Sequence[DigestRequest]) -> int:
        """As `count_segments`, of several independent texts."""
        readings = await self._read_all(requests, [Stopwatch() for _ in requests])
        return sum(map(_steps, readings))

    async def digest(self, request: DigestRequest) -> Digest:
        """The last of `digest_events`."""
        events = [event async for event in self.digest_events(request)]
        digest = events[-1]
        assert isinstance(digest, Digest)  # noqa: S101 -- `digest_events` ends with it or raises
        return digest

    async def translate(self, request: DigestRequest) -> Digest:
        """A digest without a summary."""
        watch = Stopwatch()
        reading = await self._read(request, watch)
        with watch.stage("translate"):
            segments = [segment async for segment in self._translated(reading)]
        return _digest(reading, watch, segments, _joined(reading, segments), None)

    async def translate_all(self, requests: Sequence[DigestRequest]) -> list[Digest]:
        """As `translate` for each of several independent texts, in order. The texts that one model
        translates are one piece of work: let in or refused together, with one turn at the engine.

        An `InvalidInput` points to its text (`#/text/3`).
        """
        watches = [Stopwatch() for _ in requests]
        readings = await self._read_all(requests, watches)
        same_work: dict[tuple[Hashable, ...], list[int]] = {}
        for index, reading in enumerate(readings):
            models = reading.route.name if reading.route else ""
            languages = (reading.language, reading.target)
            work = (models, *languages, reading.kept, id(reading.glossary), reading.alternatives)
            same_work.setdefault(work, []).append(index)
        made: dict[int, list[TranslatedSegment]] = {}
        for indices in same_work.values():
            with ExitStack() as stages:
                for index in indices:
                    stages.enter_context(watches[index].stage("translate"))
                texts = await self._translated_together([readings[index] for index in indices])
            made.update(zip(indices, texts, strict=True))
        return [
            _digest(reading, watch, made[index], _joined(reading, made[index]), None)
            for index, (reading, watch) in enumerate(zip(readings, watches, strict=True))
        ]

    async def _translated_together(self, readings: Sequence[_Reading]) -> list[list[TranslatedSegment]]:
        """The texts of one model and one pair of languages."""
        translator = self._translator(readings[0])
        if translator is None:
            return [copied(reading.segments) for reading in readings]
        together = [segment for reading in readings for segment in reading.segments]
        texts = [len(reading.segments) for reading in readings]
        translated = [segment async for segment in translator.translate(together, texts=texts)]
        return parted(translated, texts)

    async def summarize(self, request: DigestRequest) -> Digest:
        """A digest without a translation; one is made only if the summary needs it."""
        watch = Stopwatch()
        reading = await self._read(request, watch)
        language = self._summary_language(request, reading)
        segments: list[TranslatedSegment] = []
        if self._summarizer.wants_translation(reading.language, language):
            with watch.stage("translate"):
                segments = [segment async for segment in self._translated(reading)]
        material = segments or copied(reading.segments)
        with watch.stage("summarize"):
            summary = await self._summary(reading, material, request, language, translated=bool(segments))
        return _digest(reading, watch, segments, None, summary)

    async def _read_all(
        self, requests: Sequence[DigestRequest], watches: Sequence[Stopwatch]
    ) -> list[_Reading]:
        readings = []
        for index, (request, watch) in enumerate(zip(requests, watches, strict=True)):
            try:
                readings.append(await self._read(request, watch))
            except InvalidInput as error:
                of_the_text = isinstance(error, (AmbiguousLanguage, SentenceTooLong)) or (
                    isinstance(error, UnsupportedLanguage) and request.source == "auto"
                )
                if error.pointer is None or of_the_text:
                    error.pointer = f"#/text/{index}"
                raise
            await asyncio.sleep(0)  # many short texts are a long one
        return readings

    async def _read(self, request: DigestRequest, watch: Stopwatch) -> _Reading:
        """All of it in one turn beside the event loop: handing it over takes as long as a step of it."""
        terms = 0 if request.glossary is None else len(request.glossary)
        size = len(request.text) + _TERM_CHARACTERS * terms
        return await off_loop(size, lambda: self._read_now(request, watch))

    def _read_now(self, request: DigestRequest, watch: Stopwatch) -> _Reading:
        with watch.stage("read"):
            text = check_text(request.text, max_characters=self.max_characters)
            caveats: list[Caveat] = []
            if request.media == "page":
                page = read_html(request.text)
                text = check_text(page.text, max_characters=self.max_characters)
                message = "The article was read out of an HTML page; spans point into `source_text`."
                if page.left_out >= _WORTH_SAYING:
                    message += f" {page.left_out:.0%} of the page's text was taken for navigation and the "
                    message += "like and left out; send a fragment without <body> to have all of it read."
                caveats.append(Caveat("html_extracted", message))
            if "\ufffd" in text:
                at = text.index("\ufffd")
                message = "The text has characters that were lost before it came here: a wrong encoding."
                caveats.append(Caveat("replacement_characters", message, Span(at, at + 1)))
            marked = _marked(text, request.media, request.tags)
            plain = text if marked is None else marked.plain
            if marked is not None and request.media == "text":
                message = 'The text holds markup, which was kept; say so with "format": "html", or "page" '
                message += "for a web page."
                caveats.append(Caveat("markup_found", message))
            if not has_letters(plain):
                raise EmptyText("The markup holds no words: there is nothing to translate.")
            article = read_article(plain)
        with watch.stage("detect"):
            target = self.models.target_language(request.target)
            default = self.default_source_language
            found = identify(article, self.models, source=request.source, target=target, default=default)
            caveats.extend(_in_received(caveat, marked) for caveat in found.caveats)
        language = found.language
        route = self.models.route(language, target, request.model) if language != target else None
        glossary = None
        if request.glossary is not None and route is not None and route.pivoted:
            caveats.append(_no_direct_terms(route))
        elif request.glossary is not None and route is not None:
            glossary = request.glossary.glossary(language, target)
            if glossary is None and isinstance(request.glossary, Dictionaries):
                caveats.append(_other_languages(request.glossary, language, target))
        with watch.stage("segment"):
            segments = _segments(article, found, route, marked)
            caveats.extend(_across_sentences(request.kept, plain, segments, language) if route else ())
            if request.on_overflow == "error" and route is not None:
                _refuse_split(segments, route.models[0].config.limits.segment_tokens)
        return _Reading(
            text,
            article,
            language,
            target,
            found.detected,
            segments,
            route,
            request.kept,
            glossary,
            request.glossary is not None,
            request.alternatives,
            request.media == "page",
            tuple(caveats),
        )

    def _summary_language(self, request: DigestRequest, reading: _Reading) -> str:
        wanted = request.summary.language or reading.target
        language = known_code(wanted, {reading.target, reading.language})
        if language not in {reading.target, reading.language}:
            raise UnsupportedLanguage(
                f"A summary can be in {reading.target!r} or in the source language {reading.language!r}.",
                pointer="#/summary/language",
            )
        return language

    def _translator(self, reading: _Reading) -> Translator | None:
        if reading.route is None:
            return None
        return translator_of(
            self.batcher,
            reading.route,
            kept=reading.kept,
            glossary=reading.glossary,
            alternatives=reading.alternatives,
        )

    async def _translated(
        self, reading: _Reading, *, ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]:
        translator = self._translator(reading)
        if translator is None:
            for segment in copied(reading.segments):
                yield segment
            return
        async with aclosing(translator.translate(reading.segments, ramp=ramp)) as translated:
            async for segment in translated:
                yield segment

    async def _summary(
        self,
        reading: _Reading,
        segments: Sequence[TranslatedSegment],
        request: DigestRequest,
        language: str,
        *,
        translated: bool,
    ) -> Summary:
        material = Material(
            article=reading.article,
            segments=segments,
            source=reading.language,
            language=language,
            translated=translated,
            route=reading.route,
            translator=self._translator(reading),
        )
        return await self._summarizer.summarize(material, request.summary)


def _marked(text: str, media: MediaType, tags: TagRules) -> MarkedText | None:
    """The text's markup, where it has any."""
    if media in ("html", "xml"):
        return read_markup(text, media, tags)
    return read_markup(text, "text") if media == "text" and holds_markup(text) else None


def _segments(
    article: Article, found: Identification, route: Route | None, marked: MarkedText | None
) -> list[Segment]:
    reader = route.models[0] if route else None
    segments = segment_article(
        article,
        language=found.language,
        count_tokens=partial(count_read, reader.backend, found.language) if reader else count_words,
        max_tokens=reader.config.limits.segment_tokens if reader else _UNREAD_TOKENS,
        latin_alone=reader is not None and reads_latin_alone(reader.config.source_languages),
    )
    segments = keep_blocks(segments, found.kept) if found.kept else segments
    return segments if marked is None else marked.segments(segments)


def _across_sentences(
    kept: Sequence[str], plain: str, segments: Sequence[Segment], language: str
) -> list[Caveat]:
    """A string to keep that ends one sentence and begins the next is read by nobody as one."""
    caveats = []
    for string in kept:
        if not _SENTENCE_END.search(string):
            continue
        read = unwrap(string, language)
        within = sum(len(occurrences(read, segment.model_source)) for segment in segments)
        if len(occurrences(string, plain)) > within:
            message = "A string to keep stands across the end of a sentence, where it cannot be kept."
            caveats.append(Caveat("keep_across_sentences", message))
    return caveats


def _in_received(caveat: Caveat, marked: MarkedText | None) -> Caveat:
    """The caveat with its span in the text as received, tags and all."""
    if marked is None or caveat.span is None:
        return caveat
    span = Span(marked.starts[caveat.span.start], marked.ends[caveat.span.end - 1])
    return replace(caveat, span=span)


def _no_direct_terms(route: Route) -> Caveat:
    return Caveat(
        "glossary_not_applied",
        f"A glossary needs one model from {route.source!r} to {route.target!r}; "
        "this text went through English.",
    )


def _other_languages(terms: Dictionaries, language: str, target: str) -> Caveat:
    pairs = [f"{each.source_language!r} to {each.target_language!r}" for each in terms.dictionaries]
    return Caveat(
        "glossary_not_applied",
        f"The glossary is for {', '.join(pairs) or 'no languages'}; "
        f"the text was translated from {language!r} to {target!r}.",
    )


def _refuse_split(segments: Sequence[Segment], limit: int) -> None:
    """Raises `SentenceTooLong` where a sentence came in pieces."""
    pieces = [segment for segment in segments if segment.sentence >= 0]
    for before, piece in pairwise(pieces):
        if before.sentence == piece.sentence and before.translatable and piece.translatable:
            raise SentenceTooLong(
                f"The sentence at character {before.start} is longer than the {limit} tokens of the model; "
                'with "on_overflow": "split" it is translated in parts.',
                pointer="#/text",
            )


def _steps(reading: _Reading) -> int:
    return len(reading.segments) * (len(reading.route.models) if reading.route else 1)


def _joined(reading: _Reading, segments: Sequence[TranslatedSegment]) -> Translation:
    titles = {i for i, block in enumerate(reading.article.blocks) if block.kind is BlockKind.TITLE}
    title = read_together([s for s in segments if s.segment.block in titles])
    text = "".join(segment.text for segment in segments)
    return Translation(
        text=text,
        language=reading.target,
        model=reading.route.name if reading.route else "",
        revision=reading.route.revision if reading.route else "",
        segments=tuple(segments),
        source_language=reading.language,
        title=title or None,
        alternatives=alternative_texts(segments, text),
    )


def _digest(
    reading: _Reading,
    watch: Stopwatch,
    segments: Sequence[TranslatedSegment],
    translation: Translation | None,
    summary: Summary | None,
) -> Digest:
    foreign = summary.translated if summary else ()
    route = reading.route if segments or foreign else None
    tokens = sum(segment.source_tokens + segment.target_tokens for segment in (*segments, *foreign))
    return Digest(
        source_text=reading.received,
        title=translation.title if translation else reading.article.title,
        translation=translation,
        summary=summary,
        detected_language=reading.detected,
        caveats=(
            *(
                demonstration(model)
                for model in (route.models if route else ())
                if model.config.demonstration
            ),
            *((pivoted(route),) if route and route.pivoted else ()),
            *reading.caveats,
            *(caveat for segment in (*segments, *foreign) for caveat in segment.caveats),
            *(summary.caveats if summary else ()),
        ),
        usage=Usage(len(reading.received), tokens + (summary.tokens if summary else 0)),
        terms=tuple(use for s in (*segments, *foreign) for use in s.terms) if reading.asked_terms else None,
        read_out=reading.read_out,
        timing=watch.milliseconds(),
    )
