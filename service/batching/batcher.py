"""The loop that feeds the engines: one inference thread, the segments of all callers together."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.batching.queue import Call, Entry, SegmentQueue
from service.batching.ticket import current_ticket
from service.errors import DeadlineExceeded, GenerationFailed, NotReady, Overloaded, ShuttingDown

_Waiting = asyncio.Future[Hypothesis]

_RATE_MEMORY = 0.8
"""Weight of the past in the moving token rate; only the Retry-After estimate rests on it."""


_ANSWERED_AT_ONCE = 8
"""Checking a segment takes its caller up to a millisecond."""


class BatchObserver(Protocol):
    """Told about every batch that ran; must be cheap and must not raise."""

    def __call__(self, *, model: str, segments: int, tokens: int, seconds: float, failed: bool) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Lane:
    """Entries of one lane may share a batch."""

    backend: Backend
    options: GenerationOptions

    def __hash__(self) -> int:
        return hash((id(self.backend), self.options))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Lane) and self.backend is other.backend and self.options == other.options


class Batcher:
    """Sources in, hypotheses out. All queue decisions happen on the event loop; only
    `Backend.generate` runs elsewhere, on one thread, so that no engine is entered twice."""

    def __init__(
        self, *, capacity_tokens: int, batch_tokens: int, observer: BatchObserver | None = None
    ) -> None:
        self._queue: SegmentQueue[_Waiting] = SegmentQueue(
            capacity_tokens=capacity_tokens, batch_tokens=batch_tokens, abandoned=_has_left
        )
        self._observer = observer
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._tokens_per_second = 0.0

    def start(self) -> None:
        """Begin to serve; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def stop(self) -> None:
        """Refuse new work, answer what still waits with `ShuttingDown`, finish the batch in the
        engine. Once more does no harm."""
        self._closing = True
        self._wake.set()
        for entry in self._queue.drain():
            if not entry.payload.done():
                entry.payload.set_exception(ShuttingDown("The service is shutting down."))
        if self._task is not None:
            await self._task
        self._thread.shutdown(wait=True)

    @property
    def waiting_tokens(self) -> int:
        return self._queue.waiting_tokens

    @property
    def alive(self) -> bool:
        """Whether the loop still runs; readiness rests on it."""
        return self._task is not None and not self._task.done()

    def submit(
        self,
        backend: Backend,
        sources: Sequence[str],
        options: GenerationOptions,
        *,
        tokens: Sequence[int] | None = None,
        ramp: bool = False,
        admitted: bool = False,
    ) -> list[asyncio.Future[Hypothesis]]:
        """One future per source, in order. Cancel a future to leave the queue. `tokens` are the
        sources' lengths, where the caller has counted them already.

        `ramp` sends the first source alone, then 2, 4, 8, ... together, for callers that stream.
        `admitted` work belongs to a request that was let in before and is not refused half-way.
        Raises `Overloaded` or `ShuttingDown` at once; a future ends with `GenerationFailed` when
        the engine failed on that very source, and with `DeadlineExceeded` when the time on the ticket of
        whoever calls is over, whether or not the engine has begun.
        """
        self._require_running()
        if not admitted:
            self.require_time()
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in sources]
        counts = [backend.count_tokens(source) for source in sources] if tokens is None else tokens
        entries = deque(
            Entry(source, count, future)
            for source, count, future in zip(sources, counts, futures, strict=True)
        )
        try:
            self._queue.add(
                Call(_Lane(backend, options), entries, burst=1 if ramp else None), admitted=admitted
            )
        except Overloaded as error:
            raise Overloaded(error.message, retry_after=math.ceil(self._seconds_of_work())) from None
        left = current_ticket().seconds_left
        if futures and left is not None:
            ends = loop.call_later(left, self._expire, futures)
            asyncio.gather(*futures, return_exceptions=True).add_done_callback(lambda _: ends.cancel())
        self._wake.set()
        return futures

    def require_time(self) -> None:
        """Raises `Overloaded` where what waits before whoever calls takes longer than its ticket allows."""
        left = current_ticket().seconds_left
        if left is None or self._seconds_of_work() <= left:
            return
        self._queue.prune()
        if (seconds := self._seconds_of_work()) > left:
            raise Overloaded(
                "What waits would take longer than this request may; try again later or with more time.",
                retry_after=math.ceil(seconds - left),
            )

    async def generate(
        self,
        backend: Backend,
        sources: Sequence[str],
        options: GenerationOptions,
        *,
        admitted: bool = False,
    ) -> list[Hypothesis]:
        """Hypotheses in the order of the sources; raises what `submit` and its futures raise."""
        futures = self.submit(backend, sources, options, admitted=admitted)
        try:
            return list(await asyncio.gather(*futures))
        finally:
            for future in futures:
                future.cancel()

    def _require_running(self) -> None:
        if self._closing:
            raise ShuttingDown("The service is shutting down.")
        if not self.alive:
            raise NotReady("The inference loop is not running.")

    def _expire(self, futures: Sequence[_Waiting]) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(DeadlineExceeded("Not decoded within the time this request may take."))
                future.exception()  # taken note of: who waits looks at the first of them only
        self._queue.prune()

    async def _run(self) -> None:
        while not self._closing:
            picked = self._queue.next_batch()
            if picked is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            lane, batch = picked
            await self._serve(lane, batch)

    async def _serve(self, lane: Hashable, batch: list[Entry[_Waiting]]) -> None:
        """Answer every entry of the batch. When the batch fails as a whole, each entry is tried
        alone: the one that breaks the engine must not cost its neighbours their answer."""
        hypotheses = await self._generate(lane, batch)
        if hypotheses is not None:
            _answer(batch, hypotheses)
        elif len(batch) == 1:
            _fail(batch[0])
        else:
            for entry in batch:
                if not _has_left(entry.payload):
                    await self._serve(lane, [entry])

    async def _generate(self, lane: Hashable, batch: list[Entry[_Waiting]]) -> list[Hypothesis] | None:
        assert isinstance(lane, _Lane)  # noqa: S101 -- the queue hands back what `submit` put in
        sources = [entry.source for entry in batch]
        tokens = sum(entry.tokens for entry in batch)
        started = time.perf_counter()
        hypotheses: list[Hypothesis] | None
        try:
            hypotheses = await asyncio.get_running_loop().run_in_executor(
                self._thread, lane.backend.generate, sources, lane.options
            )
        except Exception:  # whatever an engine raises, every caller is answered
            hypotheses = None
        if hypotheses is not None and len(hypotheses) != len(batch):
            hypotheses = None
        seconds = time.perf_counter() - started
        if hypotheses is not None and seconds > 0:
            rate = tokens / seconds
            past = self._tokens_per_second or rate
            self._tokens_per_second = _RATE_MEMORY * past + (1 - _RATE_MEMORY) * rate
        if self._observer is not None:
            self._observer(
                model=lane.backend.name,
                segments=len(batch),
                tokens=tokens,
                seconds=seconds,
                failed=hypotheses is None,
            )
        return hypotheses

    def _seconds_of_work(self) -> float:
        """0 as long as no batch has shown how fast the engine is."""
        if not self._tokens_per_second:
            return 0.0
        return self._queue.waiting_tokens / self._tokens_per_second


def _has_left(waiting: _Waiting) -> bool:
    return waiting.done()


def _answer(batch: Sequence[Entry[_Waiting]], hypotheses: Sequence[Hypothesis]) -> None:
    """Some now and the rest in the next turns of the event loop: what the callers do with all answers of a
    large batch, one after the other, would keep everybody else waiting."""
    for entry, hypothesis in zip(batch[:_ANSWERED_AT_ONCE], hypotheses[:_ANSWERED_AT_ONCE], strict=True):
        if not _has_left(entry.payload):
            entry.payload.set_result(hypothesis)
    if len(batch) > _ANSWERED_AT_ONCE:
        asyncio.get_running_loop().call_soon(
            _answer, batch[_ANSWERED_AT_ONCE:], hypotheses[_ANSWERED_AT_ONCE:]
        )


def _fail(entry: Entry[_Waiting]) -> None:
    if not _has_left(entry.payload):
        entry.payload.set_exception(GenerationFailed("The model failed on a segment of this text."))
