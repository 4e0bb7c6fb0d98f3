"""Is the process alive, has it started, may it get traffic; and its metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from service.api.state import ServiceState, service_state
from service.observability.metrics import CONTENT_TYPE

router = APIRouter(tags=["operations"])

State = Annotated[ServiceState, Depends(service_state)]


@router.head("/livez", include_in_schema=False)
@router.get("/livez", summary="The process answers")
async def livez() -> JSONResponse:
    return JSONResponse({"status": "ok"})


@router.head("/startupz", include_in_schema=False)
@router.get("/startupz", summary="The models are loaded")
async def startupz(state: State) -> JSONResponse:
    started = state.loaded is not None
    return JSONResponse({"status": "ok" if started else state.phase}, 200 if started else 503)


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="A canary digest went through and the engine loop runs")
async def readyz(state: State) -> JSONResponse:
    pipeline = state.loaded
    engine = pipeline is not None and pipeline.batcher.alive
    ready = state.phase == "ready" and engine
    state.metrics.ready.set(ready)
    components = {
        "phase": state.phase,
        "engine_loop": "ok" if engine else "down",
        "models": [model.name for model in pipeline.models.loaded] if pipeline else [],
        "devices": sorted({model.backend.device for model in pipeline.models.loaded}) if pipeline else [],
        "queue_tokens": pipeline.batcher.waiting_tokens if pipeline else 0,
    }
    status = "ok" if ready else "not ready"
    headers = None if ready else {"Retry-After": "1"}
    return JSONResponse({"status": status, **components}, 200 if ready else 503, headers=headers)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(state: State) -> Response:
    pipeline = state.loaded
    state.metrics.queue_tokens.set(pipeline.batcher.waiting_tokens if pipeline else 0)
    state.metrics.ready.set(state.phase == "ready")
    return Response(state.metrics.render(), media_type=CONTENT_TYPE)
