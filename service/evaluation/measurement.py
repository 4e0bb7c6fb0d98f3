"""One model set at work on a corpus, in a process of its own, so that memory and speed are its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Literal

from service.errors import InvalidInput, MeasurementFailed, ServiceError, SettingInvalid
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.models import ModelSet
from service.pipeline.result import Digest
from service.pipeline.summarization import SummaryRequest
from service.text.check import check_text

Task = Literal["translation", "summarization"]
OpenPipeline = Callable[[], AbstractAsyncContextManager[ArticlePipeline]]

_TOGETHER = 64
"""Lines given to the pipeline at once: as many as fill its batches, few enough for a moving bar."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the process is to do. `summary` is for the task "summarization" and names its language."""

    task: Task
    texts: tuple[str, ...]
    source: str
    target: str
    summary: SummaryRequest = field(default_factory=SummaryRequest)


@dataclass(frozen=True, slots=True)
class Measurement:
    """`models` are the facts a run can be repeated from. `seconds` without loading and without one
    text to warm up; `peak_rss_mb` of the whole process, loading included. `warnings` counts the
    codes the service itself gave. `bases` are what summaries were made of, in their language: the
    articles or their translations; empty for translations."""

    name: str
    models: tuple[dict[str, Any], ...]
    outputs: tuple[str, ...]
    bases: tuple[str, ...]
    seconds: float
    load_seconds: float
    peak_rss_mb: float
    tokens: int
    warnings: dict[str, int]

    @property
    def lines_per_second(self) -> float:
        return len(self.outputs) / self.seconds if self.seconds else 0.0


def measure(
    name: str, open_pipeline: OpenPipeline, work: Work, progress: Callable[[int], object]
) -> Measurement:
    """Runs in a fresh process, which inherits nothing but the environment; `open_pipeline` must
    pickle. `progress` is told of every few texts done. Raises `MeasurementFailed` with what the pipeline
    said, or when the process died."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, name, open_pipeline, work), daemon=True)
    process.start()
    theirs.close()
    try:
        while True:
            try:
                message = ours.recv()
            except EOFError:
                process.join()
                raise MeasurementFailed(
                    f"{name}: its process ended with code {process.exitcode} (-9: killed, often for memory)"
                ) from None
            if isinstance(message, Measurement):
                return message
            if isinstance(message, Exception):
                raise message
            progress(message)
    finally:
        process.kill()
        process.join()
        ours.close()


def _child(pipe: Connection, name: str, open_pipeline: OpenPipeline, work: Work) -> None:
    try:
        pipe.send(asyncio.run(_run(pipe, name, open_pipeline, work)))
    except ServiceError as error:
        pipe.send(MeasurementFailed(f"{name}: {error.message}"))
    except Exception as error:  # the parent tells in one line what would be two stacks here
        pipe.send(MeasurementFailed(f"{name}: {type(error).__name__}: {error}"))


async def _run(pipe: Connection, name: str, open_pipeline: OpenPipeline, work: Work) -> Measurement:
    started = time.perf_counter()
    async with open_pipeline() as pipeline:
        _check(pipeline.models, work)
        first = next(text for text in work.texts if is_translatable(text))
        await _digests(pipeline, work, [first])
        loaded = time.perf_counter()
        outputs, bases = list(work.texts), list(work.texts)
        tokens, warnings, seconds = 0, Counter[str](), 0.0
        for begin in range(0, len(work.texts), _TOGETHER):
            part = range(begin, min(begin + _TOGETHER, len(work.texts)))
            wordy = [index for index in part if is_translatable(work.texts[index])]
            texts = [work.texts[index] for index in wordy]
            begun = time.perf_counter()
            digests = await _digests(pipeline, work, texts)
            seconds += time.perf_counter() - begun
            for index, digest, base in zip(
                wordy, digests, await _bases(pipeline, work, texts, digests), strict=True
            ):
                outputs[index] = _output(digest)
                bases[index] = base
                tokens += digest.usage.tokens
                warnings.update(caveat.code for caveat in digest.caveats)
            pipe.send(len(part))
        facts = _facts(pipeline.models, work.task)
    return Measurement(
        name=name,
        models=facts,
        outputs=tuple(outputs),
        bases=tuple(bases) if work.task == "summarization" else (),
        seconds=seconds,
        load_seconds=loaded - started,
        peak_rss_mb=_peak_rss_mb(),
        tokens=tokens,
        warnings=dict(sorted(warnings.items())),
    )


def is_translatable(text: str) -> bool:
    """Figures alone or an address: such a line is its own translation; the pipeline would refuse it."""
    try:
        check_text(text, max_characters=len(text))
    except InvalidInput:
        return False
    return True


async def _digests(pipeline: ArticlePipeline, work: Work, texts: Sequence[str]) -> list[Digest]:
    if work.task == "translation":
        return await pipeline.translate_all(_requests(work, texts))
    # Where the whole is translated anyway, keep it: it is what the summary was made of.
    whole = work.summary.language != work.source and not _translates_less(pipeline.models)
    make = pipeline.digest if whole else pipeline.summarize
    return list(await asyncio.gather(*(make(request) for request in _requests(work, texts))))


async def _bases(
    pipeline: ArticlePipeline, work: Work, texts: Sequence[str], digests: Sequence[Digest]
) -> list[str]:
    """The articles in the summaries' language. A strategy that does without the translation is not
    charged for it: it is made for the scores alone."""
    foreign = work.task == "summarization" and work.summary.language != work.source
    if foreign and any(digest.translation is None for digest in digests):
        digests = await pipeline.translate_all(_requests(work, texts))
    return [digest.translation.text if digest.translation else digest.source_text for digest in digests]


def _requests(work: Work, texts: Sequence[str]) -> list[DigestRequest]:
    return [DigestRequest(text, work.source, work.target, "text", work.summary) for text in texts]


def _translates_less(models: ModelSet) -> bool:
    return models.strategy != "translate-then-summarize"


def _check(models: ModelSet, work: Work) -> None:
    """An extract in the name of a cross-lingual model that is not there would be no comparison."""
    language = work.summary.language or work.target
    if work.task == "translation" or models.strategy != "direct" or language == work.source:
        return
    if models.summarizer(work.source, language) is None:
        raise SettingInvalid(
            f"no summarizer of {models.profile!r} reads {work.source!r} and writes {language!r}"
        )


def _output(digest: Digest) -> str:
    """On one line, as the references are."""
    part = digest.summary or digest.translation
    assert part is not None  # noqa: S101 -- every task makes one of them
    return " ".join(part.text.split())


def _facts(models: ModelSet, task: Task) -> tuple[dict[str, Any], ...]:
    used = models.translators if task == "translation" else models.loaded
    return tuple(
        {
            "name": model.name,
            "revision": model.revision,
            "engine": model.config.engine,
            "device": model.backend.device,
            "generation": model.config.generation.model_dump(),
            "limits": model.config.limits.model_dump(),
            "trained_on": list(model.config.trained_on),
            "demonstration": model.config.demonstration,
        }
        for model in used
    )


def _peak_rss_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1_000_000 if sys.platform == "darwin" else peak * 1024 / 1_000_000


def machine() -> dict[str, str]:
    """What the speed was measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "python": platform.python_version(),
    }
