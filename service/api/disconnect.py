"""Work that stops when its caller leaves or its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.types import Receive

from service.api.deadline import first_of

Result = TypeVar("Result")


class CallerLeft(Exception):
    """Nobody reads the answer any more."""


async def unless_caller_leaves(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work; cancels it and raises `CallerLeft` when the connection closes first and
    `DeadlineExceeded` when the request's time is over.
    The body must have been read, because the connection's end arrives on the same channel."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(disconnected(request.receive))
    try:
        await first_of(task, watch)
        if task.done():
            return task.result()
        raise CallerLeft
    finally:
        for pending in (task, watch):
            pending.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


async def disconnected(receive: Receive) -> None:
    """Until the connection closes."""
    while (await receive())["type"] != "http.disconnect":
        pass
