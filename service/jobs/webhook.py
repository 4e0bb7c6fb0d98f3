"""Tells whoever asked for it that a job has ended: a signed POST, repeated until it is taken.

The headers and the signature are those of Standard Webhooks (webhook-id, webhook-timestamp,
webhook-signature: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`), so that the libraries
receivers have can verify it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext
from typing import Literal

from service.errors import ServiceError, SettingInvalid, WebhookRefused
from service.jobs.beside import beside
from service.jobs.job import Delivery, Job
from service.jobs.outbox import Outbox
from service.jobs.webhook_hosts import WebhookHosts

logger = logging.getLogger("kurzfassung")

Outcome = Literal["delivered", "retried", "given_up"]

MOST_ATTEMPTS = 7
"""With the first repetition after 5 s and four times as long before each further one: for some two hours."""

_AT_ONCE = 4
"""So that a receiver that hangs does not hold up the others' webhooks."""

_POLL_SECONDS = 1.0
_WAIT_SECONDS = 10
_ALL_SECONDS = 20
_STOP_SECONDS = 3

_GONE = "410"
_REFUSED = "refused"
_UNREADABLE = "store_key_invalid"
_FINAL = frozenset({_GONE, _REFUSED})


class Signer:
    """`secrets`, with commas, each `whsec_` and base64 of 24 to 64 bytes; a body is signed with every one, so
    that secrets can be changed one after the other. Raises `SettingInvalid`."""

    def __init__(self, secrets: str) -> None:
        self._keys = [_key(each.strip()) for each in secrets.split(",") if each.strip()]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def headers(self, identity: str, timestamp: int, body: bytes) -> dict[str, str]:
        signed = f"{identity}.{timestamp}.".encode() + body
        signatures = [
            base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in self._keys
        ]
        return {
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
        }


class Courier:
    """Delivers what is due. `observe` is told how each attempt ended."""

    def __init__(
        self,
        outbox: Outbox,
        hosts: WebhookHosts,
        signer: Signer,
        *,
        trust: SSLContext,
        retry_seconds: float,
        observe: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self._outbox, self._hosts, self._signer, self._trust = outbox, hosts, signer, trust
        self._retry_seconds, self._observe = retry_seconds, observe
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Needs a running event loop."""
        self._loops = [asyncio.create_task(self._run()) for _ in range(_AT_ONCE)]

    async def stop(self) -> None:
        """What is under way has `_STOP_SECONDS` to end; what does not is tried again after the next start,
        though the receiver may have it."""
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.gather(*self._loops)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                delivery = await beside(self._outbox.next)
                if delivery is not None:
                    await self._deliver(delivery)
                    continue
            except ServiceError:
                pass  # the store has logged it; the webhook is due again when its lease ends
            except Exception:
                logger.exception("a webhook's courier")
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._stopping.wait()

    async def _deliver(self, delivery: Delivery) -> None:
        reason = await self._send(delivery)
        facts = {"job": delivery.job.id, "attempt": delivery.attempt}
        if reason is None:
            await beside(self._outbox.delivered, delivery)
            self._observe("delivered")
            logger.info("webhook delivered", extra={"facts": facts})
        elif delivery.attempt >= MOST_ATTEMPTS or reason in _FINAL:
            await beside(self._outbox.give_up, delivery)
            self._observe("given_up")
            logger.warning("webhook given up", extra={"facts": {**facts, "reason": reason}})
        else:
            seconds = self._retry_seconds * 4 ** (delivery.attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter
            await beside(self._outbox.retry, delivery, seconds)
            self._observe("retried")
            logger.info("webhook failed", extra={"facts": {**facts, "reason": reason}})

    async def _send(self, delivery: Delivery) -> str | None:
        """None where it was taken, else the reason in a word. No redirect is followed, no proxy asked, and
        of the answer nothing but the status is read."""
        import httpx2

        if delivery.url is None:
            return _UNREADABLE
        try:
            target = self._hosts.target(delivery.url)
        except WebhookRefused:
            return _REFUSED  # the operator has taken the host off the list
        body = event(delivery.job)
        headers = self._signer.headers(f"msg_{delivery.job.id}", int(time.time()), body)
        headers |= {"host": target.authority, "content-type": "application/json", "user-agent": "Kurzfassung"}
        try:
            async with asyncio.timeout(_ALL_SECONDS):
                address = await self._hosts.address(target)
                if address is None:
                    return "address_not_allowed"
                shown = f"[{address}]" if ":" in address else address
                url = f"{target.scheme}://{shown}:{target.port}{target.path}"
                async with (
                    httpx2.AsyncClient(verify=self._trust, trust_env=False, timeout=_WAIT_SECONDS) as client,
                    client.stream(
                        "POST", url, content=body, headers=headers, extensions={"sni_hostname": target.host}
                    ) as response,
                ):
                    status = response.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
            return type(error).__name__
        return None if status // 100 == 2 else str(status)


def trusting(certificates: Path | None) -> SSLContext:
    """Public authorities, and those of a PEM file. Raises `SettingInvalid`."""
    import httpx2

    trust = httpx2.create_ssl_context(trust_env=False)
    if certificates is not None:
        try:
            trust.load_verify_locations(certificates)
        except OSError as error:  # of which `SSLError` is one
            raise SettingInvalid(
                f"KURZFASSUNG_WEBHOOK_CA_FILE: no certificates in PEM: {type(error).__name__}"
            ) from error
    return trust


def event(job: Job) -> bytes:
    """The body: what became of the job, without any text of it."""
    finished = datetime.fromtimestamp(job.finished or 0, UTC).isoformat(timespec="milliseconds")
    data = {"id": job.id, "kind": job.kind, "status": job.status, "error": job.error_code}
    return json.dumps({"type": f"job.{job.status}", "timestamp": finished, "data": data}).encode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise SettingInvalid(
            "KURZFASSUNG_WEBHOOK_SECRET: expected whsec_ and the base64 of 24 to 64 random bytes; "
            '`echo "whsec_$(openssl rand -base64 32)"` makes one'
        )
    return key
