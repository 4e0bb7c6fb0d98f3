"""Until when a request may take: the least of what the service, its caller and the proxy in between allow."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.batching.ticket import Ticket, current_ticket, holding
from service.errors import BodyTooSlow, DeadlineExceeded, HeaderInvalid

_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_MILLISECONDS = re.compile(r"\d{1,12}")
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?')

_TOO_LATE = "The answer was not ready within the time this request may take."

Refuse = Callable[[Request, Exception], Awaitable[JSONResponse]]


class RequestDeadline:
    """Gives every request its ticket. `X-Request-Timeout` holds seconds, `Prefer: wait=` whole seconds,
    `x-envoy-expected-rq-timeout-ms` is written by Envoy; none of them makes it longer than
    `request_seconds`. The body has to arrive within `body_seconds`: who sends it slower is told so."""

    def __init__(self, app: ASGIApp, *, request_seconds: float, body_seconds: float, refuse: Refuse) -> None:
        self._app = app
        self._request_seconds, self._body_seconds = request_seconds, body_seconds
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        now = time.monotonic()
        try:
            seconds = min([self._request_seconds, *_wishes(scope)])
        except HeaderInvalid as error:
            answer = await self._refuse(Request(scope), error)
            await answer(scope, receive, send)
            return
        body_until = now + min(seconds, self._body_seconds)
        ticket = Ticket(_caller(scope), now + seconds)
        try:
            with holding(ticket):
                await self._app(scope, _in_time(receive, body_until), send)
        finally:
            ticket.over = True


async def first_of(*waiting: asyncio.Future[Any], at_most: float | None = None) -> bool:
    """Whether one of them is done within the request's time and `at_most` seconds, of which the first
    raises `DeadlineExceeded`."""
    left = current_ticket().seconds_left
    ends = left is not None and (at_most is None or left <= at_most)
    done, _ = await asyncio.wait(
        waiting, timeout=left if ends else at_most, return_when=asyncio.FIRST_COMPLETED
    )
    if not done and ends:
        raise DeadlineExceeded(_TOO_LATE)
    return bool(done)


def _caller(scope: Scope) -> str:
    """Whoever checked the credentials says who calls; otherwise it is told by its address."""
    known = scope.get("state", {}).get("caller")
    client = scope.get("client")
    return str(known) if known else client[0] if client else ""


def _wishes(scope: Scope) -> Iterator[float]:
    """Seconds. A caller's `X-Request-Timeout` must be right, because it relies on it. A preference that is
    not understood is to be ignored (RFC 7240), and what a proxy wrote its client cannot mend."""
    preferences: list[str] = []
    for name, value in scope["headers"]:
        text = value.decode("latin-1").strip()
        if name == b"x-request-timeout":
            if not _SECONDS.fullmatch(text) or not float(text):
                raise HeaderInvalid("X-Request-Timeout is a positive number of seconds, like 30 or 2.5.")
            yield float(text)
        elif name == b"x-envoy-expected-rq-timeout-ms":
            if _MILLISECONDS.fullmatch(text) and int(text):
                yield int(text) / 1000
        elif name == b"prefer":
            preferences += (each.partition(";")[0].strip().lower() for each in text.split(","))
    if "respond-async" in preferences:
        return  # how long to wait before the answer becomes a job
    for each in preferences:
        if (wait := _WAIT.fullmatch(each)) and int(wait[1]):
            yield float(wait[1])


def _in_time(receive: Receive, until: float) -> Receive:
    """The body's messages until then; afterwards only the connection's end is waited for."""
    arrived = False

    async def in_time() -> Message:
        nonlocal arrived
        if arrived:
            return await receive()
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow("The request's body did not arrive in time.") from None
        arrived = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return in_time
