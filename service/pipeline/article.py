"""The seam: everything above (HTTP, command line, jobs) asks here, everything below serves this."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

from service.batching.batcher import Batcher
from service.errors import EmptyText, InvalidInput, UnsupportedLanguage
from service.pipeline.models import LoadedModel, ModelSet, known_code
from service.pipeline.off_loop import off_loop
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
from service.pipeline.summarization import (
    HEADLINE,
    SHORT_INPUT_WORDS,
    AbstractiveSummarizer,
    SourceSentence,
    SummaryLength,
    SummaryRequest,
    about,
    count_words,
    extract,
    headline,
    in_style,
    relevance,
    select,
)
from service.pipeline.translation import SegmentTranslator, copied, parted
from service.terms.glossary import Dictionaries, Glossary, TermList
from service.text.article import Article, BlockKind, read_article
from service.text.check import check_text
from service.text.furniture import has_letters
from service.text.html import read_html
from service.text.language import Detection, detect_language
from service.text.markup import MarkedText, holds_markup, read_markup
from service.text.segment import Segment
from service.text.segmentation import segment_article
from service.text.tags import NO_RULES, TagRules

MediaType = Literal["text", "page", "html", "xml"]
"""`page` is a web page that the article is read out of; `html` and `xml` are texts whose markup comes back
as it went in."""

_SUSPICION = 0.9
"""Confidence from which a text too short to be sure of is still said to look like another language."""

_WORTH_SAYING = 0.005

_UNREAD_TOKENS = 512
"""Segment length for a text that is copied and that no model reads, in words."""


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """`source` is a language code or "auto". `kept` are strings that come back as they are."""

    text: str
    source: str = "auto"
    target: str = "en"
    media: MediaType = "text"
    summary: SummaryRequest = field(default_factory=SummaryRequest)
    kept: tuple[str, ...] = ()
    glossary: TermList | Dictionaries | None = None
    tags: TagRules = NO_RULES


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text read, identified and cut. `received` is what the segments' offsets point into; the article's
    text is the same without its tags. `language` and `target` are codes as the models know them;
    `translator` is None where there is nothing to translate."""

    received: str
    article: Article
    language: str
    target: str
    detected: DetectedLanguage
    segments: list[Segment]
    translator: LoadedModel | None
    kept: tuple[str, ...]
    glossary: Glossary | None
    asked_terms: bool
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
            summary = await self._summary(reading, segments, request, language)
        yield summary
        translation = _joined(reading, segments)
        yield _digest(reading, watch, segments, translation, summary)

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
        readings = []
        for index, (request, watch) in enumerate(zip(requests, watches, strict=True)):
            try:
                readings.append(await self._read(request, watch))
            except InvalidInput as error:
                error.pointer = error.pointer or f"#/text/{index}"
                raise
            await asyncio.sleep(0)  # many short texts are a long one
        same_work: dict[tuple[str, str, str, tuple[str, ...], int], list[int]] = {}
        for index, reading in enumerate(readings):
            model = reading.translator.name if reading.translator else ""
            work = (model, reading.language, reading.target, reading.kept, id(reading.glossary))
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
        translated = [segment async for segment in translator.translate(together)]
        return parted(translated, [len(reading.segments) for reading in readings])

    async def summarize(self, request: DigestRequest) -> Digest:
        """A digest without a translation; one is made only if the summary needs it."""
        watch = Stopwatch()
        reading = await self._read(request, watch)
        language = self._summary_language(request, reading)
        segments: list[TranslatedSegment] = []
        if language != reading.language:
            with watch.stage("translate"):
                segments = [segment async for segment in self._translated(reading)]
        with watch.stage("summarize"):
            summary = await self._summary(reading, segments or copied(reading.segments), request, language)
        return _digest(reading, watch, segments, None, summary)

    async def _read(self, request: DigestRequest, watch: Stopwatch) -> _Reading:
        with watch.stage("read"):
            text = check_text(request.text, max_characters=self.max_characters)
            caveats: list[Caveat] = []
            if request.media == "page":
                page = await off_loop(len(text), lambda: read_html(request.text))
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
            marked = await off_loop(len(text), lambda: _marked(text, request.media, request.tags))
            plain = text if marked is None else marked.plain
            if marked is not None and request.media == "text":
                message = 'The text holds markup, which was kept; say so with "format": "html", or "page" '
                message += "for a web page."
                caveats.append(Caveat("markup_found", message))
            if not has_letters(plain):
                raise EmptyText("The markup holds no words: there is nothing to translate.")
            article = await off_loop(len(plain), lambda: read_article(plain))
        with watch.stage("detect"):
            language, detected, about_language = self._identify(plain, request)
            caveats.extend(about_language)
        translator, target = None, self.models.target_language(request.target)
        if language != target:
            translator = self.models.translator(language, target)
        glossary = None
        if request.glossary is not None and translator is not None:
            terms = request.glossary
            glossary = await off_loop(20 * len(terms), lambda: terms.glossary(language, target))
            if glossary is None and isinstance(terms, Dictionaries):
                caveats.append(_other_languages(terms, language, target))
        with watch.stage("segment"):
            segments = await off_loop(len(plain), lambda: _segments(article, language, translator, marked))
        return _Reading(
            text,
            article,
            language,
            target,
            detected,
            segments,
            translator,
            request.kept,
            glossary,
            request.glossary is not None,
            request.media == "page",
            tuple(caveats),
        )

    def _identify(self, text: str, request: DigestRequest) -> tuple[str, DetectedLanguage, list[Caveat]]:
        guess = detect_language(text, default=self.default_source_language)
        target = self.models.target_language(request.target)
        detected = DetectedLanguage(guess.code, guess.confidence)
        if request.source != "auto":
            language = self.models.source_language(request.source)
            best = guess.candidates[0] if guess.candidates else Detection(language, 0.0)
            # What is said to be in the target language is not translated: then a suspicion is enough.
            suspected = language == target and best.confidence >= _SUSPICION
            if best.code != language and (guess.sure or suspected):
                message = f"The text looks like {best.code!r} but was treated as {language!r}, as asked."
                return language, detected, [Caveat("language_mismatch", message)]
        elif guess.sure:
            language = guess.code
        else:
            language = guess.code  # the default, unless the text's script rules it out
            message = f"Too little text to tell its language; it was taken for {language!r}."
            return language, detected, [Caveat("language_assumed", message)]
        if language == target:
            message = f"The text is already in {language!r}; it was passed through unchanged."
            return language, detected, [Caveat("already_in_target_language", message)]
        return language, detected, []

    def _summary_language(self, request: DigestRequest, reading: _Reading) -> str:
        wanted = request.summary.language or reading.target
        language = known_code(wanted, {reading.target, reading.language})
        if language not in {reading.target, reading.language}:
            raise UnsupportedLanguage(
                f"A summary can be in {reading.target!r} or in the source language {reading.language!r}.",
                pointer="#/summary/language",
            )
        return language

    def _translator(self, reading: _Reading) -> SegmentTranslator | None:
        if reading.translator is None:
            return None
        return SegmentTranslator(
            self.batcher,
            reading.translator,
            source=reading.language,
            target=reading.target,
            kept=reading.kept,
            glossary=reading.glossary,
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
    ) -> Summary:
        wish = request.summary
        length, focus = wish.length, wish.focus
        characters = len(reading.article.text)
        translated = language == reading.target
        sentences = await off_loop(
            characters, lambda: summarizable(reading.article, segments, translated=translated)
        )
        if wish.style == "headline":
            title = _title(reading, segments, translated=translated)
            if title is not None:
                return headline(title, language)
            length = SummaryLength(1, HEADLINE)
        caveats: tuple[Caveat, ...] = ()
        if focus and not any(relevance(sentences, focus)):
            message = "No sentence mentions what the summary should focus on; it covers the whole text."
            caveats, focus = (Caveat("focus_not_found", message),), ""
        model = self.models.summarizer(language)
        if model is not None and sum(count_words(s.text) for s in sentences) >= SHORT_INPUT_WORDS:
            writer = AbstractiveSummarizer(self.batcher, model, language=language)
            chosen = about(sentences, focus) if focus else sentences
            summary = await writer.summarize(chosen, length)
        else:
            picked = await off_loop(characters, lambda: select(sentences, length, reading.language, focus))
            summary = extract(picked, of=len(sentences), length=length, language=language)
        return in_style(replace(summary, caveats=(*caveats, *summary.caveats)), wish.style)


def summarizable(
    article: Article, segments: Sequence[TranslatedSegment], *, translated: bool
) -> list[SourceSentence]:
    """The sentences a summary may rest on, the pieces of a long one put together again."""
    blocks = set(article.summary_blocks)
    chosen = (s for s in segments if s.segment.block in blocks and s.segment.sentence >= 0)
    sentences = []
    for _, group in groupby(chosen, key=lambda s: s.segment.sentence):
        pieces = list(group)
        span = Span(pieces[0].segment.start, pieces[-1].segment.end)
        source = _written_together((piece.segment.model_source, piece.segment) for piece in pieces)
        target = _read_together(pieces)
        doubtful = translated and any(c.code != "name_doubtful" for piece in pieces for c in piece.caveats)
        sentences.append(SourceSentence(span, source, target if translated else None, doubtful))
    return sentences


def _title(
    reading: _Reading, segments: Sequence[TranslatedSegment], *, translated: bool
) -> SourceSentence | None:
    """The headline as a sentence of the summary's language; None where the text has none."""
    kinds = reading.article.blocks
    pieces = [s for s in segments if s.segment.block >= 0 and kinds[s.segment.block].kind is BlockKind.TITLE]
    if not pieces:
        return None
    span = Span(pieces[0].segment.start, pieces[-1].segment.end)
    source = reading.article.title or ""
    target = _read_together(pieces)
    return SourceSentence(span, source, target if translated else None)


def _read_together(pieces: Sequence[TranslatedSegment]) -> str:
    """The target of neighbouring segments on one line, without tags."""
    return _written_together((piece.reading, piece.segment) for piece in pieces)


def _written_together(pieces: Iterable[tuple[str, Segment]]) -> str:
    written = (text + (segment.joint if segment.frame is None else " ") for text, segment in pieces)
    return " ".join("".join(written).split())


def _marked(text: str, media: MediaType, tags: TagRules) -> MarkedText | None:
    """The text's markup, where it has any."""
    if media in ("html", "xml"):
        return read_markup(text, media, tags)
    return read_markup(text, "text") if media == "text" and holds_markup(text) else None


def _segments(
    article: Article, language: str, translator: LoadedModel | None, marked: MarkedText | None
) -> list[Segment]:
    segments = segment_article(
        article,
        language=language,
        count_tokens=translator.backend.count_tokens if translator else count_words,
        max_tokens=translator.config.limits.segment_tokens if translator else _UNREAD_TOKENS,
    )
    return segments if marked is None else marked.segments(segments)


def _other_languages(terms: Dictionaries, language: str, target: str) -> Caveat:
    pairs = [f"{each.source_language!r} to {each.target_language!r}" for each in terms.dictionaries]
    return Caveat(
        "glossary_not_applied",
        f"The glossary is for {', '.join(pairs) or 'no languages'}; "
        f"the text was translated from {language!r} to {target!r}.",
    )


def _joined(reading: _Reading, segments: Sequence[TranslatedSegment]) -> Translation:
    titles = {i for i, block in enumerate(reading.article.blocks) if block.kind is BlockKind.TITLE}
    title = _read_together([s for s in segments if s.segment.block in titles])
    return Translation(
        text="".join(segment.text for segment in segments),
        language=reading.target,
        model=reading.translator.name if reading.translator else "",
        revision=reading.translator.revision if reading.translator else "",
        segments=tuple(segments),
        source_language=reading.language,
        title=title or None,
    )


def _digest(
    reading: _Reading,
    watch: Stopwatch,
    segments: Sequence[TranslatedSegment],
    translation: Translation | None,
    summary: Summary | None,
) -> Digest:
    tokens = sum(segment.source_tokens + segment.target_tokens for segment in segments)
    used = [reading.translator] if reading.translator and segments else []
    return Digest(
        source_text=reading.received,
        title=translation.title if translation else reading.article.title,
        translation=translation,
        summary=summary,
        detected_language=reading.detected,
        caveats=(
            *(demonstration(model) for model in used if model.config.demonstration),
            *reading.caveats,
            *(caveat for segment in segments for caveat in segment.caveats),
            *(summary.caveats if summary else ()),
        ),
        usage=Usage(len(reading.received), tokens + (summary.tokens if summary else 0)),
        terms=tuple(use for s in segments for use in s.terms) if reading.asked_terms else None,
        read_out=reading.read_out,
        timing=watch.milliseconds(),
    )


def demonstration(model: LoadedModel) -> Caveat:
    return Caveat(
        "demonstration_model",
        f"{model.name} is a small demonstration model: its translation shows that the path works and is "
        "not fit for use. `make models` fetches the real ones.",
    )
