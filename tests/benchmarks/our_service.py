"""Our service over HTTP. With the starter it is started as users start it; with random weights, whose output
no check would let pass, `python -m tests.benchmarks.our_service MODEL DIRECTORY` serves an engine that
decodes all and then answers with the source in capitals, so that nothing is decoded twice; of an article with
the first of its sentences."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from service.backends.loading import load_backend
from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.model_store.catalogue import Catalogue
from tests.benchmarks.clients import Load, drive
from tests.benchmarks.server import our_server, starter_server
from tests.benchmarks.way import Article, Way
from tests.benchmarks.weights import Weights

CLIENTS = (1, 8, 32)
_SUMMARY_SENTENCES = 3


@contextmanager
def our_service(weights: Weights, articles: int) -> Iterator[list[Way]]:
    """As many `articles` for the most clients, fewer for fewer."""
    with serving(weights) as (address, pid):
        yield [
            Way(
                f"ours-{clients}",
                f"(b) our service, {clients} client{'s' if clients > 1 else ''}",
                pid,
                max(clients, articles * clients // max(CLIENTS), 2),
                partial(_run, address, weights.summarizes, clients),
            )
            for clients in CLIENTS
        ]


@contextmanager
def serving(weights: Weights, **environment: str) -> Iterator[tuple[str, int]]:
    if weights.name == "starter":
        with starter_server(**environment) as found:
            yield found
        return
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.our_service",
        weights.config.name,
        str(weights.converted),
    ]
    with our_server(command, environment) as found:
        yield found


def _run(address: str, summarizes: bool, clients: int, articles: Sequence[Article]) -> Load:
    route, source = ("/v1/summarize", "en") if summarizes else ("/v1/translate", "de")
    bodies = [{"text": " ".join(article), "source": source} for article in articles]
    return drive(address, route, bodies, clients)


class Legible:
    """An engine whose answers pass every check: `legible` of the source. All else is the engine's own."""

    def __init__(self, inner: Backend, legible: Callable[[str], str]) -> None:
        self._inner = inner
        self._legible = legible

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        made = self._inner.generate(sources, options)
        return [
            replace(hypothesis, target=self._legible(source), complete=True)
            for hypothesis, source in zip(made, sources, strict=True)
        ]


def beginning(source: str) -> str:
    return ". ".join(source.split(". ")[:_SUMMARY_SENTENCES]).removesuffix(".") + "."


def main(model: str, directory: Path) -> None:
    from service.cli.allocator import give_back_freed_memory
    from service.cli.serve import bind, serve
    from service.observability.logs import set_up_logging
    from service.pipeline.models import LoadedModel, ModelSet
    from service.settings import read_settings

    give_back_freed_memory()
    settings = read_settings()
    set_up_logging(settings.log_level)
    config = Catalogue.read().model(model)
    summarizes = config.task == "summarization"
    engine = load_backend(config, directory, device="cpu", threads=settings.threads)
    backend: Any = Legible(engine, beginning if summarizes else str.upper)
    loaded = [LoadedModel(config, backend, "")]
    models = ModelSet(
        profile="benchmark",
        translators=[] if summarizes else loaded,
        summarizers=loaded if summarizes else [],
    )
    serve(settings, bind("127.0.0.1", 0), models=models)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
