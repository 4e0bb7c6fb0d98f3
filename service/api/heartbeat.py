"""An answer that keeps its caller waiting without losing it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Mapping

from fastapi import Response
from starlette.types import Receive, Scope, Send

from service.api.coalescing import Coalescing, Run, Work
from service.api.deadline import first_of
from service.api.disconnect import CallerLeft, disconnected
from service.errors import DeadlineExceeded, ServiceError

_SILENCE_SECONDS = 30.0

logger = logging.getLogger("kurzfassung")


class HeartbeatAnswer(Response):
    """A JSON answer for clients that give up on a silent server. Work that takes longer than `seconds`
    begins its answer with a space, which JSON allows, and sends another every `seconds`.

    The status is 200 from then on. If the work fails later the answer falls silent, so that the client
    runs into its read timeout and asks again: it then finds the kept failure, with its status and its
    message. Closing the connection would not do, the official DeepL client takes that for final (seen
    with 1.32). Who is still there after 30 s is cut off, and at once who has no time left: for that one it
    is final. The work goes on for the others who wait for it.
    """

    def __init__(
        self,
        coalescing: Coalescing,
        key: Hashable,
        work: Work,
        *,
        seconds: float,
        headers: Mapping[str, str],
    ) -> None:
        kept_fresh = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(headers={**kept_fresh, **headers}, media_type="application/json")
        del self.headers["content-length"]
        self._coalescing, self._key, self._work = coalescing, key, work
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's signature
        async with self._coalescing.joined(self._key, self._work) as run:
            finished = asyncio.ensure_future(run.wait())
            left = asyncio.ensure_future(disconnected(receive))
            try:
                await self._answer(run, finished, left, send)
            finally:
                for pending in (finished, left):
                    pending.cancel()
                await asyncio.gather(finished, left, return_exceptions=True)

    async def _answer(
        self, run: Run, finished: asyncio.Task[None], left: asyncio.Task[None], send: Send
    ) -> None:
        begun = False
        try:
            while not await first_of(finished, left, at_most=self._seconds):
                if not begun:
                    await self._begin(send)
                    begun = True
                await send({"type": "http.response.body", "body": b" ", "more_body": True})
        except DeadlineExceeded as error:
            if not begun:
                raise
            _log(error)
            return
        if not run.finished:
            if begun:
                return
            raise CallerLeft
        try:
            body = run.outcome()
        except Exception as error:
            if not begun:
                run.told = True
                raise
            _log(error)
            await asyncio.wait({left}, timeout=_SILENCE_SECONDS)
            return
        if not begun:
            self.headers["content-length"] = str(len(body))
            await self._begin(send)
        await send({"type": "http.response.body", "body": body})

    async def _begin(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})


def _log(error: Exception) -> None:
    known = isinstance(error, ServiceError)
    facts = {"code": error.code if isinstance(error, ServiceError) else "internal"}
    logger.error(
        "failed after the answer had begun", extra={"facts": facts}, exc_info=None if known else error
    )
