"""The seam: everything above (HTTP, command line, jobs) asks here, everything below serves this."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from typing import Literal

from service.batching.batcher import Batcher
from service.errors import InvalidInput, UnsupportedLanguage
from service.pipeline.models import LoadedModel, ModelSet, demonstration, known_code
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
from service.pipeline.summarization import SummaryRequest, count_words
from service.pipeline.summarizer import Material, Summarizer
from service.pipeline.translation import SegmentTranslator, copied, parted
from service.text.article import Article, BlockKind, read_article
from service.text.check import check_text
from service.text.html import read_html
from service.text.language import Detection, detect_language
from service.text.segment import Segment
from service.text.segmentation import segment_article

MediaType = Literal["text", "html"]

_SUSPICION = 0.9
"""Confidence from which a text too short to be sure of is still said to look like another language."""

_WORTH_SAYING = 0.005

_UNREAD_TOKENS = 512
"""Segment length for a text that is copied and that no model reads, in words."""


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """`source` is a language code or "auto"."""

    text: str
    source: str = "auto"
    target: str = "en"
    media: MediaType = "text"
    summary: SummaryRequest = field(default_factory=SummaryRequest)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text read, identified and cut. `language` and `target` are codes as the models know them;
    `translator` is None where there is nothing to translate."""

    article: Article
    language: str
    target: str
    detected: DetectedLanguage
    segments: list[Segment]
    translator: LoadedModel | None
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
        same_work: dict[tuple[str, str, str], list[int]] = {}
        for index, reading in enumerate(readings):
            model = reading.translator.name if reading.translator else ""
            same_work.setdefault((model, reading.language, reading.target), []).append(index)
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
        model, source, target = readings[0].translator, readings[0].language, readings[0].target
        if model is None:
            return [copied(reading.segments) for reading in readings]
        translator = SegmentTranslator(self.batcher, model, source=source, target=target)
        together = [segment for reading in readings for segment in reading.segments]
        translated = [segment async for segment in translator.translate(together)]
        return parted(translated, [len(reading.segments) for reading in readings])

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

    async def _read(self, request: DigestRequest, watch: Stopwatch) -> _Reading:
        with watch.stage("read"):
            text = check_text(request.text, max_characters=self.max_characters)
            caveats: list[Caveat] = []
            if request.media == "html":
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
            article = await off_loop(len(text), lambda: read_article(text))
        with watch.stage("detect"):
            language, detected, about_language = self._identify(text, request)
            caveats.extend(about_language)
        translator, target = None, self.models.target_language(request.target)
        if language != target:
            translator = self.models.translator(language, target)
        with watch.stage("segment"):
            segments = await off_loop(len(text), lambda: _segments(article, language, translator))
        return _Reading(article, language, target, detected, segments, translator, tuple(caveats))

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

    async def _translated(
        self, reading: _Reading, *, ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]:
        if reading.translator is None:
            for segment in copied(reading.segments):
                yield segment
            return
        translator = SegmentTranslator(
            self.batcher, reading.translator, source=reading.language, target=reading.target
        )
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
            translator=reading.translator,
        )
        return await self._summarizer.summarize(material, request.summary)


def _segments(article: Article, language: str, translator: LoadedModel | None) -> list[Segment]:
    if translator is None:
        return segment_article(
            article, language=language, count_tokens=count_words, max_tokens=_UNREAD_TOKENS
        )
    return segment_article(
        article,
        language=language,
        count_tokens=translator.backend.count_tokens,
        max_tokens=translator.config.limits.segment_tokens,
    )


def _joined(reading: _Reading, segments: Sequence[TranslatedSegment]) -> Translation:
    titles = {i for i, block in enumerate(reading.article.blocks) if block.kind is BlockKind.TITLE}
    title = " ".join("".join(s.text for s in segments if s.segment.block in titles).split())
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
        source_text=reading.article.text,
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
        usage=Usage(len(reading.article.text), tokens + (summary.tokens if summary else 0)),
        timing=watch.milliseconds(),
    )
