"""Work on the event loop or beside it, by the length of the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_INLINE_CHARACTERS = 20_000
"""Reading and segmenting a text up to this long takes a few milliseconds and may happen on the
event loop; a longer one goes to a thread, so that nobody else waits for it."""


async def off_loop(characters: int, work: Callable[[], Result]) -> Result:
    """What `work` returns or raises."""
    if characters <= _INLINE_CHARACTERS:
        return work()
    return await asyncio.to_thread(work)
