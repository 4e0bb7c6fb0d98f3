"""The webhooks that are due, kept with their jobs so that none is lost when the service stops."""

from __future__ import annotations

from service.errors import StoreKeyInvalid
from service.jobs.job import Delivery, Job
from service.jobs.store import JobStore, columns

_LEASE_SECONDS = 60
"""Longer than a delivery may take; after it another worker may try."""


class Outbox:
    """Raises `StoreUnavailable`."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def next(self) -> Delivery | None:
        if not self._store.database.exists():
            return None
        with self._store.transaction() as transaction:
            rows = transaction.execute(
                "UPDATE jobs SET webhook_due = :now + ?, webhook_attempts = webhook_attempts + 1 "
                "WHERE number = (SELECT number FROM jobs WHERE webhook_due IS NOT NULL "
                "AND webhook_due <= :now ORDER BY webhook_due LIMIT 1 :skip_locked) "
                f"RETURNING {columns()}, webhook_url",
                _LEASE_SECONDS,
            )
        if not rows:
            return None
        *row, sealed = rows[0]
        job = Job(*row)
        try:
            url = self._store.vault.unseal(sealed).decode()
        except StoreKeyInvalid:
            url = None
        return Delivery(job, url, job.webhook_attempts)

    def delivered(self, delivery: Delivery) -> None:
        self._close(delivery, "delivered")

    def give_up(self, delivery: Delivery) -> None:
        self._close(delivery, "failed")

    def retry(self, delivery: Delivery, seconds: float) -> None:
        with self._store.transaction() as transaction:
            transaction.execute(
                "UPDATE jobs SET webhook_due = :now + ? WHERE id = ? AND webhook_attempts = ?",
                seconds,
                delivery.job.id,
                delivery.attempt,
            )

    def _close(self, delivery: Delivery, status: str) -> None:
        with self._store.transaction() as transaction:
            transaction.execute(
                "UPDATE jobs SET webhook = ?, webhook_due = NULL, webhook_url = NULL "
                "WHERE id = ? AND webhook_attempts = ?",
                status,
                delivery.job.id,
                delivery.attempt,
            )
