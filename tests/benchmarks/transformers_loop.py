"""transformers' `generate()` in float32, with all cores torch takes by itself: sentence by sentence, as most
scripts have it, or in batches; a summarizer's articles likewise."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any

import torch
import transformers

from tests.benchmarks.clients import Load
from tests.benchmarks.raw_engine import BEAM
from tests.benchmarks.way import Article, Way
from tests.benchmarks.weights import Weights

BATCH = 16
ARTICLES = 4
"""In a batch of a summarizer's."""
FEW_SENTENCES = 5
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}

_loaded: dict[str, Any] = {}
"""In the worker."""


@contextmanager
def transformers_loop(weights: Weights, articles: int) -> Iterator[list[Way]]:
    with ProcessPoolExecutor(1, get_context("spawn"), _load, (weights,)) as worker:
        with _patient():
            pid = worker.submit(os.getpid).result()
        if weights.summarizes:
            yield [
                Way(
                    "summarize-1",
                    "(c) transformers generate(), article by article",
                    pid,
                    articles,
                    partial(_run, worker, 1),
                ),
                Way(
                    f"summarize-{ARTICLES}",
                    f"(c) transformers generate(), batches of {ARTICLES} articles",
                    pid,
                    ARTICLES * articles,
                    partial(_run, worker, ARTICLES),
                ),
            ]
            return
        yield [
            Way(
                "generate-1",
                f"(c) transformers generate(), sentence by sentence, {FEW_SENTENCES} sentences of an article",
                pid,
                articles,
                partial(_run, worker, 1),
                FEW_SENTENCES,
            ),
            Way(
                f"generate-{BATCH}",
                f"(c) transformers generate(), one batch of {BATCH} sentences of an article",
                pid,
                articles,
                partial(_run, worker, BATCH),
                BATCH,
            ),
        ]


@contextmanager
def _patient() -> Iterator[None]:
    """What is started here does not burn a core while it waits for the other: where a machine has anything
    else to do, torch on all cores would come to a standstill."""
    before = dict(os.environ)
    os.environ.update(PATIENT)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(worker: ProcessPoolExecutor, batch: int, articles: Sequence[Article]) -> Load:
    return worker.submit(_generate, articles, batch).result()


def _load(weights: Weights) -> None:
    transformers.utils.logging.disable_progress_bar()
    checkpoint = str(weights.checkpoint)
    _loaded["weights"] = weights
    _loaded["tokenizer"] = transformers.AutoTokenizer.from_pretrained(checkpoint)
    _loaded["model"] = transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoint).eval()


def _generate(articles: Sequence[Article], batch: int) -> Load:
    """A summarizer's batch holds several articles, a translator's only sentences of one."""
    weights, tokenizer, model = _loaded["weights"], _loaded["tokenizer"], _loaded["model"]
    together = batch if weights.summarizes else 1
    latencies, seconds = [], 0.0
    for begin in range(0, len(articles), together):
        some = articles[begin : begin + together]
        sources = [source for article in some for source in weights.sources(article)]
        started = time.perf_counter()
        for first in range(0, len(sources), batch):
            encoded = tokenizer(sources[first : first + batch], return_tensors="pt", padding=True)
            with torch.inference_mode():
                made = model.generate(**encoded, num_beams=BEAM)
            tokenizer.batch_decode(made, skip_special_tokens=True)
        took = time.perf_counter() - started
        latencies += [took] * len(some)
        seconds += took
    return Load(latencies, seconds, 0.0)
