"""uvicorn, which lets running requests finish and answers the rest in our own words."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from fastapi import FastAPI

from service.api.state import ServiceState

_LAST_BATCH_SECONDS = 5
"""What the batch in the engine gets to finish after the drain; then uvicorn cuts the connections."""


class DrainingServer(uvicorn.Server):
    """After SIGTERM no connection is accepted and running requests have `drain_seconds` to finish;
    what then still waits for the engine is answered with 503, streams with an `error` event."""

    def __init__(self, app: FastAPI, *, drain_seconds: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # the middleware writes one line a request, with the request's id
                server_header=False,
                proxy_headers=False,  # `api/proxies.py` reads the caller's address; links are relative
                ws="none",  # we speak none, and its upgrade would be logged by two libraries
                timeout_graceful_shutdown=round(drain_seconds) + _LAST_BATCH_SECONDS,
            )
        )
        self._state: ServiceState = app.state.service
        self._drain_seconds = drain_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        deadline = asyncio.create_task(self._refuse_what_waits())
        try:
            await super().shutdown(sockets)
        finally:
            deadline.cancel()
            await asyncio.gather(deadline, return_exceptions=True)

    async def _refuse_what_waits(self) -> None:
        await asyncio.sleep(self._drain_seconds)
        if self._state.loaded is not None:
            await self._state.loaded.batcher.stop()
