"""What the routes share: the pipeline once it is loaded, the phase of the process, the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import Request

from service.errors import NotReady, ShuttingDown
from service.observability.metrics import Metrics
from service.pipeline.article import ArticlePipeline
from service.terms.glossary import MOST_TERMS
from service.terms.store import GlossaryStore

Phase = Literal["starting", "ready", "draining", "failed"]


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Published in `/v1/models`."""

    characters: int
    body_bytes: int
    texts: int
    terms: int = MOST_TERMS


class ServiceState:
    """One per process. `loaded` becomes the pipeline when the models are there; `phase` turns ready
    only after a canary digest went through it."""

    def __init__(
        self, *, limits: RequestLimits, metrics: Metrics, version: str, glossaries: GlossaryStore
    ) -> None:
        self.glossaries = glossaries
        self.limits = limits
        self.metrics = metrics
        self.version = version
        self.phase: Phase = "starting"
        self.loaded: ArticlePipeline | None = None

    @property
    def pipeline(self) -> ArticlePipeline:
        """Raises `NotReady` or `ShuttingDown`."""
        if self.phase == "draining":
            raise ShuttingDown("The service is shutting down.", retry_after=5)
        if self.loaded is None or self.phase != "ready":
            raise NotReady("The models are still loading.", retry_after=2)
        return self.loaded


def service_state(request: Request) -> ServiceState:
    state = request.app.state.service
    assert isinstance(state, ServiceState)  # noqa: S101 -- set by `create_app`
    return state
