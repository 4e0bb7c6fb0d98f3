"""Segments in, translated segments out, in order, each checked and if need be decoded again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import islice

from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.batching.batcher import Batcher
from service.pipeline.likelihood import Likelihood
from service.pipeline.models import LoadedModel
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, Span, TranslatedSegment
from service.pipeline.settling import Settled, Settler
from service.pipeline.verification import Fault
from service.terms.glossary import Glossary
from service.text.script import reads_latin_alone
from service.text.segment import Segment
from service.text.shouting import calmed

_SETTLING = 256
"""Segments that are checked and repaired at once: as many as a batch holds, and few enough that an
article of a hundred thousand lines does not hold up the event loop."""

_CHECKED = 8
"""Segments that are checked in one turn of the event loop, a millisecond each; then others have theirs."""


class SegmentTranslator:
    """One model, one language pair."""

    def __init__(
        self,
        batcher: Batcher,
        model: LoadedModel,
        *,
        source: str,
        target: str,
        kept: Sequence[str] = (),
        glossary: Glossary | None = None,
        admitted: bool = False,
        alternatives: int = 0,
    ) -> None:
        """`kept` are strings that come back as they are; `glossary` is of this language pair; `admitted`
        for what belongs to work that was let in before and is not refused half-way; so many `alternatives`
        are wanted of each segment."""
        self._batcher, self._admitted = batcher, admitted
        self._model = model
        self._kept, self._glossary = kept, glossary
        self._alternatives = alternatives
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
        self, segments: Sequence[Segment], *, texts: Sequence[int] = (), ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]:
        """Every segment, in order, as soon as it and those before it are ready. All of them wait
        in the queue together; leaving the iterator takes back what has not been decoded. `texts` says how
        many of the segments belong to each of several texts, which are judged without one another.

        Raises what `Batcher.submit` raises, and `GenerationFailed`.
        """
        wanted = [segment for segment in segments if segment.translatable]
        sources, count = [segment.calm_source for segment in wanted], self._model.backend.count_tokens
        counts = await off_loop(sum(map(len, sources)), lambda: list(map(count, sources)))
        options = replace(self._options, alignment=self._needs_alignment(wanted))
        futures = self._batcher.submit(
            self._model.backend,
            sources,
            self._ranked(options),
            tokens=counts,
            ramp=ramp,
            admitted=self._admitted,
        )
        likelihoods = _likelihoods(segments, texts)
        settlers = {
            likelihood: Settler(
                self._generate,
                options,
                kept=self._kept,
                glossary=self._glossary,
                likelihood=likelihood,
                alternatives=self._alternatives,
                latin_alone=reads_latin_alone(
                    [*self._model.config.source_languages, options.target_language]
                ),
            )
            for likelihood in set(likelihoods)
        }
        settled = _settled(settlers, wanted, counts, futures, likelihoods, ramp=ramp)
        position = 0
        try:
            async with aclosing(settled):
                for index, segment in enumerate(segments):
                    if segment.translatable:
                        tokens, made = await anext(settled)
                        translated = _translated(index, segment, position, tokens, made)
                    else:
                        translated = _as_it_stands(index, segment, position)
                    position += len(translated.text)
                    yield translated
        finally:
            for future in futures:
                future.cancel()

    def _needs_alignment(self, segments: Sequence[Segment]) -> bool:
        """One answer for all, because only equal options share a batch."""
        return self._glossary is not None or any(s.frame is not None and s.frame.marks for s in segments)

    def _ranked(self, options: GenerationOptions) -> GenerationOptions:
        """For alternatives all that the beams end with, because not each can be handed out."""
        if not self._alternatives:
            return options
        beams = max(options.beam_size, 1 + self._alternatives)
        return replace(options, beam_size=beams, hypotheses=beams)

    async def _generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        return await self._batcher.generate(self._model.backend, sources, options, admitted=True)


def count_read(backend: Backend, language: str, source: str) -> int:
    """Tokens of what the model reads of the source."""
    return backend.count_tokens(calmed(source, language))


async def _settled(
    settlers: Mapping[Likelihood, Settler],
    segments: Sequence[Segment],
    counts: Sequence[int],
    futures: Sequence[asyncio.Future[Hypothesis]],
    likelihoods: Sequence[Likelihood],
    *,
    ramp: bool,
) -> AsyncGenerator[tuple[int, Settled]]:
    """Each with its source tokens, in order, the repairs of the next `_SETTLING` segments under way
    together. A segment is compared with all others of its text; with `ramp`, where nobody waits for those,
    with the ones decoded before it."""

    async def settle(
        segment: Segment, tokens: int, future: asyncio.Future[Hypothesis], likelihood: Likelihood
    ) -> tuple[int, Settled]:
        hypothesis = await future
        if ramp:
            likelihood.add(hypothesis.score)
        return tokens, await settlers[likelihood].settle(segment, tokens, hypothesis)

    if futures and not ramp:
        await asyncio.wait(futures)
        for future, likelihood in zip(futures, likelihoods, strict=True):
            if not future.cancelled() and future.exception() is None:
                likelihood.add(future.result().score)
    waiting = zip(segments, counts, futures, likelihoods, strict=True)
    settling: deque[asyncio.Task[tuple[int, Settled]]] = deque()
    started = 0
    try:
        while True:
            for upcoming in islice(waiting, _SETTLING - len(settling)):
                settling.append(asyncio.create_task(settle(*upcoming)))
                started += 1
                if started % _CHECKED == 0:  # also where one is begun for each that is done
                    await asyncio.sleep(0)
            if not settling:
                return
            yield await settling[0]
            settling.popleft()
    finally:
        for task in settling:
            task.cancel()
        await asyncio.gather(*settling, return_exceptions=True)


def _likelihoods(segments: Sequence[Segment], texts: Sequence[int]) -> list[Likelihood]:
    """Of each segment that is translated, that of its text."""
    of_each = [likelihood for count in texts or (len(segments),) for likelihood in [Likelihood()] * count]
    return [likelihood for segment, likelihood in zip(segments, of_each, strict=True) if segment.translatable]


def _as_it_stands(index: int, segment: Segment, position: int) -> TranslatedSegment:
    plain = segment.frame.plain if segment.frame else None
    caveats: tuple[Caveat, ...] = ()
    if segment.unreadable:
        message = "This has no words that the model could read (a hash, encoded data, another script); it "
        message += "stands as it was."
        caveats = (Caveat(Fault.COPIED.value, message, Span(segment.start, segment.end)),)
    return TranslatedSegment(index, segment, segment.source, position, None, plain=plain, caveats=caveats)


def _translated(
    index: int, segment: Segment, position: int, tokens: int, settled: Settled
) -> TranslatedSegment:
    span = Span(segment.start, segment.end)
    empty = Fault.EMPTY in settled.judgement.faults
    plain = " ".join(settled.hypothesis.target.split())
    caveats = [Caveat(code, message, span) for code, message in settled.judgement.findings()]
    if settled.redecoded:
        message = "The first translation of this segment failed a check; it was decoded again."
        caveats.append(Caveat("segment_repaired", message, span))
    if settled.retagged:
        message = "Nothing told where the tags of this segment belong: its parts were translated alone, or "
        message += "the tags stand at its ends."
        caveats.append(Caveat("markup_doubtful", message, span))
    for use in settled.terms:
        if not use.applied:
            caveats.append(Caveat("term_missed", "A term of the glossary could not be applied here.", span))
    return TranslatedSegment(
        index,
        segment,
        settled.written,
        position,
        None if empty else settled.hypothesis.score,
        source_tokens=tokens,
        target_tokens=settled.hypothesis.tokens,
        caveats=tuple(caveats),
        terms=tuple(replace(use, span=span) for use in settled.terms),
        plain=None if segment.frame is None else segment.frame.plain if empty else plain,
        alternatives=settled.alternatives,
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
        exact = replace(segment, joint=segment.separator, unreadable=False)
        copies.append(_as_it_stands(index, exact, position))
        position += len(copies[-1].text)
    return copies
