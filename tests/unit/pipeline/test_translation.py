"""A long text does not keep the event loop from others."""

from __future__ import annotations

import asyncio
from collections import Counter

from service.opening import open_pipeline
from service.pipeline.article import DigestRequest
from service.pipeline.result import TranslatedSegment
from service.settings import Settings

_SENTENCES = 800
_LAST = 300
"""At the end none is checked any more; they are only handed out."""


async def test_few_segments_are_checked_before_the_event_loop_has_another_turn() -> None:
    text = " ".join(f"Satz {number} hat sieben Wörter und eine Zahl." for number in range(_SENTENCES))
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with asyncio.timeout(60), open_pipeline(Settings(profile="stub")) as pipeline:
        events = pipeline.digest_events(DigestRequest(text, source="de"))
        await anext(events)  # what is before it is long, and of other threads
        turning = asyncio.create_task(turn())
        handed_out = [turns async for event in events if isinstance(event, TranslatedSegment)]
        turning.cancel()
    assert len(handed_out) == _SENTENCES - 1
    assert max(Counter(handed_out[:-_LAST]).values()) <= 32
