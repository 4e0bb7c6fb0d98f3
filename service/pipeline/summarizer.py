"""One article's summary, in whichever order its models translate and summarise."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, islice

from service.batching.batcher import Batcher
from service.model_store.catalogue import Strategy
from service.pipeline.abstractive import AbstractiveSummarizer
from service.pipeline.extract import extract, headline, in_style, select
from service.pipeline.focus import about, relevance
from service.pipeline.models import ModelSet, Route
from service.pipeline.off_loop import off_loop
from service.pipeline.pivot import Translator
from service.pipeline.result import Caveat, Span, Summary, SummarySentence, TranslatedSegment
from service.pipeline.summarization import (
    HEADLINE,
    SHORT_INPUT_WORDS,
    SourceSentence,
    SummaryLength,
    SummaryRequest,
    count_words,
)
from service.pipeline.translation import copied, count_read
from service.pipeline.verification import DOUBTED
from service.text.article import Article, BlockKind, read_article
from service.text.ending import finished
from service.text.segment import Segment
from service.text.segmentation import segment_article

_ROUNDS = 4
"""How often other sentences are chosen because those translated are too long or doubtful."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a summary is made of. `segments` cover the article; `translated` says that their targets are in
    the summary's `language`. The translator and its route are needed where they are not and should be."""

    article: Article
    segments: Sequence[TranslatedSegment]
    source: str
    language: str
    translated: bool
    route: Route | None
    translator: Translator | None

    @property
    def foreign(self) -> bool:
        return self.language != self.source

    def sentences(self) -> list[SourceSentence]:
        """Those that a summary may rest on."""
        blocks = set(self.article.summary_blocks)
        chosen = [s for s in self.segments if s.segment.block in blocks and s.segment.sentence >= 0]
        return _sentences(chosen, translated=self.translated)

    def title(self) -> list[SourceSentence]:
        """The headline; nothing where the text has none."""
        kinds = self.article.blocks
        pieces = [
            s
            for s in self.segments
            if s.segment.block >= 0 and kinds[s.segment.block].kind is BlockKind.TITLE
        ]
        if not pieces:
            return []
        return [_sentence(pieces, translated=self.translated)]


def _sentences(segments: Sequence[TranslatedSegment], *, translated: bool) -> list[SourceSentence]:
    """The pieces of a long one put together again."""
    groups = groupby(segments, key=lambda s: s.segment.sentence)
    return [_sentence(list(pieces), translated=translated) for _, pieces in groups]


def _sentence(pieces: Sequence[TranslatedSegment], *, translated: bool) -> SourceSentence:
    span = Span(pieces[0].segment.start, pieces[-1].segment.end)
    source = _written_together(
        (piece.segment.model_source or piece.segment.source, piece.segment) for piece in pieces
    )
    doubtful = translated and any(c.code in DOUBTED for piece in pieces for c in piece.caveats)
    return SourceSentence(span, source, read_together(pieces) if translated else None, doubtful)


def read_together(pieces: Sequence[TranslatedSegment]) -> str:
    """The target of neighbouring segments on one line, without tags."""
    return _written_together((piece.reading, piece.segment) for piece in pieces)


def _written_together(pieces: Iterable[tuple[str, Segment]]) -> str:
    written = (text + (segment.joint if segment.frame is None else " ") for text, segment in pieces)
    return " ".join("".join(written).split())


class Summarizer:
    """`ModelSet.strategy` decides about a summary in another language than the article's:

    - translate-then-summarize: of the translation;
    - summarize-then-translate: in the article's language first, and only that is translated;
    - direct: one model reads the article and writes the other language.

    Where there is no model for it the summary is an extract, of the same strategy as far as that goes.
    """

    def __init__(self, batcher: Batcher, models: ModelSet) -> None:
        self._batcher = batcher
        self._models = models

    def wants_translation(self, source: str, language: str) -> bool:
        """Whether the whole article has to be translated for its summary."""
        return source != language and self._models.strategy == "translate-then-summarize"

    async def summarize(self, material: Material, wish: SummaryRequest) -> Summary:
        length, focus = wish.length, wish.focus
        sentences = await off_loop(len(material.article.text), material.sentences)
        work = _Work(self._batcher, material)
        if wish.style == "headline":
            if title := material.title():
                [translated] = await work.translated(title)
                return work.told(headline(translated, material.language))
            length = SummaryLength(1, HEADLINE)
        caveats: tuple[Caveat, ...] = ()
        if focus and not any(relevance(sentences, focus)):
            message = "No sentence mentions what the summary should focus on; it covers the whole text."
            caveats, focus = (Caveat("focus_not_found", message),), ""
        summary = await self._made(work, sentences, length, focus)
        return in_style(replace(summary, caveats=(*caveats, *summary.caveats)), wish.style)

    async def _made(
        self, work: _Work, sentences: list[SourceSentence], length: SummaryLength, focus: str
    ) -> Summary:
        source, language = work.material.source, work.material.language
        strategy: Strategy = self._models.strategy if source != language else "translate-then-summarize"
        reads = language if strategy == "translate-then-summarize" else source
        writes = source if strategy == "summarize-then-translate" else language
        model = self._models.summarizer(reads, writes)
        if model is None or sum(count_words(s.text) for s in sentences) < SHORT_INPUT_WORDS:
            return work.told(await work.extract(sentences, length, focus))
        given = about(sentences, focus) if focus else sentences
        if writes != language:
            given = [replace(sentence, target=None, doubtful=False) for sentence in given]
        writer = AbstractiveSummarizer(self._batcher, model, reads=reads, writes=writes)
        written = await writer.summarize(given, length)
        if written is not None and writes != language:
            written = await work.rewritten(written, length)
        if written is not None:
            return work.told(written)
        fallback = await work.extract(sentences, length, focus)
        message = "The summarizer wrote nothing usable; sentences of the text are given instead."
        return work.told(replace(fallback, caveats=(*fallback.caveats, Caveat("summary_extracted", message))))


class _Work:
    """One summary under way, and what translating for it cost and left in doubt."""

    def __init__(self, batcher: Batcher, material: Material) -> None:
        self.material = material
        self._batcher = batcher
        self._segments: list[TranslatedSegment] = []

    def told(self, summary: Summary) -> Summary:
        """With what had to be translated for it."""
        return replace(summary, translated=tuple(self._segments))

    async def extract(
        self, sentences: Sequence[SourceSentence], length: SummaryLength, focus: str
    ) -> Summary:
        """Chosen in the source. Where only the chosen are translated, and that turns out too long or
        doubtful, others are; after a few rounds what has been translated has to do."""
        known = list(sentences)
        for turn in range(_ROUNDS + 1):
            if turn == _ROUNDS:
                known = [sentence for sentence in known if sentence.target is not None]
            picked = await self._select(known, length, focus)
            if not self.material.foreign or all(sentence.target is not None for sentence in picked):
                break
            made = {sentence.span: sentence for sentence in await self.translated(picked)}
            known = [made.get(sentence.span, sentence) for sentence in known]
        return extract(picked, of=len(sentences), length=length, language=self.material.language)

    async def _select(
        self, sentences: Sequence[SourceSentence], length: SummaryLength, focus: str
    ) -> list[SourceSentence]:
        characters, language = len(self.material.article.text), self.material.source
        return await off_loop(characters, lambda: select(sentences, length, language, focus))

    async def translated(self, sentences: Sequence[SourceSentence]) -> list[SourceSentence]:
        """The same sentences, and those translated that were not."""
        material = self.material
        waiting = [sentence.span for sentence in sentences if sentence.target is None]
        if not waiting or not material.foreign:
            return list(sentences)
        starts = [each.segment.start for each in material.segments]
        parts = [
            material.segments[bisect_left(starts, span.start) : bisect_left(starts, span.end)]
            for span in waiting
        ]
        made = iter(await self._translate([each.segment for part in parts for each in part]))
        done = {
            span: _sentence(self._kept(islice(made, len(part))), translated=True)
            for span, part in zip(waiting, parts, strict=True)
        }
        return [done.get(sentence.span, sentence) for sentence in sentences]

    async def rewritten(self, summary: Summary, length: SummaryLength) -> Summary | None:
        """A summary written in the article's language, translated; None where nothing of it fits."""
        if self.material.route is None:
            return None
        model = self.material.route.models[0]
        kept: list[SummarySentence] = []
        for sentence in summary.sentences:
            segments = segment_article(
                read_article(sentence.text),
                language=self.material.source,
                count_tokens=partial(count_read, model.backend, self.material.source),
                max_tokens=model.config.limits.segment_tokens,
            )
            # Where a doubt stands in the written sentence is no place in the article.
            made = [
                replace(each, caveats=tuple(replace(caveat, span=None) for caveat in each.caveats))
                for each in await self._translate(segments)
            ]
            text = finished(" ".join("".join(each.text for each in made).split()))
            if not length.allows([*(each.text for each in kept), text]):
                break
            self._kept(made)
            kept.append(SummarySentence(text, sentence.sources))
        if not kept:
            return None
        text = " ".join(each.text for each in kept)
        return replace(summary, text=text, sentences=tuple(kept), language=self.material.language)

    async def _translate(self, segments: Sequence[Segment]) -> list[TranslatedSegment]:
        translator = self.material.translator
        if translator is None:
            return copied(segments)
        return [each async for each in translator.translate(segments)]

    def _kept(self, segments: Iterable[TranslatedSegment]) -> list[TranslatedSegment]:
        kept = list(segments)
        self._segments += kept
        return kept
