"""Milliseconds per article spent outside the engine: reading, segmenting, batching, joining,
summarising and, over HTTP, parsing and shaping. Measured with the stub (whose own time is nearly
nothing) and with the starter (whose time inside `Backend.generate` is taken off)."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from service.backends.protocol import Backend, Batching, GenerationOptions, Hypothesis
from service.opening import load_models, open_pipeline
from service.pipeline.article import DigestRequest
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings

ROUNDS = 40


class Timed:
    """A backend that adds up the seconds spent inside another one."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        self.seconds = 0.0
        self.name = inner.name
        self.max_source_tokens = inner.max_source_tokens
        self.device = inner.device
        self.batching = Batching()  # one call at a time, whose seconds may be added up

    def count_tokens(self, source: str) -> int:
        return self._inner.count_tokens(source)

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        started = time.perf_counter()
        try:
            return self._inner.generate(sources, options)
        finally:
            self.seconds += time.perf_counter() - started

    def close(self) -> None:
        self._inner.close()


def measure(profile: str, text: str) -> dict[str, float]:
    """Medians over `ROUNDS` digests of one article, one after the other, in milliseconds."""
    models = load_models(Settings(profile=profile))
    timed = [Timed(model.backend) for model in models.translators]
    translators = [
        LoadedModel(model.config, backend, model.revision)
        for model, backend in zip(models.translators, timed, strict=True)
    ]
    wrapped = ModelSet(profile=profile, translators=translators, summarizers=models.summarizers)
    return asyncio.run(_measure(wrapped, timed[0], profile, text))


async def _measure(models: ModelSet, timed: Timed, profile: str, text: str) -> dict[str, float]:
    totals, outside = [], []
    async with open_pipeline(Settings(profile=profile), models=models) as pipeline:
        await pipeline.digest(DigestRequest(text, source="de"))  # what is loaded on first use
        for _ in range(ROUNDS):
            timed.seconds = 0.0
            started = time.perf_counter()
            await pipeline.digest(DigestRequest(text, source="de"))
            total = time.perf_counter() - started
            totals.append(total * 1000)
            outside.append((total - timed.seconds) * 1000)
    return {"total_ms": statistics.median(totals), "outside_engine_ms": statistics.median(outside)}


def report(article: Path) -> str:
    text = article.read_text(encoding="utf-8")
    rows = ["| profile | digest, ms | outside the engine, ms |", "|---|---|---|"]
    for profile in ("stub", "starter"):
        found = measure(profile, text)
        rows.append(f"| {profile} | {found['total_ms']:.1f} | {found['outside_engine_ms']:.1f} |")
    return "\n".join(rows)
