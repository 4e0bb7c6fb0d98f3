"""Segments in, translated segments out, in order, each checked and if need be decoded again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import islice

from service.backends.protocol import GenerationOptions, Hypothesis
from service.batching.batcher import Batcher
from service.errors import GenerationFailed, Unavailable
from service.pipeline.models import LoadedModel
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, Span, TranslatedSegment
from service.pipeline.verification import Fault, Judgement, clauses, judge, other_options
from service.text.furniture import has_letters
from service.text.protected import protected_spans
from service.text.segment import Segment

_SETTLING = 256
"""Segments that are checked and repaired at once: as many as a batch holds, and few enough that an
article of a hundred thousand lines does not hold up the event loop."""


@dataclass(frozen=True, slots=True)
class _Settled:
    """The hypothesis kept for a segment, and what is to be said about it."""

    hypothesis: Hypothesis
    source_tokens: int
    judgement: Judgement
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
        sources = [segment.model_source for segment in segments if segment.translatable]
        counts = await off_loop(sum(map(len, sources)), lambda: self._count_tokens(sources))
        futures = self._batcher.submit(self._model.backend, sources, self._options, tokens=counts, ramp=ramp)
        settled = self._settled(sources, counts, futures)
        position = 0
        try:
            async with aclosing(settled):
                for index, segment in enumerate(segments):
                    if segment.translatable:
                        translated = _translated(index, segment, position, await anext(settled))
                    else:
                        translated = TranslatedSegment(index, segment, segment.source, position, None)
                    position += len(translated.text)
                    yield translated
        finally:
            for future in futures:
                future.cancel()

    def _count_tokens(self, sources: Sequence[str]) -> list[int]:
        return [self._model.backend.count_tokens(source) for source in sources]

    async def _settled(
        self, sources: Sequence[str], counts: Sequence[int], futures: Sequence[asyncio.Future[Hypothesis]]
    ) -> AsyncGenerator[_Settled]:
        """In order, with the repairs of the next `_SETTLING` segments under way together."""
        waiting = zip(sources, counts, futures, strict=True)
        settling: deque[asyncio.Task[_Settled]] = deque()
        try:
            while True:
                for source, tokens, future in islice(waiting, _SETTLING - len(settling)):
                    settling.append(asyncio.create_task(self._settle(source, tokens, future)))
                if not settling:
                    return
                yield await settling[0]
                settling.popleft()
        finally:
            for task in settling:
                task.cancel()
            await asyncio.gather(*settling, return_exceptions=True)

    async def _settle(self, source: str, tokens: int, future: asyncio.Future[Hypothesis]) -> _Settled:
        first = await future
        found = self._judge(source, first)
        if not found.worth_another_try:
            return _Settled(first, tokens, found, redecoded=False)
        best, redecoded = first, False
        for attempt in self._attempts(source, found, tokens):
            try:
                again = await attempt
            except (GenerationFailed, Unavailable):
                break  # the doubt is told, nothing is lost
            found_again = self._judge(source, again)
            if found_again.better_than(found):
                best, found, redecoded = again, found_again, True
            if not found.worth_another_try:
                break
        return _Settled(best, tokens, found, redecoded)

    def _attempts(
        self, source: str, found: Judgement, tokens: int
    ) -> Iterator[Coroutine[None, None, Hypothesis]]:
        """Ways to do it again, as they fit: around what must stay as it is; decoded in another way; in
        parts, for what was lost, looped or copied (a wrong number gets no better in parts)."""
        if any(each.doubt == "placeholder" for each in found.discrepancies):
            yield self._around(source)
        if found.faults or any(each.doubt != "placeholder" for each in found.discrepancies):
            yield self._in_parts([source], other_options(self._options, found, tokens))
        parts = clauses(source)
        if found.faults and len(parts) > 1:
            yield self._in_parts(parts, self._options)

    async def _in_parts(self, sources: Sequence[str], options: GenerationOptions) -> Hypothesis:
        return _together(await self._generate(sources, options))

    async def _around(self, source: str) -> Hypothesis:
        """The text between the protected strings is translated, they themselves are copied."""
        pieces = _Pieces(source)
        return pieces.filled(await self._generate(pieces.translatable, self._options))

    async def _generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        return await self._batcher.generate(self._model.backend, sources, options, admitted=True)

    def _judge(self, source: str, hypothesis: Hypothesis) -> Judgement:
        return judge(source, hypothesis, self._options.source_language, self._options.target_language)


class _Pieces:
    """A sentence parted at what must stay as it is."""

    def __init__(self, source: str) -> None:
        self._parts: list[tuple[str, bool]] = []
        at = 0
        for start, end in [*protected_spans(source), (len(source), len(source))]:
            between = source[at:start]
            self._parts += [(between, has_letters(between)), (source[start:end], False)]
            at = end

    @property
    def translatable(self) -> list[str]:
        return [part.strip() for part, translate in self._parts if translate]

    def filled(self, made: Sequence[Hypothesis]) -> Hypothesis:
        """The parts put together again, with the white space they had; where one is missing, none."""
        joined = _together(made) if made else Hypothesis("", 0.0, 0, True)
        if made and not joined.target:
            return joined
        hypotheses = iter(made)
        texts = [
            part.replace(part.strip(), next(hypotheses).target.strip(), 1) if translate else part
            for part, translate in self._parts
        ]
        return replace(joined, target="".join(texts))


def _together(made: Sequence[Hypothesis]) -> Hypothesis:
    """One hypothesis of the parts of a sentence; where one part is missing, it is none."""
    if len(made) == 1:
        return made[0]
    whole = all(each.target.strip() for each in made)
    return Hypothesis(
        target=" ".join(each.target.strip() for each in made) if whole else "",
        score=sum(each.score for each in made) / len(made),
        tokens=sum(each.tokens for each in made),
        complete=all(each.complete for each in made),
    )


def _translated(index: int, segment: Segment, position: int, settled: _Settled) -> TranslatedSegment:
    span = Span(segment.start, segment.end)
    target = " ".join(settled.hypothesis.target.split())
    score: float | None = settled.hypothesis.score
    caveats = [Caveat(code, message, span) for code, message in settled.judgement.findings()]
    if settled.redecoded:
        message = "The first translation of this segment failed a check; it was decoded again."
        caveats.append(Caveat("segment_repaired", message, span))
    if Fault.EMPTY in settled.judgement.faults:
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


def parted(segments: Iterable[TranslatedSegment], lengths: Iterable[int]) -> list[list[TranslatedSegment]]:
    """Segments translated together, `lengths` of them to a text, each text counted from 0 again."""
    upcoming = iter(segments)
    texts = []
    for length in lengths:
        text = list(islice(upcoming, length))
        first = text[0].target_start if text else 0
        texts.append(
            [replace(each, index=i, target_start=each.target_start - first) for i, each in enumerate(text)]
        )
    return texts


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
