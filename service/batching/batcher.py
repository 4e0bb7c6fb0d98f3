"""The loop that feeds the engines: the segments of all callers together."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.batching.cache import SegmentCache
from service.batching.call import Call, Entry
from service.batching.decoding import Decoding
from service.batching.engine import BatchObserver, Engine, Lane, Lanes
from service.batching.queue import SegmentQueue
from service.batching.ticket import Ticket, current_ticket
from service.errors import DeadlineExceeded, NotReady, Overloaded, ShuttingDown

SHORT_TOKENS = 80
"""All that a short request wants: a few lines. It need not wait until a batch of an article is done."""

_LATE = 1.5
"""How much longer than estimated it may take: who is let in and then too late has cost the others."""

_ROOM_AGAIN = 0.25
"""The part of the queue that will be free when those who were refused come back."""

_MORE_THAN_PROMISED = 2
"""Times the tokens promised, from which a request is asked again whether there is room: nobody knows the
length of a body that comes in chunks."""

SegmentWay = Literal["decoded", "joined", "cached"]
"""How a segment that was asked for came to its hypothesis."""


class Batcher:
    """Sources in, hypotheses out. Who is let in, what is known already and whose turn it is is decided
    here, on the event loop."""

    def __init__(
        self,
        *,
        capacity_tokens: int,
        batch_tokens: int | None = None,
        batch_seconds: float = 600.0,
        cache_bytes: int = 0,
        observer: BatchObserver | None = None,
        segment_observer: Callable[[SegmentWay], object] = lambda _: None,
    ) -> None:
        """`batch_tokens` is the most padded tokens of a batch where that is less than suits the backend;
        an engine that takes `batch_seconds` for one hangs."""
        self._lanes = Lanes()
        self._cache = SegmentCache(cache_bytes)
        self._segment_observer = segment_observer
        self._queue: SegmentQueue[Decoding] = SegmentQueue(
            capacity_tokens=capacity_tokens, abandoned=lambda decoding: decoding.needs_no_place
        )
        self._wake = asyncio.Event()
        self._engine = Engine(
            batch_tokens=batch_tokens,
            batch_seconds=batch_seconds,
            observer=observer,
            on_decoded=self._cache.keep,
            on_free=self._wake.set,
            on_hung=partial(self._refuse_all, _hung),
        )
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._in_flight: dict[tuple[Lane, str], Decoding] = {}
        self._promised: dict[Ticket, int] = {}

    def start(self) -> None:
        """Begin to serve; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def stop(self) -> None:
        """Refuse new work, answer what still waits with `ShuttingDown`, finish the batches in the
        engine. Once more does no harm."""
        self._closing = True
        self._wake.set()
        self._refuse_all(_shutting_down)
        if self._task is not None:
            await self._task

    @property
    def waiting_tokens(self) -> int:
        self._queue.prune()
        return self._queue.waiting_tokens

    @property
    def cache_bytes(self) -> int:
        return self._cache.bytes

    @property
    def alive(self) -> bool:
        """Whether the loop still runs; readiness rests on it."""
        return self._task is not None and not self._task.done()

    @property
    def hung(self) -> bool:
        """Whether a batch does not come back. Meanwhile everything is refused."""
        return self._engine.hung

    @property
    def failures_in_a_row(self) -> int:
        """Segments that one of the models failed on, one after the other and each alone."""
        return self._engine.failures_in_a_row

    def forget(self) -> None:
        """What was decoded before says nothing about the engine now."""
        self._cache.clear()

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
        promised = self._promised.pop(ticket.of or ticket, None)
        if not admitted and (promised is None or sum(counts) > _MORE_THAN_PROMISED * promised):
            self._require(ticket, sum(counts), short=short)
        ticket.tokens += sum(counts)
        self._engine.knows(backend)
        lane = self._lanes.lane(backend, options)
        wanted = [self._decoding(lane, source, admitted=admitted) for source in sources]
        entries = {
            id(decoding): Entry(source, count, decoding)
            for source, count, decoding in zip(sources, counts, wanted, strict=True)
            if not decoding.begun
        }
        futures = [decoding.join() for decoding in wanted]
        places = deque(entries.values())
        call = Call(lane, places, 1 if ramp else None, ticket.caller, short=short, due=ticket.due)
        self._queue.add(call, admitted=True)
        ticket.due = call.due
        self._end_in_time(ticket, futures)
        if watcher := ticket.watcher:
            for future in futures:
                future.add_done_callback(lambda _: watcher())
        self._wake.set()
        return futures

    def promise_room(self, tokens: int) -> None:
        """Lets in, or refuses as `submit` does, what whoever calls is about to submit, `tokens` of it as
        far as one can tell. Ask before work is put into a request.
        The promise ends with the ticket."""
        self._require_running()
        ticket = current_ticket()
        self._require(ticket, tokens, short=tokens <= SHORT_TOKENS)
        self._promised[ticket] = tokens

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
            raise _shutting_down()
        if self._engine.hung:
            raise _hung()
        if not self.alive:
            raise NotReady("The inference loop is not running.")

    def _require(self, ticket: Ticket, tokens: int, *, short: bool) -> None:
        """Room in the queue, and time to get to the front of it. Raises `Overloaded`."""
        try:
            self._queue.require_room(ticket.caller, tokens, promised=self._promised_tokens())
        except Overloaded as error:
            seconds = self._engine.throughput.seconds_for(self._queue.waiting_tokens)
            raise Overloaded(error.message, retry_after=_spread(seconds * _ROOM_AGAIN)) from None
        if (left := ticket.seconds_left) is None:
            return
        seconds = self._seconds_until(ticket.caller, tokens, short=short)
        if seconds > left and self._queue.prune():
            seconds = self._seconds_until(ticket.caller, tokens, short=short)
        if seconds > left:
            raise Overloaded(
                "What waits would take longer than this request may; try again later or with more time.",
                retry_after=_spread(max(seconds - left, seconds * _ROOM_AGAIN)),
            )

    def _promised_tokens(self) -> int:
        """To requests that may still hand something in: one that was refused later never does."""
        for ticket in [ticket for ticket in self._promised if ticket.over]:
            del self._promised[ticket]
        return sum(self._promised.values())

    def _seconds_until(self, caller: str, tokens: int, *, short: bool) -> float:
        """How long it may take until so many tokens of the caller's are decoded; 0 if nothing waits."""
        waiting = self._queue.tokens_before(caller, tokens, short=short)
        if not short:
            waiting += self._promised_tokens()
        return _LATE * self._engine.throughput.seconds_for(waiting + tokens) if waiting else 0.0

    def _decoding(self, lane: Lane, source: str, *, admitted: bool) -> Decoding:
        """The one under way, a new one, or one that is answered already."""
        key = (lane, source)
        if key in self._in_flight:
            self._segment_observer("joined")
            return self._in_flight[key]
        decoding = Decoding(on_end=partial(self._ended, key), promised=admitted)
        if (kept := self._cache.get(lane, source)) is not None:
            self._segment_observer("cached")
            decoding.answer(kept)
            return decoding
        self._segment_observer("decoded")
        self._in_flight[key] = decoding
        return decoding

    def _ended(self, key: tuple[Lane, str]) -> None:
        decoding = self._in_flight.pop(key, None)
        if decoding is not None and decoding.leaves_places:
            self._queue.somebody_left()

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
            self._queue.somebody_left()

        timer = asyncio.get_running_loop().call_later(left, expire)
        asyncio.gather(*futures, return_exceptions=True).add_done_callback(lambda _: timer.cancel())

    def _refuse_all(self, error: Callable[[], Exception]) -> None:
        for entry in self._queue.drain():
            if not entry.payload.begun:
                entry.payload.fail(error())

    async def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            while picked := self._queue.next_batch(self._engine.room):
                self._engine.begin(*picked)
            if picked := self._queue.next_batch(self._engine.room_to_pass, short_only=True):
                self._engine.begin(*picked, passing=True)
            await self._wake.wait()
        await self._engine.close()


def _spread(seconds: float) -> int:
    """Whole seconds, at least 1 and not the same for everybody, lest all come back at once."""
    return max(1, math.ceil(seconds * random.uniform(0.75, 1.25)))  # noqa: S311 -- nothing to guess


def _shutting_down() -> ShuttingDown:
    return ShuttingDown("The service is shutting down.")


def _hung() -> NotReady:
    return NotReady("The engine does not answer.", retry_after=30)
