"""The life of the service: its models are loaded and tried, it works on jobs, and when it is told to stop it
brings to an end what is under way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from service.api.state import ServiceState
from service.errors import OperatorError, ServiceError, Unavailable
from service.jobs.beside import beside as jobs_beside
from service.jobs.runner import Perform
from service.keys.following import LOOK_SECONDS
from service.keys.grant import Spending
from service.opening import open_pipeline
from service.pipeline.article import ArticlePipeline
from service.pipeline.canary import try_models
from service.pipeline.models import ModelSet
from service.pipeline.watchdog import Watchdog
from service.settings import Settings
from service.terms.beside import beside as glossaries_beside

logger = logging.getLogger("kurzfassung")

_WRITE_SECONDS = 2.0
"""What a crash may lose of the count of characters."""

Told = Callable[[ServiceState], None]


@asynccontextmanager
async def serving(
    settings: Settings,
    state: ServiceState,
    spending: Spending,
    perform: Perform,
    *,
    models: ModelSet | None,
    on_phase: Told,
) -> AsyncIterator[None]:
    """From the start of loading to the end of draining; inside, requests may come. A start that fails does
    not raise: `state` says so, `on_phase` is told, and the operator's message is in the log."""
    leave, loaded = asyncio.Event(), asyncio.Event()

    def told(state: ServiceState) -> None:
        loaded.set()
        on_phase(state)

    working = asyncio.create_task(_serve(settings, state, models, perform, leave, told))
    looking = asyncio.create_task(_every(LOOK_SECONDS, spending.ring.look, leave))
    writing = asyncio.create_task(_every(_WRITE_SECONDS, spending.ring.write_used, leave))
    try:
        if settings.accept_when_ready:
            await loaded.wait()
        yield
    finally:
        state.phase = "draining"
        await state.jobs.stop()
        await state.coalescing.close()
        leave.set()
        await working
        await looking
        await writing
        await spending.ring.write_used()
        await spending.close()
        state.glossaries.close()


async def _serve(
    settings: Settings,
    state: ServiceState,
    models: ModelSet | None,
    perform: Perform,
    leave: asyncio.Event,
    on_phase: Told,
) -> None:
    """Load, try, serve until told to leave."""

    def lost() -> None:
        state.phase = "failed"
        on_phase(state)

    try:
        async with open_pipeline(settings, models=models, metrics=state.metrics) as pipeline:
            watchdog = Watchdog(pipeline, patience_seconds=settings.patience_seconds, on_lost=lost)
            state.loaded, state.watchdog = pipeline, watchdog
            await try_models(pipeline)
            await _open_stores(state)
            if state.phase == "starting":
                state.phase = "ready"
                state.jobs.start(perform)
            _announce(pipeline)
            on_phase(state)
            async with watchdog.watching():
                await leave.wait()
    except ServiceError as error:
        state.phase = "failed"
        hint = error.message if isinstance(error, OperatorError) else error.code
        logger.error("start-up failed", extra={"facts": {"code": error.code, "reason": hint}})
    except Exception:
        state.phase = "failed"
        logger.exception("start-up failed")
    finally:
        state.loaded = None
    if state.phase == "failed":
        on_phase(state)


async def _open_stores(state: ServiceState) -> None:
    """A store that is wrongly set up stops the start; one that cannot be reached for now costs only what it
    keeps."""
    for keeps, beside, store in (
        ("jobs", jobs_beside, state.jobs.store),
        ("glossaries", glossaries_beside, state.glossaries),
    ):
        try:
            await beside(store.open)
        except Unavailable:
            logger.warning(f"{keeps} are not available for now")


def _announce(pipeline: ArticlePipeline) -> None:
    for model in pipeline.models.loaded:
        facts: dict[str, Any] = {"model": model.name, "revision": model.revision}
        facts |= {"device": model.backend.device, "profile": pipeline.models.profile}
        logger.info("model loaded", extra={"facts": facts})
        if model.config.demonstration:
            logger.warning(
                "this is a demonstration model, its translations are not fit for use; "
                "`make models` fetches the real ones",
                extra={"facts": {"model": model.name}},
            )


async def _every(seconds: float, act: Callable[[], Awaitable[None]], leave: asyncio.Event) -> None:
    """Never cancelled in the middle: a thread that writes would go on, and the same be written twice."""
    while not leave.is_set():
        await act()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await leave.wait()
