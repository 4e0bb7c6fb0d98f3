"""The ceiling: CTranslate2's `translate_batch` alone, on all segments at once, tokenized beforehand, with the
largest batch that took least processor time in a trial, which other work on the machine disturbs less than
it does the clock."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any

import ctranslate2

from service.backends.tokenization import load_tokenizer
from tests.benchmarks.clients import Load
from tests.benchmarks.way import Article, Way
from tests.benchmarks.weights import Weights

BEAM = 4
_BATCHES = (256, 512, 1024, 2048)
_BATCHES_OF_ARTICLES = (1024, 2048, 4096)
"""Padded source tokens."""
_TRIAL_SEED = 9_000_000
_TRIAL_ARTICLES = 4

_loaded: dict[str, Any] = {}
"""In the worker."""


@contextmanager
def raw_engine(weights: Weights, articles: int) -> Iterator[tuple[Way, int]]:
    """The way, and target tokens of an article."""
    with ProcessPoolExecutor(1, get_context("spawn"), _load, (weights,)) as worker:
        pid = worker.submit(os.getpid).result()
        count = max(_TRIAL_ARTICLES, articles // 4)
        trial = [weights.article(_TRIAL_SEED + number) for number in range(count)]
        batches = _BATCHES_OF_ARTICLES if weights.summarizes else _BATCHES
        times = {each: worker.submit(_processor_seconds, trial, each).result() for each in batches}
        best = min(times, key=times.__getitem__)
        tokens = worker.submit(_translate, trial, best).result()[1] // len(trial)
        sources = "articles" if weights.summarizes else "segments"
        label = f"(a) translate_batch on all {sources} at once, batches of {best} tokens"
        yield Way("raw", label, pid, articles, partial(_run, worker, best)), tokens


def _run(worker: ProcessPoolExecutor, most: int, articles: Sequence[Article]) -> Load:
    return worker.submit(_translate, articles, most).result()[0]


def _load(weights: Weights) -> None:
    _loaded["weights"] = weights
    cores = len(os.sched_getaffinity(0))
    _loaded["tokenizer"] = load_tokenizer(weights.config, weights.converted)
    _loaded["translator"] = ctranslate2.Translator(
        str(weights.converted), inter_threads=cores, intra_threads=1, compute_type="int8"
    )


def _translate(articles: Sequence[Article], most: int) -> tuple[Load, int]:
    """Also the tokens that were written."""
    weights, tokenizer = _loaded["weights"], _loaded["tokenizer"]
    tokens = [tokenizer.encode(source) for article in articles for source in weights.sources(article)]
    prefix, generation = tokenizer.target_prefix(), weights.config.generation
    started = time.perf_counter()
    results = _loaded["translator"].translate_batch(
        tokens,
        target_prefix=[prefix] * len(tokens) if prefix else None,
        beam_size=BEAM,
        max_batch_size=most,
        batch_type="tokens",
        length_penalty=generation.length_penalty,
        no_repeat_ngram_size=generation.no_repeat_ngram_size,
        disable_unk=True,
    )
    seconds = time.perf_counter() - started
    return Load([], seconds, 0.0), sum(len(result.hypotheses[0]) - len(prefix) for result in results)


def _processor_seconds(articles: Sequence[Article], most: int) -> float:
    before = time.process_time()
    _translate(articles, most)
    return time.process_time() - before
