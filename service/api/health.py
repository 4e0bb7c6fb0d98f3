"""Is the process alive, has it started, may it get traffic; and its metrics."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from service.api.state import EXAMPLE_LIMITS, Phase, ServiceState, service_state
from service.errors import ServiceError
from service.jobs.beside import beside
from service.observability.metrics import CONTENT_TYPE
from service.pipeline.watchdog import EngineState

router = APIRouter(tags=["operations"])

State = Annotated[ServiceState, Depends(service_state)]

_COUNT_SECONDS = 1.0
"""A scrape does not wait longer for a store of jobs that hangs."""


class StatusOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: str


class ReadinessOut(StatusOut):
    """`keys` are unreadable where their file is damaged: then nobody is let in. `devices` name the kind of
    number computed with (`cpu/int8_float32`); `queue_tokens` wait for the engine."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ok",
                    "phase": "ready",
                    "engine": "ok",
                    "keys": "ok",
                    "models": ["opus-mt-de-en"],
                    "devices": ["cpu/int8_float32"],
                    "revisions": {"opus-mt-de-en": ""},
                    "limits": asdict(EXAMPLE_LIMITS),
                    "queue_tokens": 0,
                }
            ]
        }
    )

    phase: Phase
    engine: EngineState
    keys: Literal["ok", "unreadable"]
    models: list[str]
    devices: list[str]
    revisions: dict[str, str]
    limits: dict[str, int | float]
    queue_tokens: int


_METRICS = """# HELP kurzfassung_ready 1 when the service answers
# TYPE kurzfassung_ready gauge
kurzfassung_ready 1.0
"""


def _not_yet(model: type[BaseModel], **differing: Any) -> dict[int | str, dict[str, Any]]:
    example = {**model.model_json_schema()["examples"][0], **differing}
    return {
        503: {
            "description": "Not yet, or not any more",
            "model": model,
            "content": {"application/json": {"example": example}},
        }
    }


@router.head("/livez", include_in_schema=False)
@router.get("/livez", summary="The process answers")
async def livez() -> StatusOut:
    return StatusOut(status="ok")


@router.head("/startupz", include_in_schema=False)
@router.get("/startupz", summary="The models are loaded", responses=_not_yet(StatusOut, status="starting"))
async def startupz(state: State, response: Response) -> StatusOut:
    started = state.loaded is not None
    response.status_code = 200 if started else 503
    return StatusOut(status="ok" if started else state.phase)


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="A canary digest went through and the engine is at work",
    responses=_not_yet(
        ReadinessOut,
        status="not ready",
        phase="starting",
        engine="down",
        models=[],
        devices=[],
        revisions={},
    ),
)
async def readyz(state: State, response: Response) -> ReadinessOut:
    pipeline = state.loaded
    engine = state.engine
    ready = state.ready
    state.metrics.ready.set(ready)
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return ReadinessOut(
        status="ok" if ready else "not ready",
        phase=state.phase,
        engine=engine,
        keys="ok" if ready or state.keys_readable() else "unreadable",
        models=[model.name for model in pipeline.models.loaded] if pipeline else [],
        devices=sorted({model.backend.device for model in pipeline.models.loaded}) if pipeline else [],
        revisions={model.name: model.revision for model in pipeline.models.loaded} if pipeline else {},
        limits=asdict(state.limits),
        queue_tokens=pipeline.batcher.waiting_tokens if pipeline else 0,
    )


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": _METRICS}}}},
)
async def metrics(state: State) -> Response:
    pipeline = state.loaded
    state.metrics.queue_tokens.set(pipeline.batcher.waiting_tokens if pipeline else 0)
    state.metrics.cache_bytes.set(pipeline.batcher.cache_bytes if pipeline else 0)
    state.metrics.ready.set(state.ready)
    try:
        async with asyncio.timeout(_COUNT_SECONDS):
            counts = await beside(state.jobs.store.counts)
        for status, number in counts.items():
            state.metrics.jobs.labels(status).set(number)
    except (ServiceError, TimeoutError):
        state.metrics.jobs.clear()  # no number is better than an old one
    return Response(state.metrics.render(), media_type=CONTENT_TYPE)
