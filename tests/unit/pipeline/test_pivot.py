"""Two translators, one behind the other: what happens when one fails or the caller leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from service.errors import GenerationFailed
from service.pipeline.pivot import PivotTranslator
from service.pipeline.result import TranslatedSegment
from service.text.segment import Segment


class Capitals:
    """A translator whose segments are as many as `fails_after` allows; `left` once nobody reads it."""

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.fails_after = fails_after
        self.groups: list[int] = []
        self.left = False

    async def translate(
        self, segments: Sequence[Segment], *, texts: Sequence[int] = (), ramp: bool = False
    ) -> AsyncGenerator[TranslatedSegment]:
        self.groups.append(len(segments))
        try:
            for index, segment in enumerate(segments):
                if index == self.fails_after:
                    raise GenerationFailed("The planted fault.")
                await asyncio.sleep(0)
                yield TranslatedSegment(index, segment, segment.model_source.upper(), 0, -0.5, 2, 1)
        finally:
            self.left = True


def segments(count: int) -> list[Segment]:
    return [Segment(f"wort {n}", " ", 8 * n, " ", f"wort {n}", translatable=True) for n in range(count)]


async def test_every_segment_comes_once_in_order_with_the_tokens_of_both_steps() -> None:
    first, second = Capitals(), Capitals()
    pivot = PivotTranslator(first, second, cut=lambda text: [text])
    async with asyncio.timeout(10):
        made = [segment async for segment in pivot.translate(segments(20))]
    assert [each.target for each in made] == [f"WORT {n}" for n in range(20)]
    assert [each.index for each in made] == list(range(20))
    assert [each.target_start for each in made] == [
        sum(len(before.text) for before in made[:n]) for n in range(20)
    ]
    assert {(each.source_tokens, each.target_tokens, each.score) for each in made} == {(4, 2, -0.5)}
    assert (first.groups, sum(second.groups)) == ([20], 20)


async def test_a_failure_of_the_first_step_is_raised_after_what_came_before_it() -> None:
    pivot = PivotTranslator(Capitals(fails_after=3), Capitals(), cut=lambda text: [text])
    translated = pivot.translate(segments(8))
    async with asyncio.timeout(10):
        assert [(await anext(translated)).target for _ in range(3)] == ["WORT 0", "WORT 1", "WORT 2"]
        with pytest.raises(GenerationFailed):
            await anext(translated)


async def test_a_failure_of_the_second_step_stops_the_first() -> None:
    first = Capitals()
    pivot = PivotTranslator(first, Capitals(fails_after=0), cut=lambda text: [text])
    with pytest.raises(GenerationFailed):
        async with asyncio.timeout(10):
            _ = [segment async for segment in pivot.translate(segments(8))]
    assert first.left


async def test_who_leaves_takes_both_steps_back() -> None:
    first, second = Capitals(), Capitals()
    async with asyncio.timeout(10):
        translated = PivotTranslator(first, second, cut=lambda text: [text]).translate(segments(1000))
        await anext(translated)
        await translated.aclose()
    assert first.left
    assert second.left
