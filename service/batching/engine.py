"""Batches in the engine: how many at once, in which threads, and what becomes of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.batching.call import Entry
from service.batching.decoding import Decoding
from service.batching.queue import Space
from service.batching.throughput import Throughput
from service.errors import GenerationFailed, NotReady

_SHORT_BATCH = 160
"""Padded tokens of short requests that pass the others by together."""

_MOST_THREADS = 256

_ANSWERED_AT_ONCE = 8
"""Checking a segment takes its caller up to a millisecond."""

logger = logging.getLogger("kurzfassung")


class BatchObserver(Protocol):
    """Told about every batch that ran; must be cheap and must not raise."""

    def __call__(self, *, model: str, segments: int, tokens: int, seconds: float, failed: bool) -> None: ...


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Lane:
    """Entries of one lane may share a batch: one loaded model, which is of one revision, equal options. There
    is one object for each, so that comparing two costs nothing."""

    backend: Backend
    options: GenerationOptions


class Lanes:
    """Those that something waits in, runs in or is remembered of."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[int, GenerationOptions], Lane] = WeakValueDictionary()

    def lane(self, backend: Backend, options: GenerationOptions) -> Lane:
        key = (id(backend), options)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Lane(backend, options)
        return found


Batch = list[Entry[Decoding]]


class Engine:
    """Only `Backend.generate` runs outside the event loop. `on_free` is called when a batch is done;
    `on_hung` when one has taken `batch_seconds`, beyond which nobody believes it will come: its callers
    are told so, its thread cannot be stopped."""

    def __init__(
        self,
        *,
        batch_tokens: int | None,
        batch_seconds: float,
        observer: BatchObserver | None,
        on_decoded: Callable[[Lane, str, Hypothesis], object],
        on_free: Callable[[], object],
        on_hung: Callable[[], object],
    ) -> None:
        self.throughput = Throughput()
        self._failures: Counter[str] = Counter()
        self._batch_tokens, self._batch_seconds = batch_tokens, batch_seconds
        self._observer, self._on_decoded = observer, on_decoded
        self._on_free, self._on_hung = on_free, on_hung
        self._threads = ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="inference")
        self._serving: set[asyncio.Task[None]] = set()
        self._running: Counter[int] = Counter()
        self._at_once = 1
        self._passing = 0
        self._hung = 0

    @property
    def hung(self) -> bool:
        """Until the last of the batches that took too long has come back after all."""
        return bool(self._hung)

    @property
    def failures_in_a_row(self) -> int:
        """Of the model that has most of them."""
        return max(self._failures.values(), default=0)

    def knows(self, backend: Backend) -> None:
        """Of the engines in one process the one that wants most threads says how many there are."""
        self._at_once = max(self._at_once, backend.batching.at_once)

    def room(self, lane: Hashable, waiting: int) -> Space | None:
        """As much as suits the backend; of little, a part for each thread that has nothing to do."""
        assert isinstance(lane, Lane)  # noqa: S101 -- the queue hands back what the batcher put in
        suits = lane.backend.batching
        free = min(suits.at_once - self._running[id(lane.backend)], self._at_once - self._running.total())
        if free <= 0:
            return None
        most = min(suits.tokens, self._batch_tokens or suits.tokens)
        return Space.part(most, waiting=waiting, threads=free)

    def room_to_pass(self, lane: Hashable, _: int) -> Space | None:
        """For short requests, beside all others."""
        assert isinstance(lane, Lane)  # noqa: S101 -- the queue hands back what the batcher put in
        return Space(_SHORT_BATCH) if lane.backend.batching.lets_pass and not self._passing else None

    def begin(self, lane: Hashable, batch: Batch, *, passing: bool = False) -> None:
        assert isinstance(lane, Lane)  # noqa: S101 -- the queue hands back what the batcher put in
        batch = list({id(entry.payload): entry for entry in batch}.values())
        for entry in batch:
            entry.payload.begun = True
        backend, late = id(lane.backend), False
        if passing:
            self._passing += 1
        else:
            self._running[backend] += 1

        def took_too_long() -> None:
            nonlocal late
            late = True
            self._hung += 1
            facts = {"model": lane.backend.name, "segments": len(batch), "seconds": self._batch_seconds}
            logger.error("a batch does not come back from the engine", extra={"facts": facts})
            for entry in batch:
                entry.payload.fail(NotReady("The engine does not answer."))
            self._on_hung()

        def ended(task: asyncio.Task[None]) -> None:
            watch.cancel()
            self._serving.discard(task)
            self._hung -= late
            if passing:
                self._passing -= 1
            else:
                self._running[backend] -= 1
            self._on_free()

        watch = asyncio.get_running_loop().call_later(self._batch_seconds, took_too_long)
        task = asyncio.create_task(self._serve(lane, batch))
        self._serving.add(task)
        task.add_done_callback(ended)

    async def close(self) -> None:
        """Waits for the batches that run, unless the engine hangs: then for nobody."""
        while self._serving and not self._hung:
            await asyncio.wait(self._serving, timeout=0.1)
        self._threads.shutdown(wait=not self._hung)

    async def _serve(self, lane: Lane, batch: Batch) -> None:
        """Answer every entry of the batch. When the batch fails as a whole, each entry is tried
        alone: the one that breaks the engine must not cost its neighbours their answer."""
        hypotheses = await self._generate(lane, batch)
        if hypotheses is not None:
            self._failures.pop(lane.backend.name, None)
            for entry, hypothesis in zip(batch, hypotheses, strict=True):
                self._on_decoded(lane, entry.source, hypothesis)
            _answer(batch, hypotheses)
        elif len(batch) == 1:
            self._failures[lane.backend.name] += 1
            batch[0].payload.fail(GenerationFailed("The model failed on a segment of this text."))
        else:
            for entry in batch:
                if not entry.payload.abandoned:
                    await self._serve(lane, [entry])

    async def _generate(self, lane: Lane, batch: Batch) -> list[Hypothesis] | None:
        sources = [entry.source for entry in batch]
        tokens = sum(entry.tokens for entry in batch)
        started = time.perf_counter()
        hypotheses = await asyncio.get_running_loop().run_in_executor(
            self._threads, _generated, lane.backend, sources, lane.options
        )
        seconds = time.perf_counter() - started
        if hypotheses is not None:
            # What repairs and summaries take is a cost of the text that waits.
            asked = sum(entry.tokens for entry in batch if not entry.payload.promised)
            self.throughput.add(asked, seconds, at_once=lane.backend.batching.at_once)
        if self._observer is not None:
            self._observer(
                model=lane.backend.name,
                segments=len(batch),
                tokens=tokens,
                seconds=seconds,
                failed=hypotheses is None,
            )
        return hypotheses


def _generated(
    backend: Backend, sources: Sequence[str], options: GenerationOptions
) -> list[Hypothesis] | None:
    """None where the engine failed, however it did: every caller is answered, and a library that raises
    `SystemExit` does not end the event loop. What an exception says may quote a text: only its class is
    told."""
    try:
        hypotheses = backend.generate(sources, options)
    except BaseException as error:
        cause = type(error).__name__
    else:
        if len(hypotheses) == len(sources):
            return hypotheses
        cause = "as many hypotheses as sources were expected"
    facts = {"model": backend.name, "segments": len(sources), "cause": cause}
    logger.error("the engine failed on a batch", extra={"facts": facts})
    return None


def _answer(batch: Sequence[Entry[Decoding]], hypotheses: Sequence[Hypothesis]) -> None:
    """Some now and the rest in the next turns of the event loop: what the callers do with all answers of a
    large batch, one after the other, would keep everybody else waiting."""
    for entry, hypothesis in zip(batch[:_ANSWERED_AT_ONCE], hypotheses[:_ANSWERED_AT_ONCE], strict=True):
        entry.payload.answer(hypothesis)
    if len(batch) > _ANSWERED_AT_ONCE:
        asyncio.get_running_loop().call_soon(
            _answer, batch[_ANSWERED_AT_ONCE:], hypotheses[_ANSWERED_AT_ONCE:]
        )
