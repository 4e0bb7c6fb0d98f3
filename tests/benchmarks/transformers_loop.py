"""transformers' `generate()` in float32, with all cores torch takes by itself: sentence by sentence, as most
scripts have it, or in batches."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.benchmarks.clients import Load
from tests.benchmarks.raw_engine import BEAM
from tests.benchmarks.way import Article, Way
from tests.benchmarks.weights import Weights

BATCH = 16
FEW_SENTENCES = 5
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}

_loaded: dict[str, Any] = {}
"""In the worker."""


@contextmanager
def transformers_loop(weights: Weights, articles: int) -> Iterator[list[Way]]:
    with ProcessPoolExecutor(1, get_context("spawn"), _load, (weights.checkpoint,)) as worker:
        with _patient():
            pid = worker.submit(os.getpid).result()
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
    return worker.submit(_translate, articles, batch).result()


def _load(checkpoint: Path) -> None:
    transformers.utils.logging.disable_progress_bar()
    _loaded["tokenizer"] = transformers.MarianTokenizer.from_pretrained(str(checkpoint))
    _loaded["model"] = transformers.MarianMTModel.from_pretrained(checkpoint).eval()


def _translate(articles: Sequence[Article], batch: int) -> Load:
    tokenizer, model = _loaded["tokenizer"], _loaded["model"]
    latencies = []
    for article in articles:
        started = time.perf_counter()
        for first in range(0, len(article), batch):
            encoded = tokenizer(article[first : first + batch], return_tensors="pt", padding=True)
            with torch.inference_mode():
                made = model.generate(**encoded, num_beams=BEAM)
            tokenizer.batch_decode(made, skip_special_tokens=True)
        latencies.append(time.perf_counter() - started)
    return Load(latencies, sum(latencies), 0.0)
