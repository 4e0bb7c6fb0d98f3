"""Puts the single-process service together; nothing else wires."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
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
from service.api.gate import Gate, Rules, key_needed
from service.api.huggingface import routes as huggingface
from service.api.libretranslate import files as libretranslate_files
from service.api.libretranslate import routes as libretranslate
from service.api.libretranslate import spec as libretranslate_spec
from service.api.middleware import RequestContext
from service.api.native import glossaries, jobs
from service.api.native import routes as native
from service.api.native.submission import performer
from service.api.native.wire import GlossaryBody
from service.api.openapi import install_openapi
from service.api.page import routes as page
from service.api.proxies import Peers
from service.api.public_address import PublicAddress
from service.api.root_path import RootPath
from service.api.state import RequestLimits, ServiceState
from service.backends.loading import engine_is_installed, load_backend
from service.batching.batcher import Batcher
from service.documents.room import Room
from service.errors import ModelNotInstalled, OperatorError, ServiceError, SettingInvalid, Unavailable
from service.jobs.beside import beside
from service.jobs.database import Database
from service.jobs.documents import Documents
from service.jobs.job import Claim, Outcome
from service.jobs.runner import Perform, Progress, Refund
from service.jobs.service import JobService
from service.jobs.sqlite import SqliteDatabase
from service.jobs.store import JobStore
from service.jobs.vault import Vault
from service.jobs.webhook import Signer, trusting
from service.jobs.webhook_hosts import WebhookHosts
from service.keys.buckets import OwnBuckets
from service.keys.grant import Spending
from service.keys.ring import KeyRing
from service.keys.shared import shared_buckets
from service.keys.store import KeyStore
from service.model_store.catalogue import AUTO, EXTRACT, Catalogue, Profile, Strategy
from service.model_store.config import ModelConfig
from service.model_store.files import ModelFiles
from service.model_store.licence import acknowledged_models, require_licence
from service.observability.metrics import Metrics
from service.pipeline.article import ArticlePipeline
from service.pipeline.canary import try_models
from service.pipeline.models import LoadedModel, ModelSet
from service.pipeline.watchdog import Watchdog
from service.settings import Settings, listed
from service.terms.store import GlossaryStore

logger = logging.getLogger("kurzfassung")

_CLIENT_CLOSED_REQUEST = 499
"""Nobody reads this answer; the code only marks the log line, as nginx does."""


_DESCRIPTION = """Failures are `application/problem+json` (RFC 9457) with a `code` that is stable and the
`request_id`, which the header `X-Request-ID` and the log have too. The routes that speak for DeepL,
LibreTranslate and Hugging Face word them as those do, with the same two fields. 404 for a path and 405 for a
method that is not there are such failures."""

DIALECTS = (deepl.DIALECT, libretranslate.DIALECT, huggingface.DIALECT)

_WRITE_SECONDS = 2.0
"""What a crash may lose of the count of characters."""


def service_version() -> str:
    try:
        return version("kurzfassung")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0"


def choose_profile(settings: Settings, catalogue: Catalogue, files: ModelFiles) -> tuple[str, Profile]:
    """The profile asked for; for `auto` the first whose models are all on this disk and whose engines
    are installed. Raises `ModelNotInstalled` naming what is missing."""
    if settings.profile != AUTO:
        return settings.profile, catalogue.profile(settings.profile)
    for name in catalogue.auto:
        profile = catalogue.profile(name)
        configs = [catalogue.model(model) for model in profile.models]
        if all(files.is_installed(config) and engine_is_installed(config.engine) for config in configs):
            return name, profile
    raise ModelNotInstalled("No profile has all its models on this disk; `make models` fetches them.")


def load_models(settings: Settings) -> ModelSet:
    """Every model of the chosen profile, ready to decode. Raises `OperatorError` and its kin."""
    catalogue = Catalogue.read(settings.model_configs)
    unknown = acknowledged_models(settings.acknowledged_licences) - catalogue.models.keys()
    if unknown:
        raise SettingInvalid(
            f"KURZFASSUNG_ACKNOWLEDGED_LICENCES: no model is called {', '.join(sorted(unknown))}"
        )
    name, profile = choose_profile(settings, catalogue, model_files(settings))
    summarizers = [] if profile.summarization == EXTRACT else [profile.summarization]
    translators, chosen = map(catalogue.model, profile.translation), map(catalogue.model, summarizers)
    return _load(settings, name, translators, chosen, profile.strategy)


def _load(
    settings: Settings,
    profile: str,
    translators: Iterable[ModelConfig],
    summarizers: Iterable[ModelConfig],
    strategy: Strategy = "translate-then-summarize",
) -> ModelSet:
    files = model_files(settings)
    acknowledged = acknowledged_models(settings.acknowledged_licences)
    translators = tuple(translators)
    if translators and not any(settings.default_source_language in c.source_languages for c in translators):
        raise SettingInvalid(
            f"KURZFASSUNG_DEFAULT_SOURCE_LANGUAGE: no model of {profile!r} "
            f"reads {settings.default_source_language!r}"
        )

    def load(config: ModelConfig) -> LoadedModel:
        require_licence(config, acknowledged)
        directory = None if config.engine == "stub" else files.require(config)
        backend = load_backend(config, directory, device=settings.device, threads=settings.threads)
        return LoadedModel(config, backend, files.revision(config))

    return ModelSet(
        profile=profile,
        translators=[load(config) for config in translators],
        summarizers=[load(config) for config in summarizers],
        strategy=strategy,
    )


def model_files(settings: Settings) -> ModelFiles:
    return ModelFiles(settings.models_dir, settings.hub_endpoint, settings.offline)


@asynccontextmanager
async def open_pipeline(
    settings: Settings, *, models: ModelSet | None = None, metrics: Metrics | None = None
) -> AsyncIterator[ArticlePipeline]:
    """The pipeline with its models loaded and its batcher running; for the server and, without
    one, for the command line. Raises `OperatorError` and its kin."""
    metrics = metrics or Metrics()
    chosen = models if models is not None else await asyncio.to_thread(load_models, settings)
    batcher = Batcher(
        capacity_tokens=settings.queue_tokens,
        batch_tokens=settings.batch_tokens,
        batch_seconds=settings.batch_seconds,
        cache_bytes=settings.cache_megabytes * 1_000_000,
        observer=metrics.observe_batch,
        segment_observer=metrics.observe_segment,
    )
    batcher.start()
    try:
        yield ArticlePipeline(
            models=chosen,
            batcher=batcher,
            default_source_language=settings.default_source_language,
            max_characters=settings.max_characters,
        )
    finally:
        await batcher.stop()
        if not batcher.hung:  # else a thread is still in there
            for model in chosen.loaded:
                model.backend.close()


def open_pipeline_of(
    settings: Settings, name: str, strategy: Strategy | None = None
) -> AbstractAsyncContextManager[ArticlePipeline]:
    """The pipeline of the profile or the single model of that name; for measuring them. `strategy`, if
    given, takes the place of the profile's."""
    catalogue = Catalogue.read(settings.model_configs)
    if name in catalogue.models:
        config = catalogue.model(name)
        translates = config.task == "translation"
        models = _load(settings, name, [config] if translates else [], [] if translates else [config])
    else:
        models = load_models(settings.model_copy(update={"profile": name}))
    if strategy is not None:
        models.strategy = strategy
    return open_pipeline(settings, models=models)


def open_job_store(settings: Settings) -> JobStore:
    """Raises `OperatorError` and its kin where the settings cannot be used; whether the store itself can is
    seen at the first use."""
    keys = settings.store_key
    database: Database = SqliteDatabase(settings.data_dir / "jobs.sqlite")
    if settings.store_key_file is not None:
        try:
            keys = settings.store_key_file.read_text(encoding="ascii").replace("\n", ",")
        except (OSError, UnicodeError) as error:
            raise SettingInvalid(
                f"KURZFASSUNG_STORE_KEY_FILE: cannot be read: {type(error).__name__}"
            ) from error
    vault = Vault([key.strip() for key in keys.split(",") if key.strip()])
    if settings.database_url:
        from service.jobs.postgres import PostgresDatabase

        database = PostgresDatabase(settings.database_url)
    return JobStore(
        database,
        vault,
        most_unfinished=settings.job_queue,
        keep_seconds=settings.job_hours * 3600,
    )


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
    job_service = _job_service(settings, metrics, spending.refund)
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
        glossaries=GlossaryStore(settings.data_dir / "glossaries.sqlite"),
        documents=Documents(
            job_service.store,
            most_bytes=settings.document_store_bytes,
            keep_seconds=60 * settings.document_minutes,
        ),
        room=Room(settings.document_store_bytes),
        public_address=PublicAddress(settings.public_url, peers),
        key_needed=lambda: key_needed(settings.auth, spending.ring),
        jobs=job_service,
    )
    state.metrics.queue_capacity_tokens.set(settings.queue_tokens)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        leave = asyncio.Event()
        loaded = asyncio.Event()

        def started(state: ServiceState) -> None:
            loaded.set()
            on_phase(state)

        perform = _performer(state, spending)
        serving = asyncio.create_task(_serve(settings, state, models, perform, leave, started))
        writing = asyncio.create_task(_write_used(spending.ring))
        try:
            if settings.accept_when_ready:
                await loaded.wait()
            yield
        finally:
            state.phase = "draining"
            await state.jobs.stop()
            await state.coalescing.close()
            leave.set()
            await serving
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await spending.ring.write_used()
            await spending.close()

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
    app.include_router(native.router, tags=["native"])
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
    app.add_middleware(Gate, rules=rules, spending=spending, failures=failures, metrics=state.metrics)
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


def _performer(state: ServiceState, spending: Spending) -> Perform:
    articles, documents = performer(state), deepl_documents.performer(state, spending.resumed)

    async def perform(claim: Claim, request: bytes, progress: Progress) -> Outcome:
        act = documents if claim.kind == "document" else articles
        return await act(claim, request, progress)

    return perform


def _spending(settings: Settings) -> Spending:
    return Spending(
        shared_buckets(settings.redis_url, settings.redis_down) if settings.redis_url else OwnBuckets(),
        KeyRing(KeyStore(settings.data_dir / "keys.sqlite")),
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


async def _write_used(ring: KeyRing) -> None:
    while True:
        await asyncio.sleep(_WRITE_SECONDS)
        await ring.write_used()


async def _serve(
    settings: Settings,
    state: ServiceState,
    models: ModelSet | None,
    perform: Perform,
    leave: asyncio.Event,
    on_phase: Callable[[ServiceState], None],
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
            await _open_jobs(state)
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


async def _open_jobs(state: ServiceState) -> None:
    """A store that is wrongly set up stops the start; one that cannot be reached for now costs only jobs."""
    try:
        await beside(state.jobs.store.open)
    except Unavailable:
        logger.warning("jobs are not available for now")


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


async def _caller_left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)
