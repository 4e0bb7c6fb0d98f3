"""Is the engine still at work? Readiness rests on it, and the process may have to be started anew."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from service.errors import GenerationFailed, ServiceError
from service.pipeline.article import ArticlePipeline
from service.pipeline.canary import try_models

EngineState = Literal["ok", "failing", "hung", "down"]
"""`failing`: nothing of the canary comes through either. `hung`: a batch does not come back. `down`: the
loop that feeds the engine has ended."""

_FAILURES = 8
"""Segments in a row, each alone. One caller's strange text can do that, so it only asks for the canary."""

_PAUSE_SECONDS = 0.5

logger = logging.getLogger("kurzfassung")


class Watchdog:
    """Tries the canary when one model fails again and again, and until it comes through. `on_lost` is called
    once, when the engine was not well for `patience_seconds` on end."""

    def __init__(
        self, pipeline: ArticlePipeline, *, patience_seconds: float, on_lost: Callable[[], object]
    ) -> None:
        self._pipeline = pipeline
        self._patience_seconds = patience_seconds
        self._on_lost = on_lost
        self._failing = False

    @property
    def engine(self) -> EngineState:
        batcher = self._pipeline.batcher
        if batcher.hung:
            return "hung"
        if not batcher.alive:
            return "down"
        return "failing" if self._failing else "ok"

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch(), name="watchdog")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        well, seen = time.monotonic(), self.engine
        while time.monotonic() - well < self._patience_seconds:
            await asyncio.sleep(min(_PAUSE_SECONDS, self._patience_seconds / 4))
            if self._failing or self._pipeline.batcher.failures_in_a_row >= _FAILURES:
                await self._try()
            if seen != self.engine:
                seen = self.engine
                logger.warning("the engine's state changed", extra={"facts": {"engine": seen}})
            if seen == "ok":
                well = time.monotonic()
        logger.error("the engine is given up", extra={"facts": {"engine": seen}})
        self._on_lost()

    async def _try(self) -> None:
        self._pipeline.batcher.forget()
        try:
            await try_models(self._pipeline)
        except GenerationFailed:
            self._failing = True
        except ServiceError:
            return  # refused: no room, or the engine hangs, which is no answer to the question
        else:
            self._failing = False
