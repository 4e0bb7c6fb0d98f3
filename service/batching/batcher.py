"""The loop that feeds the engines: the segments of all callers together, as many batches at once as suit."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.batching.call import Call, Entry
from service.batching.decoding import Decoding
from service.batching.queue import SegmentQueue
from service.batching.throughput import Throughput
from service.batching.ticket import Ticket, current_ticket
from service.errors import DeadlineExceeded, GenerationFailed, NotReady, Overloaded, ShuttingDown

SHORT_TOKENS = 80
"""All that a short request wants: a few lines. It need not wait until a batch of an article is done."""

_SHORT_BATCH = 160

_MOST_THREADS = 256

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


Batch = list[Entry[Decoding]]


class Batcher:
    """Sources in, hypotheses out. All queue decisions happen on the event loop; only
    `Backend.generate` runs elsewhere, in as many threads at once as the backend says suit it, and in one
    more that takes short requests only, where it says that these may pass the others by."""

    def __init__(
        self, *, capacity_tokens: int, batch_tokens: int | None = None, observer: BatchObserver | None = None
    ) -> None:
        """`batch_tokens` is the most padded tokens of a batch where that is less than suits the backend."""
        self._queue: SegmentQueue[Decoding] = SegmentQueue(
            capacity_tokens=capacity_tokens, abandoned=lambda decoding: decoding.needs_no_place
        )
        self._batch_tokens = batch_tokens
        self._observer = observer
        self._wake = asyncio.Event()
        self._threads = ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="inference")
        self._task: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._running: Counter[int] = Counter()
        self._passing = False
        self._at_once = 1
        self._closing = False
        self._throughput = Throughput()
        self._in_flight: dict[tuple[_Lane, str], Decoding] = {}

    def start(self) -> None:
        """Begin to serve; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def stop(self) -> None:
        """Refuse new work, answer what still waits with `ShuttingDown`, finish the batches in the
        engine. Once more does no harm."""
        self._closing = True
        self._wake.set()
        for entry in self._queue.drain():
            if not entry.payload.begun:
                entry.payload.fail(ShuttingDown("The service is shutting down."))
        if self._task is not None:
            await self._task
        self._threads.shutdown(wait=True)

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
        sources' lengths, where the caller has counted them already. A source that is under way already,
        with the same model and options, is not decoded twice.

        `ramp` sends the first source alone, then 2, 4, 8, ... together, for callers that stream.
        `admitted` work belongs to a request that was let in before and is not refused half-way.
        Raises `Overloaded` or `ShuttingDown` at once; a future ends with `GenerationFailed` when
        the engine failed on that very source, and with `DeadlineExceeded` when the time on the ticket of
        whoever calls is over, whether or not the engine has begun.
        """
        self._require_running()
        ticket = current_ticket()
        counts = [backend.count_tokens(source) for source in sources] if tokens is None else tokens
        short = ticket.tokens + sum(counts) <= SHORT_TOKENS
        if not admitted:
            self._require(ticket, sum(counts), short=short)
        ticket.tokens += sum(counts)
        self._at_once = max(self._at_once, backend.batching.at_once)
        lane = _Lane(backend, options)
        wanted = [self._decoding(lane, source) for source in sources]
        entries = {
            id(decoding): Entry(source, count, decoding)
            for source, count, decoding in zip(sources, counts, wanted, strict=True)
            if not decoding.begun
        }
        futures = [decoding.join() for decoding in wanted]
        places = deque(entries.values())
        call = Call(lane, places, burst=1 if ramp else None, caller=ticket.caller, short=short)
        self._queue.add(call, admitted=True)
        self._end_in_time(ticket, futures)
        self._wake.set()
        return futures

    def require_room(self) -> None:
        """Raises what `submit` would raise of anything that whoever calls may want; costs nothing, so ask
        before work is put into a request."""
        self._require_running()
        self._require(current_ticket(), 1, short=True)

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

    def _require(self, ticket: Ticket, tokens: int, *, short: bool) -> None:
        """Room in the queue, and time to get to the front of it. Raises `Overloaded`."""
        try:
            self._queue.require_room(ticket.caller, tokens)
        except Overloaded as error:
            seconds = self._throughput.seconds_for(self._queue.waiting_tokens)
            raise Overloaded(error.message, retry_after=math.ceil(seconds)) from None
        if (left := ticket.seconds_left) is None:
            return
        waiting = self._queue.tokens_before(ticket.caller, tokens, short=short)
        if (seconds := self._throughput.seconds_for(waiting)) > left:
            raise Overloaded(
                "What waits would take longer than this request may; try again later or with more time.",
                retry_after=math.ceil(seconds - left),
            )

    def _decoding(self, lane: _Lane, source: str) -> Decoding:
        key = (lane, source)
        if key not in self._in_flight:
            self._in_flight[key] = Decoding(on_end=partial(self._in_flight.pop, key, None))
        return self._in_flight[key]

    def _end_in_time(self, ticket: Ticket, futures: Sequence[asyncio.Future[Hypothesis]]) -> None:
        left = ticket.seconds_left
        if not futures or left is None:
            return

        def expire() -> None:
            for future in futures:
                if not future.done():
                    future.set_exception(
                        DeadlineExceeded("Not decoded within the time this request may take.")
                    )
                    future.exception()  # taken note of: who waits looks at the first of them only
            self._queue.prune()

        timer = asyncio.get_running_loop().call_later(left, expire)
        asyncio.gather(*futures, return_exceptions=True).add_done_callback(lambda _: timer.cancel())

    async def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            while picked := self._queue.next_batch(self._room):
                self._begin(*picked, passing=False)
            if not self._passing and (picked := self._queue.next_batch(_room_beside, short_only=True)):
                self._begin(*picked, passing=True)
            await self._wake.wait()
        await asyncio.gather(*self._serving)

    def _room(self, lane: Hashable, waiting: int) -> int:
        """As much as suits the backend; of little, a part for each thread that has nothing to do."""
        assert isinstance(lane, _Lane)  # noqa: S101 -- the queue hands back what `submit` put in
        suits = lane.backend.batching
        free = min(suits.at_once - self._running[id(lane.backend)], self._at_once - self._running.total())
        if free <= 0:
            return 0
        most = min(suits.tokens, self._batch_tokens or suits.tokens)
        return min(most, math.ceil(waiting / free))

    def _begin(self, lane: Hashable, batch: Batch, *, passing: bool) -> None:
        assert isinstance(lane, _Lane)  # noqa: S101 -- the queue hands back what `submit` put in
        batch = list({id(entry.payload): entry for entry in batch}.values())
        for entry in batch:
            entry.payload.begun = True
        backend = id(lane.backend)
        if passing:
            self._passing = True
        else:
            self._running[backend] += 1
        task = asyncio.create_task(self._serve(lane, batch))
        self._serving.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._serving.discard(task)
            if passing:
                self._passing = False
            else:
                self._running[backend] -= 1
            self._wake.set()

        task.add_done_callback(ended)

    async def _serve(self, lane: _Lane, batch: Batch) -> None:
        """Answer every entry of the batch. When the batch fails as a whole, each entry is tried
        alone: the one that breaks the engine must not cost its neighbours their answer."""
        hypotheses = await self._generate(lane, batch)
        if hypotheses is not None:
            _answer(batch, hypotheses)
        elif len(batch) == 1:
            batch[0].payload.fail(GenerationFailed("The model failed on a segment of this text."))
        else:
            for entry in batch:
                if not entry.payload.abandoned:
                    await self._serve(lane, [entry])

    async def _generate(self, lane: _Lane, batch: Batch) -> list[Hypothesis] | None:
        sources = [entry.source for entry in batch]
        tokens = sum(entry.tokens for entry in batch)
        started = time.perf_counter()
        hypotheses: list[Hypothesis] | None
        try:
            hypotheses = await asyncio.get_running_loop().run_in_executor(
                self._threads, lane.backend.generate, sources, lane.options
            )
        except Exception:  # whatever an engine raises, every caller is answered
            hypotheses = None
        if hypotheses is not None and len(hypotheses) != len(batch):
            hypotheses = None
        seconds = time.perf_counter() - started
        if hypotheses is not None:
            self._throughput.add(tokens, seconds, at_once=lane.backend.batching.at_once)
        if self._observer is not None:
            self._observer(
                model=lane.backend.name,
                segments=len(batch),
                tokens=tokens,
                seconds=seconds,
                failed=hypotheses is None,
            )
        return hypotheses


def _room_beside(lane: Hashable, _: int) -> int:
    assert isinstance(lane, _Lane)  # noqa: S101 -- the queue hands back what `submit` put in
    return _SHORT_BATCH if lane.backend.batching.lets_pass else 0


def _answer(batch: Sequence[Entry[Decoding]], hypotheses: Sequence[Hypothesis]) -> None:
    """Some now and the rest in the next turns of the event loop: what the callers do with all answers of a
    large batch, one after the other, would keep everybody else waiting."""
    for entry, hypothesis in zip(batch[:_ANSWERED_AT_ONCE], hypotheses[:_ANSWERED_AT_ONCE], strict=True):
        entry.payload.answer(hypothesis)
    if len(batch) > _ANSWERED_AT_ONCE:
        asyncio.get_running_loop().call_soon(
            _answer, batch[_ANSWERED_AT_ONCE:], hypotheses[_ANSWERED_AT_ONCE:]
        )
