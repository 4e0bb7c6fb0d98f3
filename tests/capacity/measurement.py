"""The real service over HTTP with open arrivals: callers who do not wait for each other, and latencies
counted from when an article was due."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import numpy as np

from service.backends.protocol import Backend, Batching, GenerationOptions, Hypothesis
from service.opening import load_models, open_pipeline
from service.pipeline.article import DigestRequest
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings
from tests.capacity.simulation import Cost, Limits
from tests.capacity.workload import KINDS, TEXTS, Calls, written

_SECONDS_PER_TOKEN = 0.001
"""Of the stub: an article of ours then keeps its engine for a quarter of a second."""

_WHOLE = 1_000_000
"""Padded tokens: more than any call has."""


@dataclass(frozen=True)
class Measured:
    """`latencies` in seconds, of answers with status 200."""

    latencies: list[float]
    refused: int

    def within(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


async def open_loop(address: str, planned: Sequence[tuple[float, int]]) -> Measured:
    """`planned` are arrival times and which kind of article; see `workload.schedule`. No two are the same."""
    # Written beforehand: the sender shares the cores with what it measures.
    texts = [written(kind, number) for number, (_, kind) in enumerate(planned)]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    latencies: list[float] = []
    refused = 0
    async with httpx.AsyncClient(base_url=address, timeout=300, trust_env=False, limits=limits) as http:
        started = time.perf_counter()

        async def call(due: float, text: str) -> None:
            nonlocal refused
            answer = await http.post("/v1/digest", json={"text": text, "source": "de"})
            if answer.status_code == 200:
                latencies.append(time.perf_counter() - started - due)
            else:
                refused += 1

        running = []
        for (due, _), text in zip(planned, texts, strict=True):
            await asyncio.sleep(max(0.0, due - (time.perf_counter() - started)))
            running.append(asyncio.create_task(call(due, text)))
        await asyncio.gather(*running)
    return Measured(latencies, refused)


class Recorded:
    """A backend that notes the source tokens of every call, and its seconds; called as `batching` says."""

    def __init__(self, inner: Backend, batching: Batching) -> None:
        self._inner = inner
        self.batching = batching
        self.calls: list[tuple[tuple[int, ...], float]] = []
        self.name = inner.name
        self.max_source_tokens = inner.max_source_tokens
        self.device = inner.device

    def count_tokens(self, source: str) -> int:
        return self._inner.count_tokens(source)

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        started = time.perf_counter()
        made = self._inner.generate(sources, options)
        tokens = tuple(self._inner.count_tokens(source) for source in sources)
        self.calls.append((tokens, time.perf_counter() - started))
        return made

    def close(self) -> None:
        """Whoever made the models closes them: they are measured more than once."""


@dataclass(frozen=True)
class Calibration:
    """`calls` of each text; `core_seconds` of the whole process for an article, `tokens` of all texts
    together; `limits` as they suit the engine."""

    calls: list[Calls]
    cost: Cost
    limits: Limits
    tokens: int
    core_seconds: float

    @property
    def articles_per_second(self) -> float:
        """Where as many articles are worked on as the engine takes batches at once."""
        each = [sum(map(self.cost.of, calls)) + self.cost.article for calls in self.calls]
        return self.limits.at_once * len(each) / sum(each)


async def calibrate(models: ModelSet, rounds: int, texts: Sequence[str] = TEXTS) -> Calibration:
    """What the texts one at a time, and several together, cost in this process."""
    [model] = models.translators
    suits = model.backend.batching
    calls, outside, cores = await _one_by_one(model, rounds, texts)
    batches, busy = await _together(model, rounds)
    cost = _fit(batches, outside)
    # An engine that uses the processor shares it with all else that the process does for an article.
    engine = sum(seconds for _, seconds in batches)
    return Calibration(
        calls,
        cost.slowed(max(1.0, busy / engine)),
        Limits(batch_tokens=suits.tokens, at_once=suits.at_once),
        sum(sum(map(sum, each)) for each in calls),
        cores / rounds / len(texts),
    )


async def _one_by_one(
    model: LoadedModel, rounds: int, texts: Sequence[str]
) -> tuple[list[Calls], list[float], float]:
    """The calls of each text, whole, as nothing splits them; seconds outside the engine of each digest; core
    seconds of all."""
    recorded = Recorded(model.backend, Batching(tokens=_WHOLE))
    calls: list[Calls] = []
    outside: list[float] = []
    async with open_pipeline(Settings(), models=_watched(model, recorded)) as pipeline:
        for text in texts:  # what is loaded on first use
            await pipeline.digest(DigestRequest(text, source="de"))
        cores = time.process_time()
        for _ in range(rounds):
            calls.clear()
            for text in texts:
                recorded.calls.clear()
                started = time.perf_counter()
                await pipeline.digest(DigestRequest(text, source="de"))
                seconds = time.perf_counter() - started
                outside.append(seconds - sum(spent for _, spent in recorded.calls))
                calls.append(tuple(tokens for tokens, _ in recorded.calls))
        cores = time.process_time() - cores
    return calls, outside, cores


async def _together(model: LoadedModel, rounds: int) -> tuple[list[tuple[tuple[int, ...], float]], float]:
    """Batches as they are formed for one and for several callers, with their seconds; and core seconds of the
    whole process."""
    recorded = Recorded(model.backend, model.backend.batching)
    numbers = itertools.count()
    async with open_pipeline(Settings(), models=_watched(model, recorded)) as pipeline:
        cores = time.process_time()
        for together in (1, 2, 4, 8) * rounds:
            requests = [
                DigestRequest(written(kind % KINDS, next(numbers)), source="de") for kind in range(together)
            ]
            await asyncio.gather(*map(pipeline.digest, requests))
        cores = time.process_time() - cores
    return recorded.calls, cores


def _watched(model: LoadedModel, recorded: Recorded) -> ModelSet:
    return ModelSet(profile="capacity", translators=[LoadedModel(model.config, recorded, model.revision)])


def _fit(batches: Sequence[tuple[tuple[int, ...], float]], outside: Sequence[float]) -> Cost:
    """Least squares without negative costs, each batch weighed by its size."""
    rows = np.array([(1.0, len(tokens), sum(tokens)) for tokens, _ in batches])
    seconds = np.array([spent for _, spent in batches])
    found = np.zeros(3)
    kept = [0, 1, 2]
    while kept:
        weights = 1 / np.maximum(seconds, 1e-4)
        solved = np.linalg.lstsq(rows[:, kept] * weights[:, None], seconds * weights, rcond=None)[0]
        if (solved >= 0).all():
            found[kept] = solved
            break
        kept.pop(int(np.argmin(solved)))
    batch, segment, token = map(float, found)
    return Cost(batch, segment, token, article=float(np.median(outside)))


@contextmanager
def sleeping_server() -> Iterator[str]:
    """The real service with an engine that takes its time asleep, so that it costs no processor: the queue,
    the batches, the event loop and HTTP are real, and other work on the machine hardly counts."""
    command = [sys.executable, "-m", "tests.capacity.sleeping"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def sleeping_models() -> ModelSet:
    from tests.integration.conftest import stub_models

    return stub_models(seconds_per_token=_SECONDS_PER_TOKEN)


def starter_models() -> ModelSet:
    return load_models(Settings(profile="starter"))
