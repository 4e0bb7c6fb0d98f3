"""The same request asked again joins the work that is under way, instead of having it done twice."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from service.batching.ticket import current_ticket, holding
from service.errors import ShuttingDown

Work = Callable[[], Coroutine[Any, Any, bytes]]

GRACE_SECONDS = 5.0
"""A client that gave up comes back at once, one whose connection broke within 1 to 3 s (deepl 1.32)."""

KEEP_SECONDS = 60.0
"""As long as a client goes on asking for an answer that it missed."""

MOST_IDLE = 64
MOST_IDLE_BYTES = 16_000_000


class Timer(Protocol):
    def cancel(self) -> object: ...


Later = Callable[[float, Callable[[], None]], Timer]


def _later(seconds: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, call)


class Run:
    """One piece of work, for everybody who asked for it. `told` is set by who gave its failure to a caller
    with its status: whoever asks then may try anew."""

    def __init__(self, task: asyncio.Task[bytes]) -> None:
        self.task = task
        self.waiters = 0
        self.slow = False
        self.ended = False
        self.untaken = False
        self.told = False
        self.timer: Timer | None = None

    @property
    def finished(self) -> bool:
        return self.task.done()

    @property
    def worth_keeping(self) -> bool:
        return (self.slow or self.untaken) and not self.told

    @property
    def joinable(self) -> bool:
        """Not where it is over and only on its way to those who took it: whether somebody finds it then
        would depend on how fast they ask again."""
        return not self.ended or self.worth_keeping

    def grew_slow(self) -> None:
        self.slow = True

    def start_timer(self, timer: Timer) -> None:
        self.stop_timer()
        self.timer = timer

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    async def wait(self) -> None:
        """Until it is finished; to cancel this wait does not touch the work."""
        await asyncio.wait({self.task})

    def outcome(self) -> bytes:
        """Raises what the work raised, and `ShuttingDown` where it was stopped."""
        if self.task.cancelled():
            raise ShuttingDown("The service is shutting down.", retry_after=5)
        return self.task.result()

    @property
    def size(self) -> int:
        done = self.finished and not self.task.cancelled() and self.task.exception() is None
        return len(self.task.result()) if done else 0


class Coalescing:
    """Runs by the key of their request. A run that all have left goes on for `GRACE_SECONDS`. Its
    outcome is kept until `KEEP_SECONDS` after its end, however often it is asked for, if it took
    `slow_seconds` or if nobody was there to take it; a failure only until somebody was told it. Any other
    is forgotten, because doing it again is cheap. Of what nobody waits for there are never more than
    `most_idle` runs and `most_idle_bytes`: the oldest goes first.

    `on_joined` is called when a request finds its work done or under way.
    """

    def __init__(
        self,
        *,
        slow_seconds: float,
        most_idle: int = MOST_IDLE,
        most_idle_bytes: int = MOST_IDLE_BYTES,
        on_joined: Callable[[], None] = lambda: None,
        later: Later = _later,
    ) -> None:
        self._slow_seconds = slow_seconds
        self._most_idle = most_idle
        self._most_idle_bytes = most_idle_bytes
        self._on_joined = on_joined
        self._later = later
        self._runs: dict[Hashable, Run] = {}
        self._idle: dict[Hashable, Run] = {}
        self._stopping: dict[Hashable, set[asyncio.Task[bytes]]] = {}

    def __contains__(self, key: Hashable) -> bool:
        """Whether who asks would join a run."""
        return self._joinable(key) is not None

    @asynccontextmanager
    async def joined(self, key: Hashable, work: Work) -> AsyncIterator[Run]:
        """The run of this key, begun if there is none; one waits for it as long as one stays inside."""
        run = self._joinable(key)
        if run is not None:
            self._on_joined()
        else:
            if key in self._runs:  # over, and only on its way: its timer must not end the next one
                self._drop(key, self._runs[key])
            run = self._begin(key, work)
        self._wake(key, run)
        run.waiters += 1
        try:
            yield run
        finally:
            run.waiters -= 1
            self._settle(key, run)

    async def close(self) -> None:
        """Stops everything; whoever still waits is told `ShuttingDown`."""
        tasks = [run.task for run in self._runs.values()]
        tasks += [task for stopping in self._stopping.values() for task in stopping]
        for key, run in list(self._runs.items()):
            self._drop(key, run)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _joinable(self, key: Hashable) -> Run | None:
        run = self._runs.get(key)
        return run if run is not None and run.joinable else None

    def _begin(self, key: Hashable, work: Work) -> Run:
        before = frozenset(self._stopping.get(key, ()))
        with holding(current_ticket().without_deadline()):  # it is not only its first caller's
            run = self._runs[key] = Run(asyncio.create_task(_after(before, work)))
        slow = self._later(self._slow_seconds, run.grew_slow)

        def ended(task: asyncio.Task[bytes]) -> None:
            slow.cancel()
            if not task.cancelled() and (error := task.exception()):
                traceback.clear_frames(error.__traceback__)  # they hold the request's text
            run.ended, run.untaken = True, not run.waiters
            if self._runs.get(key) is run and run.worth_keeping:
                run.start_timer(self._later(KEEP_SECONDS, partial(self._drop, key, run)))
            self._settle(key, run)

        run.task.add_done_callback(ended)
        return run

    def _wake(self, key: Hashable, run: Run) -> None:
        self._idle.pop(key, None)
        if not run.finished:
            run.stop_timer()

    def _settle(self, key: Hashable, run: Run) -> None:
        """What becomes of a run that was left, or that ended."""
        if self._runs.get(key) is not run or (run.waiters and not run.told):
            return
        self._wake(key, run)
        if run.finished and not run.worth_keeping:
            self._drop(key, run)
            return
        if not run.finished:
            run.start_timer(self._later(GRACE_SECONDS, partial(self._drop, key, run)))
        self._idle[key] = run
        while (
            len(self._idle) > self._most_idle
            or sum(each.size for each in self._idle.values()) > self._most_idle_bytes
        ):
            self._drop(*next(iter(self._idle.items())))

    def _drop(self, key: Hashable, run: Run) -> None:
        self._idle.pop(key, None)
        run.stop_timer()
        del self._runs[key]
        if run.finished:
            return
        run.task.cancel()
        stopping = self._stopping.setdefault(key, set())
        stopping.add(run.task)

        def stopped(task: asyncio.Task[bytes]) -> None:
            stopping.discard(task)
            if not stopping and self._stopping.get(key) is stopping:
                del self._stopping[key]

        run.task.add_done_callback(stopped)


async def _after(before: frozenset[asyncio.Task[bytes]], work: Work) -> bytes:
    """The work, once those that were told to stop have stopped: never two of one key at once."""
    if before:
        await asyncio.wait(before)
    return await work()
