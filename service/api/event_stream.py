"""Server-sent events from an asynchronous iterator, kept alive while it is silent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse

from service.api.deadline import first_of
from service.api.disconnect import unless_caller_leaves
from service.api.problem import problem_of, request_id
from service.errors import ServiceError

KEEP_ALIVE_SECONDS = 10.0
"""Proxies cut silent connections after 15 s (Envoy) to 60 s (nginx)."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Event = tuple[str, dict[str, Any]]
"""Its name, and what its JSON holds."""


def wants_stream(accept: str) -> bool:
    """Whether an `Accept` header names the event stream and does not weigh it zero."""
    for media_range in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in media_range.split(";"))
        if kind == "text/event-stream":
            return not any(re.fullmatch(r"q\s*=\s*0(?:\.0*)?", parameter) for parameter in parameters)
    return False


def event_bytes(name: str, data: dict[str, Any]) -> bytes:
    # JSON has no raw line breaks, so one data line is enough.
    shown = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"event: {name}\ndata: {shown}\n\n".encode()


async def event_response(request: Request, events: AsyncGenerator[Event, None]) -> StreamingResponse:
    """Waits for the first event, so that a failure before it is an ordinary problem answer; a later
    failure is sent as an `error` event and ends the stream."""
    first = await unless_caller_leaves(request, _next(events))
    return StreamingResponse(
        _stream(first, events, request_id(request)), media_type="text/event-stream", headers=HEADERS
    )


async def _stream(
    first: Event, events: AsyncGenerator[Event, None], identity: str
) -> AsyncGenerator[bytes, None]:
    upcoming: asyncio.Task[Event] | None = None
    try:
        yield event_bytes(*first)
        while True:
            upcoming = upcoming or asyncio.ensure_future(_next(events))
            try:
                if not await first_of(upcoming, at_most=KEEP_ALIVE_SECONDS):
                    yield b": still working\n\n"
                    continue
                event = upcoming.result()
            except StopAsyncIteration:
                return
            except ServiceError as error:
                yield event_bytes("error", problem_of(error, identity).model_dump())
                return
            upcoming = None
            yield event_bytes(*event)
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
        await events.aclose()


async def _next(events: AsyncGenerator[Event, None]) -> Event:
    return await anext(events)
