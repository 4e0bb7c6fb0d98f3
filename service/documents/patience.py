"""Work that nobody waits for at the other end of a connection may wait until there is room for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from service.errors import LimitReached, Overloaded

Result = TypeVar("Result")


async def at_once(work: Callable[[], Awaitable[Result]]) -> Result:
    """What the work returns, or its refusal."""
    return await work()


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """What the work returns, asked again when it says so, as long as there is too much to do."""
    while True:
        try:
            return await work()
        except (Overloaded, LimitReached) as error:
            seconds = error.retry_after
        await asyncio.sleep(seconds)
