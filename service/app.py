"""Puts the single-process service together; nothing else wires."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware

from service.api import documentation, health
from service.api.access import Access
from service.api.deadline import RequestDeadline
from service.api.deepl import documents as deepl_documents
from service.api.deepl import glossaries as deepl_glossaries
from service.api.deepl import multilingual as deepl_multilingual
from service.api.deepl import routes as deepl
from service.api.disconnect import CallerLeft
from service.api.failures import install_failure_handlers
from service.api.gate import Gate, Rules, key_needed, keys_readable
from service.api.huggingface import routes as huggingface
from service.api.libretranslate import files as libretranslate_files
from service.api.libretranslate import routes as libretranslate
from service.api.libretranslate import spec as libretranslate_spec
from service.api.middleware import RequestContext
from service.api.native import catalogue, glossaries, jobs
from service.api.native import routes as native
from service.api.native.glossary_wire import GlossaryBody
from service.api.native.submission import performer
from service.api.openapi import install_openapi
from service.api.page import routes as page
from service.api.proxies import Peers
from service.api.public_address import PublicAddress
from service.api.root_path import RootPath
from service.api.state import RequestLimits, ServiceState
from service.documents.room import Room
from service.errors import SettingInvalid
from service.jobs.documents import Documents
from service.jobs.job import Claim, Outcome
from service.jobs.runner import Perform, Progress, Refund
from service.jobs.service import JobService
from service.jobs.webhook import Signer, trusting
from service.jobs.webhook_hosts import WebhookHosts
from service.keys.buckets import OwnBuckets
from service.keys.grant import Spending
from service.keys.shared import shared_buckets
from service.observability.metrics import Metrics
from service.pipeline.models import ModelSet
from service.serving import serving
from service.settings import Settings, listed
from service.stores import open_glossary_store, open_job_store, open_key_ring
from service.version import service_version

logger = logging.getLogger("kurzfassung")

_CLIENT_CLOSED_REQUEST = 499
"""Nobody reads this answer; the code only marks the log line, as nginx does."""


_DESCRIPTION = """Failures are `application/problem+json` (RFC 9457) with a `code` that is stable and the
`request_id`, which the header `X-Request-ID` and the log have too. The routes that speak for DeepL,
LibreTranslate and Hugging Face word them as those do, with the same two fields. 404 for a path and 405 for a
method that is not there are such failures."""

DIALECTS = (deepl.DIALECT, libretranslate.DIALECT, huggingface.DIALECT)


def create_app(
    settings: Settings,
    *,
    models: ModelSet | None = None,
    on_phase: Callable[[ServiceState], None] = lambda _: None,
) -> FastAPI:
    """The ASGI application. It answers `/livez` at once and is ready when the models are loaded and
    the canary came through. `on_phase` is told the state then, and when that or, later, the engine failed,
    in which case the operator's message is in the log. `models` are for tests and embedders that bring
    their own. Raises `OperatorError` and its kin for settings that cannot be used."""
    spending, metrics, peers = _spending(settings), Metrics(), _peers(settings)
    job_service = _job_service(
        settings, metrics, lambda job, characters: spending.refund(job.owner, characters, job.charged)
    )
    state = ServiceState(
        limits=RequestLimits(
            characters=settings.max_characters,
            body_bytes=settings.max_body_bytes,
            texts=settings.max_texts,
            document_bytes=min(settings.max_document_bytes, settings.document_store_bytes // 2),
            queue_tokens=settings.queue_tokens,
            request_seconds=settings.request_seconds,
        ),
        metrics=metrics,
        version=service_version(),
        heartbeat_seconds=settings.heartbeat_seconds,
        glossaries=open_glossary_store(settings),
        documents=Documents(
            job_service.store,
            most_bytes=settings.document_store_bytes,
            keep_seconds=60 * settings.document_minutes,
        ),
        room=Room(settings.document_store_bytes),
        public_address=PublicAddress(settings.public_url, peers),
        key_needed=lambda: key_needed(settings.auth, spending.ring),
        keys_readable=lambda: keys_readable(settings.auth, spending.ring),
        jobs=job_service,
    )
    state.metrics.queue_capacity_tokens.set(settings.queue_tokens)

    def lifespan(_: FastAPI) -> AbstractAsyncContextManager[None]:
        perform = _performer(state, spending)
        return serving(settings, state, spending, perform, models=models, on_phase=on_phase)

    app = FastAPI(
        title="Kurzfassung",
        version=state.version,
        summary="German article in; English translation and a short summary out.",
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # ours, in `api/documentation.py`, needs no CDN
        redoc_url=None,
        redirect_slashes=False,  # a redirect would lose the body of a POST
        # Ours has no queries, messages and stack traces in it: `observability/tracing.py`.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        root_path_in_servers=False,  # the document says "here" instead, which holds under any prefix
    )
    app.state.service = state
    for spoken in (native, catalogue):
        app.include_router(spoken.router, tags=["native"])
    for spoken in (deepl, deepl_documents, deepl_glossaries, deepl_multilingual):
        app.include_router(spoken.router, tags=["deepl"])
    for spoken in (libretranslate, libretranslate_files, libretranslate_spec):
        app.include_router(spoken.router, tags=["libretranslate"])
    app.include_router(huggingface.router, tags=["huggingface"])
    app.include_router(glossaries.router, tags=["glossaries"])
    app.include_router(jobs.router, tags=["jobs"])
    app.include_router(health.router)
    app.include_router(documentation.router)
    app.include_router(page.router)
    failures = install_failure_handlers(app, DIALECTS)
    app.add_exception_handler(CallerLeft, _caller_left)
    # The last one added is the first that a request comes to: who calls is known before the deadline is set.
    app.add_middleware(
        RequestDeadline,
        request_seconds=settings.request_seconds,
        body_seconds=settings.body_seconds,
        refuse=failures.service_error,
    )
    rules = _rules(settings, peers, upload_bytes=state.limits.upload_bytes)
    app.add_middleware(
        Gate,
        rules=rules,
        spending=spending,
        failures=failures,
        metrics=state.metrics,
        room=Room(max(settings.document_store_bytes, 2 * state.limits.upload_bytes)),
    )
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **_cors(settings))
    app.add_middleware(RootPath, root_path=settings.root_path)
    app.add_middleware(RequestContext, metrics=state.metrics, failures=failures)
    install_openapi(
        app,
        [
            *native.request_bodies(),
            GlossaryBody,
            *native.stream_events(),
            *jobs.answers(),
            *deepl.request_bodies(),
            *deepl_documents.request_bodies(),
            *libretranslate.request_bodies(),
            *huggingface.request_bodies(),
        ],
        DIALECTS,
    )
    return app


def _job_service(settings: Settings, metrics: Metrics, refund: Refund) -> JobService:
    hosts, signer = WebhookHosts(settings.webhook_hosts), Signer(settings.webhook_secret)
    if hosts and not signer:
        raise SettingInvalid("KURZFASSUNG_WEBHOOK_SECRET: webhooks are allowed, so it must be set")
    return JobService(
        open_job_store(settings),
        hosts,
        signer,
        # Reading the authorities' certificates takes 0.1 s.
        trust=trusting(settings.webhook_ca_file) if hosts else SSLContext(PROTOCOL_TLS_CLIENT),
        at_once=settings.job_workers,
        lease_seconds=settings.job_lease_seconds,
        retry_seconds=settings.webhook_retry_seconds,
        ended=lambda status: metrics.jobs_ended.labels(status).inc(),
        refund=refund,
        posted=lambda outcome: metrics.webhooks.labels(outcome).inc(),
    )


def _performer(state: ServiceState, spending: Spending) -> Perform:
    articles, documents = performer(state), deepl_documents.performer(state, spending.resumed)

    async def perform(claim: Claim, request: bytes, progress: Progress) -> Outcome:
        act = documents if claim.kind == "document" else articles
        return await act(claim, request, progress)

    return perform


def _spending(settings: Settings) -> Spending:
    return Spending(
        shared_buckets(settings.redis_url, settings.redis_down) if settings.redis_url else OwnBuckets(),
        open_key_ring(settings),
        caller_rate=settings.caller_rate,
        minimum=settings.rate_minimum,
    )


def _peers(settings: Settings) -> Peers:
    return Peers(
        listed(settings.trusted_proxies),
        trust_every=settings.trust_every_proxy,
        consumer_header=settings.consumer_header,
    )


def _rules(settings: Settings, peers: Peers, *, upload_bytes: int) -> Rules:
    return Rules(
        auth=settings.auth,
        access=Access(listed(settings.open_routes)),
        peers=peers,
        body_bytes=settings.max_body_bytes,
        upload_bytes=upload_bytes,
        rate_headers=settings.rate_headers,
    )


def _cors(settings: Settings) -> dict[str, Any]:
    """Without credentials: a key travels in a header that the page sets, never in a cookie."""
    shown = ["X-Request-ID", "X-Trace-ID", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"]
    return {
        "allow_origins": listed(settings.cors_origins),
        "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": ["*"],
        "allow_credentials": False,
        "expose_headers": shown,
    }


async def _caller_left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)
