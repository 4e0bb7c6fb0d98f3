"""Through English where no model goes directly: two translators, one behind the other."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from html import unescape
from typing import Protocol

from service.batching.batcher import Batcher
from service.pipeline.alternatives import combined
from service.pipeline.models import PIVOT, LoadedModel, Route
from service.pipeline.off_loop import off_loop
from service.pipeline.result import Caveat, TranslatedSegment
from service.pipeline.tagging import MOST_MARKS
from service.pipeline.translation import SegmentTranslator, count_read
from service.terms.glossary import Glossary
from service.text.article import read_article
from service.text.frame import Frame, Mark, Verbatim
from service.text.furniture import has_letters
from service.text.segment import Segment
from service.text.segmentation import segment_article

Cut = Callable[[str], list[str]]
"""An English sentence as it is, or in parts that the second model can read."""


class Translator(Protocol):
    """What turns segments of one language into those of another."""

    def translate(
        self, segments: Sequence[Segment], *, texts: Sequence[int] = (), ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]: ...


def translator_of(
    batcher: Batcher,
    route: Route,
    *,
    kept: Sequence[str] = (),
    glossary: Glossary | None = None,
    alternatives: int = 0,
) -> Translator:
    """Through English the alternatives are the second model's, to one English. `glossary` is of the route's
    pair and for a direct one: neither half of a pivot has that pair."""
    if not route.pivoted:
        return SegmentTranslator(
            batcher,
            route.models[0],
            source=route.source,
            target=route.target,
            kept=kept,
            glossary=glossary,
            alternatives=alternatives,
        )
    first, second = route.models
    return PivotTranslator(
        SegmentTranslator(batcher, first, source=route.source, target=PIVOT, kept=kept),
        SegmentTranslator(
            batcher,
            second,
            source=PIVOT,
            target=route.target,
            kept=kept,
            admitted=True,
            alternatives=alternatives,
        ),
        cut=lambda text: _fitting(text, second),
    )


def pivoted(route: Route) -> Caveat:
    by_way_of = ", then ".join(model.name for model in route.models)
    return Caveat(
        "pivoted",
        f"No model here translates {route.source!r} to {route.target!r} directly; "
        f"the text went through English: {by_way_of}.",
    )


class PivotTranslator:
    """The second goes on with whatever the first has ready, so that the first segments come early and the
    rest in few, full batches."""

    def __init__(self, first: Translator, second: Translator, *, cut: Cut) -> None:
        self._first, self._second, self._cut = first, second, cut

    async def translate(
        self, segments: Sequence[Segment], *, texts: Sequence[int] = (), ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]:
        """As `SegmentTranslator.translate`: every segment of the source, in order, with the caveats of
        both steps, which point into the source. The score is the lower of the two."""
        ready: asyncio.Queue[TranslatedSegment | None] = asyncio.Queue()
        running = asyncio.create_task(self._translate_first(segments, texts, ready, ramp=ramp))
        position = 0
        try:
            while group := await _ready(ready):
                async with aclosing(self._translate_second(group, ramp=ramp)) as translated:
                    async for whole in translated:
                        yield replace(whole, target_start=position)
                        position += len(whole.text)
                ramp = False
            await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _translate_first(
        self,
        segments: Sequence[Segment],
        texts: Sequence[int],
        ready: asyncio.Queue[TranslatedSegment | None],
        *,
        ramp: bool,
    ) -> None:
        try:
            async with aclosing(self._first.translate(segments, texts=texts, ramp=ramp)) as translated:
                async for segment in translated:
                    ready.put_nowait(segment)
        finally:
            ready.put_nowait(None)

    async def _translate_second(
        self, group: Sequence[TranslatedSegment], *, ramp: bool
    ) -> AsyncGenerator[TranslatedSegment]:
        length = sum(len(each.target) for each in group)
        parts = await off_loop(length, lambda: [self._segments(each) for each in group])
        flat = [segment for each in parts for segment in each]
        async with aclosing(self._second.translate(flat, ramp=ramp)) as translated:
            for halfway, own in zip(group, parts, strict=True):
                arrived = [await anext(translated) for _ in own]
                yield _merged(halfway, arrived) if arrived else halfway

    def _segments(self, halfway: TranslatedSegment) -> list[Segment]:
        """What the second model is to read; nothing where the first had nothing to say, which leaves the
        source standing."""
        if not halfway.segment.translatable or halfway.score is None:
            return []
        frame = _reframed(halfway.segment.frame, halfway) if halfway.segment.frame else None
        plain = " ".join(halfway.reading.split())
        sources = self._cut(plain)
        whole = len(sources) == 1
        return [
            Segment(
                source=halfway.target if whole else source,
                separator="",
                start=halfway.segment.start,
                joint="",
                model_source=source,
                translatable=has_letters(source),
                frame=frame if whole else None,
                shouted=halfway.segment.shouted,
            )
            for source in sources
        ]


async def _ready(queue: asyncio.Queue[TranslatedSegment | None]) -> list[TranslatedSegment]:
    """All that is there, at least one; nothing when no more will come."""
    group = []
    segment = await queue.get()
    while segment is not None:
        group.append(segment)
        if queue.empty():
            return group
        segment = queue.get_nowait()
    if group:
        queue.put_nowait(None)
    return group


def _merged(halfway: TranslatedSegment, arrived: Sequence[TranslatedSegment]) -> TranslatedSegment:
    scores = [halfway.score, *(each.score for each in arrived if each.segment.translatable)]
    known = [score for score in scores if score is not None]
    caveats = [
        replace(caveat, message=f"On the way on from English: {caveat.message}", span=halfway.source_span)
        for each in arrived
        for caveat in each.caveats
    ]
    target, plain = " ".join(each.target for each in arrived), None
    alternatives = tuple(map(" ".join, combined(arrived)))
    if halfway.segment.frame is not None:
        plain = " ".join(each.reading for each in arrived)
        if len(arrived) > 1:
            frame = _reframed(halfway.segment.frame, halfway)
            if _astray(frame, target):
                message = "On the way on from English this segment was translated in parts; its tags stand "
                message += "at its ends."
                caveats.append(Caveat("markup_doubtful", message, halfway.source_span))
            target, alternatives = frame.around(target), ()
    return replace(
        halfway,
        target=target,
        plain=plain,
        score=min(known) if len(known) == len(scores) else None,
        source_tokens=halfway.source_tokens + sum(each.source_tokens for each in arrived),
        target_tokens=halfway.target_tokens + sum(each.target_tokens for each in arrived),
        alternatives=alternatives,
        caveats=(*halfway.caveats, *caveats),
    )


def _fitting(text: str, model: LoadedModel) -> list[str]:
    count, longest = partial(count_read, model.backend, PIVOT), model.config.limits.segment_tokens
    if count(text) <= longest:
        return [text]
    parts = segment_article(read_article(text), language=PIVOT, count_tokens=count, max_tokens=longest)
    return [part.model_source or part.source for part in parts if part.source]


def _astray(frame: Frame, target: str) -> bool:
    """Whether `Frame.around` moves a tag or an untranslated element from where it stood."""
    within = any(0 < mark.position < len(frame.plain) for mark in frame.marks)
    return within or frame.replacements(target) is None


def _reframed(frame: Frame, halfway: TranslatedSegment) -> Frame:
    """The frame of a translation: the same tags and untranslated elements, where they stand in it now.
    Of more tags than get a place of their own anyway nobody asks where they stand."""
    written = halfway.target
    if len(frame.marks) > MOST_MARKS:
        return replace(frame, plain=halfway.reading, raw=written)
    waiting: dict[str, deque[Mark | Verbatim]] = defaultdict(deque)
    items: list[Mark | Verbatim] = [*frame.marks, *frame.verbatims]
    for item in items:
        waiting[item.raw].append(item)
    marks: list[Mark] = []
    verbatims: list[Verbatim] = []
    plain, at = "", 0
    for found in _any_of(waiting).finditer(written) if waiting else ():
        plain += _read(frame, written[at : found.start()])
        at = found.end()
        item = waiting[found[0]].popleft()
        if not waiting[found[0]]:
            waiting[found[0]].append(item)  # one that stands there more often than it should
        if isinstance(item, Mark):
            marks.append(replace(item, position=len(plain), start=found.start(), end=at))
        else:
            verbatims.append(replace(item, position=len(plain), start=found.start(), end=at))
            plain += item.shown
    plain += _read(frame, written[at:])
    return replace(frame, plain=plain, raw=written, marks=tuple(marks), verbatims=tuple(verbatims))


def _any_of(strings: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(each) for each in sorted(strings, key=len, reverse=True)))


def _read(frame: Frame, written: str) -> str:
    return unescape(written) if frame.escaped else written
