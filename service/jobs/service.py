"""Everything about jobs in one process: taken in, done, told of, forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext

from service.errors import ServiceError
from service.jobs.beside import beside
from service.jobs.outbox import Outbox
from service.jobs.queue import JobQueue
from service.jobs.runner import JobRunner, Perform, Refund
from service.jobs.store import JobStore
from service.jobs.webhook import Courier, Signer
from service.jobs.webhook_hosts import WebhookHosts

logger = logging.getLogger("kurzfassung")

_FORGET_SECONDS = 60


def _unobserved(_: str) -> None:
    return None


class JobService:
    """`at_once` jobs are worked on here. Only between `start` and `stop` is any work done; taking jobs in and
    asking for them needs neither."""

    def __init__(
        self,
        store: JobStore,
        hosts: WebhookHosts,
        signer: Signer,
        *,
        trust: SSLContext,
        at_once: int,
        lease_seconds: float,
        retry_seconds: float,
        ended: Callable[[str], None] = _unobserved,
        posted: Callable[[str], None] = _unobserved,
        refund: Refund = lambda _job, _characters: None,
    ) -> None:
        self.store, self.hosts, self._signer = store, hosts, signer
        self.queue = JobQueue(store, lease_seconds=lease_seconds)
        self._trust = trust
        self._at_once, self._lease_seconds, self._retry_seconds = at_once, lease_seconds, retry_seconds
        self._ended, self._posted, self._refund = ended, posted, refund
        self._runner: JobRunner | None = None
        self._courier: Courier | None = None
        self._forgetting: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def start(self, perform: Perform) -> None:
        """Needs a running event loop."""
        self._runner = JobRunner(
            self.queue,
            perform,
            at_once=self._at_once,
            lease_seconds=self._lease_seconds,
            observe=self._ended,
            refund=self._refund,
        )
        self._runner.start()
        if self.hosts:
            self._courier = Courier(
                Outbox(self.store),
                self.hosts,
                self._signer,
                trust=self._trust,
                retry_seconds=self._retry_seconds,
                observe=self._posted,
            )
            self._courier.start()
        self._forgetting = asyncio.create_task(self._forget())

    async def stop(self) -> None:
        """Work that is under way goes back to the queue. Without a `start` it does no harm."""
        if self._runner is not None:
            await self._runner.stop()
        if self._courier is not None:
            await self._courier.stop()
        self._stopping.set()
        if self._forgetting is not None:
            await self._forgetting
        await beside(self.store.close)

    def wake(self) -> None:
        """There is a new job."""
        if self._runner is not None:
            self._runner.wake()

    async def remove(self, identity: str, owner: str | None) -> None:
        """As `JobStore.remove`. If the job is worked on here, that ends now."""
        removed = await beside(self.store.remove, identity, owner)
        if self._runner is not None:
            self._runner.cancel(identity)
        if removed.cancelled:
            self._ended("cancelled")
            self._refund(removed.job, removed.refund)

    async def _forget(self) -> None:
        """Never cancelled: what the store has forgotten has to be told and given back."""
        while not self._stopping.is_set():
            try:
                for gone in await beside(self.store.expire):
                    if not gone.has_ended:  # nobody got to a document in its time
                        self._ended("expired")
                        self._refund(gone, gone.characters)
            except ServiceError:
                pass  # the store has logged it
            except Exception:
                logger.exception("the forgetting of jobs")
            with suppress(TimeoutError):
                async with asyncio.timeout(_FORGET_SECONDS):
                    await self._stopping.wait()
