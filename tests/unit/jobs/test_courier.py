"""What is checked of an address is what is connected to."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from ssl import create_default_context

from cryptography.fernet import Fernet

from service.jobs.job import Outcome
from service.jobs.outbox import Outbox
from service.jobs.queue import JobQueue
from service.jobs.store import JobStore
from service.jobs.webhook import Courier, Signer
from service.jobs.webhook_hosts import WebhookHosts
from tests.integration.jobs.receiver import Receiver, receiving
from tests.unit.jobs.conftest import OpenStore, new_job


def test_a_name_that_changes_its_address_after_the_check_is_reached_at_the_checked_one(
    store: JobStore,
) -> None:
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        """The second answer is what an attacker wants to be connected to."""
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    async def deliver(port: int) -> None:
        done = asyncio.Event()
        courier = Courier(
            Outbox(store),
            WebhookHosts(f"http://hooks.example.com:{port},127.0.0.0/8", resolve),
            Signer("whsec_" + base64.b64encode(b"a" * 32).decode()),
            trust=create_default_context(),
            retry_seconds=0.05,
            observe=lambda _: done.set(),
        )
        courier.start()
        await asyncio.wait_for(done.wait(), 10)
        await courier.stop()

    with receiving(200) as receiver:
        url = f"http://hooks.example.com:{receiver.port}/fertig"
        job, _ = store.submit(new_job(webhook_url=url))
        queue = JobQueue(store, lease_seconds=30)
        claim = queue.claim("one")
        assert claim is not None
        queue.finish(claim, Outcome(b"{}"))
        asyncio.run(deliver(receiver.port))
        assert [each.headers["host"] for each in receiver.received] == [f"hooks.example.com:{receiver.port}"]
    assert asked == ["hooks.example.com"]
    assert store.get(job.id, None).webhook == "delivered"


def test_a_webhook_whose_address_cannot_be_decrypted_here_is_tried_again(open_store: OpenStore) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    behind = open_store(store_key=old)
    behind.open()
    behind.submit(new_job())
    ahead = open_store(store_key=f"{new},{old}")
    outcomes: list[str] = []

    async def deliver(store: JobStore, hosts: str) -> None:
        done = asyncio.Event()

        def observe(outcome: str) -> None:
            outcomes.append(outcome)
            done.set()

        courier = Courier(
            Outbox(store),
            WebhookHosts(hosts),
            Signer("whsec_" + base64.b64encode(b"a" * 32).decode()),
            trust=create_default_context(),
            retry_seconds=0.05,
            observe=observe,
        )
        courier.start()
        await asyncio.wait_for(done.wait(), 10)
        await courier.stop()

    with receiving(200) as receiver:
        job, _ = ahead.submit(new_job(webhook_url=receiver.url))
        ahead.remove(job.id, None)
        asyncio.run(deliver(behind, receiver.url))
        assert ahead.get(job.id, None).webhook == "pending"
        asyncio.run(deliver(ahead, receiver.url))
        assert len(receiver.received) == 1
    assert outcomes == ["retried", "delivered"]
    assert ahead.get(job.id, None).webhook == "delivered"


def test_a_webhook_on_its_way_when_the_service_stops_is_not_sent_again(store: JobStore) -> None:
    async def deliver(receiver: Receiver) -> None:
        courier = Courier(
            Outbox(store),
            WebhookHosts(receiver.url),
            Signer("whsec_" + base64.b64encode(b"a" * 32).decode()),
            trust=create_default_context(),
            retry_seconds=0.05,
        )
        courier.start()
        assert await asyncio.to_thread(receiver.reached.wait, 10)
        stopping = asyncio.create_task(courier.stop())
        await asyncio.sleep(0.2)
        receiver.awake.set()
        await asyncio.wait_for(stopping, 10)

    with receiving(200) as receiver:
        receiver.awake.clear()
        job, _ = store.submit(new_job(webhook_url=receiver.url))
        store.remove(job.id, None)
        asyncio.run(deliver(receiver))
        assert store.get(job.id, None).webhook == "delivered"
        assert len(receiver.received) == 1
