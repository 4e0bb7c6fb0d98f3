"""What the routes share: the pipeline once it is loaded, the phase of the process, the limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from fastapi import Request

from service.api.body import announced_bytes
from service.api.coalescing import Coalescing
from service.api.public_address import PublicAddress
from service.documents.room import Room
from service.errors import EmptyText, NotReady, ShuttingDown, TooManyTexts
from service.jobs.documents import Documents
from service.jobs.service import JobService
from service.observability.metrics import Metrics
from service.pipeline.alternatives import MOST_ALTERNATIVES
from service.pipeline.article import ArticlePipeline
from service.pipeline.result import Digest
from service.pipeline.watchdog import EngineState, Watchdog
from service.terms.glossary import MOST_TERMS
from service.terms.store import GlossaryStore

Phase = Literal["starting", "ready", "draining", "failed"]


_BYTES_PER_TOKEN = 5
"""Of German in the models' vocabularies, the JSON around it left out of account."""


FORM_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Published in `/v1/models`."""

    characters: int
    body_bytes: int
    texts: int
    document_bytes: int
    queue_tokens: int
    request_seconds: float
    terms: int = MOST_TERMS
    alternatives: int = MOST_ALTERNATIVES

    @property
    def upload_bytes(self) -> int:
        """Of the form around a file, its other fields included."""
        return self.document_bytes + FORM_BYTES

    def check(self, texts: Sequence[str]) -> None:
        """The published limits hold for the request, not for each text of it. Raises `EmptyText`
        and `TooManyTexts`."""
        if not texts:
            raise EmptyText("The list of texts is empty.", pointer="#/text")
        if len(texts) > self.texts:
            raise TooManyTexts(f"At most {self.texts} texts in one call.", pointer="#/text")
        total = sum(map(len, texts))
        if total > self.characters and len(texts) > 1:
            raise TooManyTexts(
                f"The texts have {total:,} characters together; at most {self.characters:,} in one call.",
                pointer="#/text",
            )


EXAMPLE_LIMITS = RequestLimits(
    characters=500_000,
    body_bytes=2_000_000,
    document_bytes=10_000_000,
    texts=100,
    queue_tokens=400_000,
    request_seconds=300.0,
)
"""In the OpenAPI document: those of a service whose operator set none."""


class ServiceState:
    """One per process. `loaded` becomes the pipeline when the models are there; `phase` turns ready
    only after a canary digest went through it, and `watchdog` tells how the engine fares. `characters`
    were worked on since the start; `key_needed` raises `StoreUnavailable`. While the keys cannot be read,
    nobody is let in."""

    def __init__(
        self,
        *,
        limits: RequestLimits,
        metrics: Metrics,
        version: str,
        heartbeat_seconds: float,
        glossaries: GlossaryStore,
        documents: Documents,
        room: Room,
        public_address: PublicAddress,
        key_needed: Callable[[], bool],
        keys_readable: Callable[[], bool],
        jobs: JobService,
    ) -> None:
        self.documents = documents
        self.room = room
        self.public_address = public_address
        self.glossaries = glossaries
        self.key_needed = key_needed
        self.keys_readable = keys_readable
        self.jobs = jobs
        self.limits = limits
        self.metrics = metrics
        self.version = version
        self.heartbeat_seconds = heartbeat_seconds
        self.coalescing = Coalescing(slow_seconds=heartbeat_seconds, on_joined=metrics.coalesced.inc)
        self.characters = 0
        self.phase: Phase = "starting"
        self.loaded: ArticlePipeline | None = None
        self.watchdog: Watchdog | None = None

    @property
    def pipeline(self) -> ArticlePipeline:
        """Raises `NotReady` or `ShuttingDown`."""
        if self.phase == "draining":
            raise ShuttingDown("The service is shutting down.", retry_after=5)
        if self.phase == "failed":
            raise NotReady("The service has failed and has to be started anew.", retry_after=30)
        if self.loaded is None or self.phase != "ready":
            raise NotReady("The models are still loading.", retry_after=2)
        return self.loaded

    @property
    def engine(self) -> EngineState:
        return self.watchdog.engine if self.watchdog is not None else "down"

    @property
    def ready(self) -> bool:
        return self.phase == "ready" and self.engine == "ok" and self.keys_readable()

    def admit(self, request: Request) -> ArticlePipeline:
        """The pipeline, if it has room for a body of this length. Ask before the body is read: a refusal
        costs next to nothing then. Raises `Overloaded`, and what `pipeline` raises."""
        pipeline = self.pipeline
        size = announced_bytes(request, otherwise=0)
        pipeline.batcher.promise_room(1 + min(size, self.limits.body_bytes) // _BYTES_PER_TOKEN)
        return pipeline

    def receiving(self, request: Request, owner: str) -> AbstractContextManager[None]:
        """Holds room in memory for the file that a request brings. Ask before the body is read, which may
        take its time. Raises `Overloaded`."""
        most = self.limits.document_bytes
        return self.room.holding(owner, min(announced_bytes(request, otherwise=most), most))

    def count(self, digest: Digest) -> None:
        self.characters += digest.usage.characters
        self.metrics.characters.inc(digest.usage.characters)
        for caveat in digest.caveats:
            self.metrics.caveats.labels(caveat.code).inc()


async def service_state(request: Request) -> ServiceState:
    """For routes: what they depend on is awaited, because FastAPI calls plain functions in a thread, which
    for every request takes longer than all that is done there."""
    return state_of(request)


def state_of(request: Request) -> ServiceState:
    state = request.app.state.service
    assert isinstance(state, ServiceState)  # noqa: S101 -- set by `create_app`
    return state
