"""Does the jobs: a few at a time, each held by a lease that is renewed while the work goes on."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from service.errors import (
    InvalidInput,
    LimitReached,
    OperatorError,
    ServiceError,
    StoreKeyInvalid,
    StoreUnavailable,
    Unavailable,
)
from service.jobs.beside import beside
from service.jobs.job import Claim, Job, Outcome
from service.jobs.queue import JobQueue

logger = logging.getLogger("kurzfassung")

_POLL_SECONDS = 1.0
"""How soon a job is found that another process took in."""

_BEAT_SECONDS = 1.0
"""How soon progress is seen, and a cancellation by another process heard."""

_UNREADABLE_SECONDS = 30.0
"""Before a job is looked at again that was encrypted with a key that is not here."""

Progress = Callable[[int], None]
Recorded = TypeVar("Recorded")


class Perform(Protocol):
    """Answers the unsealed request of a job. `progress` is told
    how many segments are decoded, those that are decoded again included. What a caller may be told is raised
    as a `ServiceError`."""

    def __call__(self, claim: Claim, request: bytes, progress: Progress) -> Awaitable[Outcome]: ...


Refund = Callable[[Job, int], None]
"""Gives a job's owner characters back that were charged for nothing."""


class JobRunner:
    """`observe` is told the status of every job that ended here, `refund` of those that failed on our
    side."""

    def __init__(
        self,
        queue: JobQueue,
        perform: Perform,
        *,
        at_once: int,
        lease_seconds: float,
        observe: Callable[[str], None] = lambda _: None,
        refund: Refund = lambda _job, _characters: None,
    ) -> None:
        self._queue, self._perform = queue, perform
        self._observe, self._refund = observe, refund
        self._at_once, self._lease_seconds = at_once, lease_seconds
        self._worker = secrets.token_hex(8)
        self._woken = asyncio.Event()
        self._working: dict[str, asyncio.Task[Outcome]] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        """Begin to work; needs a running event loop."""
        self._loops = [asyncio.create_task(self._run()) for _ in range(self._at_once)]

    async def stop(self) -> None:
        """Take no more, and give back what is being worked on: it is done after the next start, or by
        somebody else at once."""
        self._stopping = True
        self._woken.set()
        for task in self._working.values():
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    def wake(self) -> None:
        """There is a new job."""
        self._woken.set()

    def cancel(self, identity: str) -> None:
        """Stop the work on a job that was cancelled in the store."""
        if identity in self._working:
            self._working[identity].cancel()

    async def _run(self) -> None:
        while not self._stopping:
            try:
                for given_up in await beside(self._queue.abandon):
                    self._observe("failed")
                    self._refund(given_up, given_up.characters)
                claim = await beside(self._queue.claim, self._worker)
                if claim is not None:
                    self._woken.set()  # where one was, the others may find more
                    await self._work(claim)
                    continue
            except ServiceError:
                pass  # the store has logged it; what is claimed comes back when the lease ends
            except Exception:
                logger.exception("a job's worker")
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), _POLL_SECONDS)
            except TimeoutError:
                continue

    async def _work(self, claim: Claim) -> None:
        done = 0

        def progress(segments: int) -> None:
            nonlocal done
            done = segments

        task = asyncio.ensure_future(self._answer(claim, progress))
        self._working[claim.id] = task
        try:
            if self._stopping:
                task.cancel()
            while not task.done():
                await asyncio.wait({task}, timeout=min(_BEAT_SECONDS, self._lease_seconds / 3))
                if not task.done() and not await self._renewed(claim, done):
                    task.cancel()
                    await asyncio.wait({task})
                    return
        finally:
            if self._working.get(claim.id) is task:  # not if its lease ended and it was claimed once more
                del self._working[claim.id]
            task.cancel()
        await self._end(claim, task)

    async def _answer(self, claim: Claim, progress: Progress) -> Outcome:
        return await self._perform(claim, await beside(self._queue.request, claim), progress)

    async def _renewed(self, claim: Claim, done: int) -> bool:
        try:
            return await beside(self._queue.renew, claim, done)
        except StoreUnavailable:
            return True  # the work goes on; whether it still counts is seen at its end

    async def _end(self, claim: Claim, task: asyncio.Task[Outcome]) -> None:
        if task.cancelled():
            await self._recorded(lambda: self._queue.release(claim, 0))
            return
        error = task.exception()
        if error is None:
            made = task.result()
            if await self._recorded(lambda: self._queue.finish(claim, made)):
                self._observe("done")
        elif isinstance(error, (Unavailable, LimitReached)):
            wait = error.retry_after
            logger.info("a job was put back", extra={"facts": {"code": error.code, "wait_seconds": wait}})
            await self._recorded(lambda: self._queue.release(claim, wait))
        elif isinstance(error, StoreKeyInvalid):  # keys change on one machine after the other
            await self._recorded(lambda: self._queue.release(claim, _UNREADABLE_SECONDS))
        else:
            code, detail = _told(error)
            if code == "internal":
                logger.error("a job failed", exc_info=error)
            failed = await self._recorded(lambda: self._queue.fail(claim, code, detail))
            if failed is None:
                return
            self._observe("failed")
            if not isinstance(error, InvalidInput):
                self._refund(failed, failed.characters)

    async def _recorded(self, record: Callable[[], Recorded]) -> Recorded:
        """Tried again and again: a disk that is full for a while loses no result."""
        while True:
            try:
                return await beside(record)
            except StoreUnavailable:
                if self._stopping:
                    raise
                await asyncio.sleep(_POLL_SECONDS)


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, OperatorError) or not isinstance(error, ServiceError):
        return "internal", "Something broke on our side; the log has it."
    return error.code, error.message
