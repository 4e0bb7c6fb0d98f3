"""Models and pipelines, opened as the settings say: for the server, and for the command line, which
needs no HTTP for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from service.backends.loading import engine_is_installed, load_backend
from service.batching.batcher import Batcher
from service.errors import ModelNotInstalled, SettingInvalid
from service.model_store.catalogue import AUTO, EXTRACT, Catalogue, Profile, Strategy
from service.model_store.config import ModelConfig
from service.model_store.files import ModelFiles
from service.model_store.licence import acknowledged_models, require_licence
from service.observability.metrics import Metrics
from service.pipeline.article import ArticlePipeline
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings


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
