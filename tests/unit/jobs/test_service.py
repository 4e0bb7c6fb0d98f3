"""All that a process does about jobs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from ssl import create_default_context
from threading import Event

from service.database.sqlite import SqliteDatabase
from service.jobs.documents import Documents
from service.jobs.job import Claim, Outcome
from service.jobs.queue import JobQueue
from service.jobs.runner import Progress
from service.jobs.service import JobService
from service.jobs.store import JobStore
from service.jobs.vault import Vault
from service.jobs.webhook import Signer
from service.jobs.webhook_hosts import WebhookHosts

SECONDS = 20


class Held(SqliteDatabase):
    """Takes its time to get what was deleted out of the files."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "jobs")
        self.reached, self.opened = Event(), Event()

    def erase(self) -> None:
        self.reached.set()
        assert self.opened.wait(SECONDS)


async def test_what_expires_while_the_service_stops_is_given_back(tmp_path: Path) -> None:
    database = Held(tmp_path / "jobs.sqlite")
    store = JobStore(database, Vault())
    Documents(store, most_bytes=100_000, keep_seconds=0.5).submit("anna", b"{}", size=2)
    claim = JobQueue(store, lease_seconds=30).claim("somebody else")
    assert claim is not None
    JobQueue(store, lease_seconds=30).charged(claim, 12)
    refunds: list[tuple[str, int]] = []
    service = JobService(
        store,
        WebhookHosts(""),
        Signer(""),
        trust=create_default_context(),
        at_once=0,
        lease_seconds=30,
        retry_seconds=1,
        refund=lambda job, characters: refunds.append((job.id, characters)),
    )

    async def perform(_claim: Claim, _request: bytes, _progress: Progress) -> Outcome:
        return Outcome(b"{}")

    await asyncio.sleep(0.6)
    service.start(perform)
    assert await asyncio.to_thread(database.reached.wait, SECONDS)
    stopping = asyncio.create_task(service.stop())
    await asyncio.sleep(0.1)
    database.opened.set()
    await asyncio.wait_for(stopping, SECONDS)
    assert refunds == [(claim.id, 12)]
