"""Work on the event loop or beside it, by the length of the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

_INLINE_CHARACTERS = 500
"""Reading and segmenting a text up to this long takes about a millisecond and may happen on the
event loop."""

_SHARED_CHARACTERS = 20_000
"""A text up to this long takes some ten milliseconds; they take turns on one thread, because thirty of them
at once on the event loop, or on as many threads, would keep it from answering anybody. A longer one goes to
a thread of its own, so that no other text waits for it."""

_short_texts = ThreadPoolExecutor(max_workers=1, thread_name_prefix="text")


async def off_loop(characters: int, work: Callable[[], Result]) -> Result:
    """What `work` returns or raises."""
    if characters <= _INLINE_CHARACTERS:
        return work()
    if characters <= _SHARED_CHARACTERS:
        return await asyncio.get_running_loop().run_in_executor(_short_texts, work)
    return await asyncio.to_thread(work)
