"""What a process does with the jobs that it holds, and lost."""

from __future__ import annotations

import asyncio

from cryptography.fernet import Fernet

from service.errors import StoreUnavailable
from service.jobs.job import Claim, Job, Outcome
from service.jobs.queue import JobQueue
from service.jobs.runner import JobRunner, Progress
from service.jobs.store import JobStore
from tests.unit.jobs.conftest import OpenStore, new_job

SECONDS = 20


class Unrenewed(JobQueue):
    """Of a database that is away whenever a lease is to be renewed."""

    def renew(self, claim: Claim, done: int) -> bool:
        raise StoreUnavailable("away")


async def test_a_job_that_one_process_got_twice_can_still_be_cancelled(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    again, free, cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def perform(claim: Claim, _request: bytes, _progress: Progress) -> Outcome:
        if claim.id != job.id:
            free.set()
        elif claim.attempt == 1:
            await again.wait()
        else:
            again.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise
        return Outcome(b"{}")

    runner = JobRunner(Unrenewed(store, lease_seconds=0.3), perform, at_once=2, lease_seconds=0.3)
    runner.start()
    try:
        await asyncio.wait_for(again.wait(), SECONDS)
        store.submit(new_job("Ein anderer."))
        runner.wake()
        await asyncio.wait_for(free.wait(), SECONDS)  # by the one that had the first job first
        store.remove(job.id, None)
        runner.cancel(job.id)
        await asyncio.wait_for(cancelled.wait(), SECONDS)
    finally:
        await asyncio.wait_for(runner.stop(), SECONDS)
    assert store.get(job.id, None).status == "cancelled"


async def test_what_was_given_up_is_counted_and_given_back_once(store: JobStore) -> None:
    job, _ = store.submit(new_job())
    queue = JobQueue(store, lease_seconds=0.1)
    for _ in range(3):
        assert queue.claim("one") is not None
        await asyncio.sleep(0.15)
    ended: list[str] = []
    refunds: list[tuple[str, int]] = []
    done = asyncio.Event()

    async def perform(_claim: Claim, _request: bytes, _progress: Progress) -> Outcome:
        done.set()
        return Outcome(b"{}")

    def refund(job: Job, characters: int) -> None:
        refunds.append((job.owner, characters))

    runner = JobRunner(
        JobQueue(store, lease_seconds=30),
        perform,
        at_once=2,
        lease_seconds=30,
        observe=ended.append,
        refund=refund,
    )
    store.submit(new_job("Ein anderer."))
    runner.start()
    try:
        await asyncio.wait_for(done.wait(), SECONDS)
    finally:
        await asyncio.wait_for(runner.stop(), SECONDS)
    assert refunds == [("anna", job.characters)]
    assert ended.count("failed") == 1
    assert store.get(job.id, None).error_code == "job_abandoned"


async def test_a_job_that_cannot_be_decrypted_here_is_left_to_whoever_can(open_store: OpenStore) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    behind = open_store(store_key=old)
    last, _ = behind.submit(new_job(owner="otto"))
    behind.remove(last.id, None)
    ahead = open_store(store_key=f"{new},{old}")
    job, _ = ahead.submit(new_job("Der neue."))
    behind.submit(new_job("Ein anderer."))
    ended = asyncio.Event()

    async def perform(_claim: Claim, _request: bytes, _progress: Progress) -> Outcome:
        ended.set()
        return Outcome(b"{}")

    runner = JobRunner(JobQueue(behind, lease_seconds=30), perform, at_once=1, lease_seconds=30)
    runner.start()
    try:
        await asyncio.wait_for(ended.wait(), SECONDS)
    finally:
        await asyncio.wait_for(runner.stop(), SECONDS)
    waits = ahead.get(job.id, None)
    assert (waits.status, waits.attempt) == ("queued", 0)
    assert waits.started is not None  # it was tried
    with ahead.transaction() as transaction:
        [(sealed,)] = transaction.execute("SELECT request FROM jobs WHERE id = ?", job.id)
    assert ahead.vault.unseal(sealed) == b"Der neue."
