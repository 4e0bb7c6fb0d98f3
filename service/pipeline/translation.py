"""Segments in, translated segments out, in order, each checked and if need be decoded again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, replace

from service.backends.protocol import GenerationOptions, Hypothesis
from service.batching.batcher import Batcher
from service.errors import GenerationFailed, Unavailable
from service.pipeline.models import LoadedModel
from service.pipeline.result import Caveat, Span, TranslatedSegment
from service.pipeline.verification import MESSAGES, Fault, faults, other_options
from service.text.segment import Segment


@dataclass(frozen=True, slots=True)
class _Settled:
    """The hypothesis kept for a segment, and what is to be said about it."""

    hypothesis: Hypothesis
    source_tokens: int
    faults: frozenset[Fault]
    redecoded: bool


class SegmentTranslator:
    """One model, one language pair."""

    def __init__(self, batcher: Batcher, model: LoadedModel, *, source: str, target: str) -> None:
        self._batcher = batcher
        self._model = model
        generation = model.config.generation
        self._options = GenerationOptions(
            beam_size=generation.beam_size,
            length_penalty=generation.length_penalty,
            repetition_penalty=generation.repetition_penalty,
            no_repeat_ngram_size=generation.no_repeat_ngram_size,
            max_decoding_length=model.config.limits.target_tokens,
            source_language=source,
            target_language=target,
        )

    async def translate(
        self, segments: Sequence[Segment], *, ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]:
        """Every segment, in order, as soon as it and those before it are ready. All of them wait
        in the queue together; leaving the iterator takes back what has not been decoded.

        Raises what `Batcher.submit` raises, and `GenerationFailed`.
        """
        translatable = [segment for segment in segments if segment.translatable]
        sources = [segment.model_source for segment in translatable]
        counts = [self._model.backend.count_tokens(source) for source in sources]
        futures = self._batcher.submit(self._model.backend, sources, self._options, tokens=counts, ramp=ramp)
        settling = iter(
            tasks := [
                asyncio.ensure_future(self._settle(source, tokens, future))
                for source, tokens, future in zip(sources, counts, futures, strict=True)
            ]
        )
        position = 0
        try:
            for index, segment in enumerate(segments):
                if segment.translatable:
                    translated = _translated(index, segment, position, await next(settling))
                else:
                    translated = TranslatedSegment(index, segment, segment.source, position, None)
                position += len(translated.text)
                yield translated
        finally:
            for task in tasks:
                task.cancel()
            for future in futures:
                future.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, source: str, tokens: int, future: asyncio.Future[Hypothesis]) -> _Settled:
        first = await future
        found = faults(source, first)
        if not found:
            return _Settled(first, tokens, found, redecoded=False)
        options = other_options(self._options, found, tokens)
        try:
            [second] = await self._batcher.generate(self._model.backend, [source], options)
        except (GenerationFailed, Unavailable):
            return _Settled(first, tokens, found, redecoded=False)  # the doubt is told, nothing is lost
        found_again = faults(source, second)
        if Fault.EMPTY not in found_again and (Fault.EMPTY in found or len(found_again) < len(found)):
            return _Settled(second, tokens, found_again, redecoded=True)
        return _Settled(first, tokens, found, redecoded=False)


def _translated(index: int, segment: Segment, position: int, settled: _Settled) -> TranslatedSegment:
    span = Span(segment.start, segment.end)
    target = " ".join(settled.hypothesis.target.split())
    score: float | None = settled.hypothesis.score
    caveats = [Caveat(fault.value, MESSAGES[fault], span) for fault in sorted(settled.faults)]
    if settled.redecoded:
        message = "The first translation of this segment failed a check; it was decoded again."
        caveats.append(Caveat("segment_repaired", message, span))
    if Fault.EMPTY in settled.faults:
        target, score = segment.source, None  # nothing is dropped: the source stands in
    return TranslatedSegment(
        index,
        segment,
        target,
        position,
        score,
        source_tokens=settled.source_tokens,
        target_tokens=settled.hypothesis.tokens,
        caveats=tuple(caveats),
    )


def copied(segments: Iterable[Segment]) -> list[TranslatedSegment]:
    """The text as it stands, segment by segment: for text already in the target language.
    The separators stay as they are, so that the copy equals the original."""
    position = 0
    copies = []
    for index, segment in enumerate(segments):
        exact = replace(segment, joint=segment.separator)
        copies.append(TranslatedSegment(index, exact, segment.source, position, None))
        position += len(copies[-1].text)
    return copies
