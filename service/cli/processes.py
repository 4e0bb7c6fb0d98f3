"""Shards answered by several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from service.cli.archive import Wanted
from service.cli.shards import Shard, ShardAnswers, ShardWorker
from service.errors import ServiceError, WorkerDied
from service.settings import Settings

_worker: ShardWorker | ServiceError | None = None
"""Of this process, where it is one of the several; or why it has none."""


def in_processes(
    count: int, shards: Sequence[Shard], settings: Settings, source: Path, wanted: Wanted
) -> Iterator[ShardAnswers]:
    """As they get ready, in any order. Raises `WorkerDied`."""
    if not settings.threads:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        settings = settings.model_copy(update={"threads": max(1, cores // count)})
    # Not forked: the engines' threads would not come along.
    context = multiprocessing.get_context("spawn")
    arguments = (settings, source, wanted)
    with ProcessPoolExecutor(count, context, initializer=_start, initargs=arguments) as pool:
        running = [pool.submit(_answer, shard) for shard in shards]
        try:
            for each in as_completed(running):
                yield each.result()
        except BrokenProcessPool as error:
            raise WorkerDied("A process died; what is finished is kept, call again to go on.") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start(settings: Settings, source: Path, wanted: Wanted) -> None:
    global _worker  # noqa: PLW0603 -- the one place a process of the pool has for what it keeps
    try:
        _worker = ShardWorker(settings, source, wanted)
    except ServiceError as error:  # raised here, it would only break the pool
        _worker = error


def _answer(shard: Shard) -> ShardAnswers:
    if isinstance(_worker, ServiceError):
        raise WorkerDied(_worker.message)
    assert _worker is not None  # noqa: S101 -- `_start` ran before
    return _worker.answer(shard)
