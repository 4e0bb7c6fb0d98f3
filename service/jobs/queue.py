"""The jobs that are kept, as those see them who do the work: claimed for a time, renewed, ended."""

from __future__ import annotations

from collections.abc import Sequence

from service.database.protocol import Rows
from service.jobs.job import Claim, Job, Outcome
from service.jobs.store import END, JobStore, columns

MOST_ATTEMPTS = 3
"""A job whose worker dies this often is what kills it."""


class JobQueue:
    """The clock is the store's, so that workers on several machines agree. Raises `StoreUnavailable`."""

    def __init__(self, store: JobStore, *, lease_seconds: float) -> None:
        self._store = store
        self._lease_seconds = lease_seconds

    def abandon(self) -> Sequence[Job]:
        """Give up those whose workers died `MOST_ATTEMPTS` times; each is told to one who asks."""
        if not self._store.database.exists():
            return []
        with self._store.transaction() as transaction:
            rows = transaction.execute(
                f"{END} WHERE status = 'running' AND lease_until < :now AND attempt >= ? "
                f"RETURNING {columns()}",
                "failed",
                self._store.keep_seconds,
                "job_abandoned",
                f"The service stopped {MOST_ATTEMPTS} times while it worked on this; it is not tried again.",
                MOST_ATTEMPTS,
            )
        return [Job(*row) for row in rows]

    def claim(self, worker: str) -> Claim | None:
        """Of those that wait, or whose worker did not renew its lease, the oldest of the owner whose turn it
        is."""
        if not self._store.database.exists():
            return None
        with self._store.transaction() as transaction:
            rows = transaction.execute(
                "UPDATE jobs SET status = 'running', worker = ?, attempt = attempt + 1, done = 0, "
                "lease_until = :now + ?, started = coalesce(started, :now) WHERE number = ("
                "SELECT number FROM jobs WHERE status IN ('queued', 'running') AND ("
                "(status = 'queued' AND run_after <= :now) "
                "OR (status = 'running' AND lease_until < :now AND attempt < ?)) "
                "AND (expires IS NULL OR expires > :now) "
                "ORDER BY turn, number LIMIT 1 :skip_locked) "
                "RETURNING id, owner, characters, kind, request, attempt",
                worker,
                self._lease_seconds,
                MOST_ATTEMPTS,
            )
        if not rows:
            return None
        identity, owner, characters, kind, sealed, attempt = rows[0]
        return Claim(identity, owner, characters, kind, bytes(sealed), worker, attempt)

    def request(self, claim: Claim) -> bytes:
        """Unsealed. Raises `StoreKeyInvalid`."""
        return self._store.vault.unseal(claim.request)

    def renew(self, claim: Claim, done: int) -> bool:
        """Keep it for another lease, with `done` segments, of which those beyond the total are repairs;
        False where it is not held any more: it was cancelled, or the lease ran out and somebody else has
        it."""
        return self._held(
            claim,
            "UPDATE jobs SET lease_until = :now + ?, done = CASE WHEN total < ? THEN total ELSE ? END",
            self._lease_seconds,
            done,
            done,
        )

    def charged(self, claim: Claim, characters: int) -> bool:
        """Its owner has paid for so many: whoever takes it over need not ask again. False as with `renew`."""
        return self._held(claim, "UPDATE jobs SET characters = ?", characters)

    def finish(self, claim: Claim, made: Outcome) -> bool:
        """False where it is not held any more, as with every way to end it."""
        seal = self._store.vault.seal
        sql = END + ", done = total, result = ?, about = ?"
        keep = self._store.keep_seconds
        return self._held(claim, sql, "done", keep, None, None, seal(made.result), seal(made.about))

    def fail(self, claim: Claim, code: str, detail: str) -> Job | None:
        """As it is then; None where it is not held any more."""
        rows = self._rows(claim, END, "failed", self._store.keep_seconds, code, detail)
        return Job(*rows[0]) if rows else None

    def release(self, claim: Claim, seconds: float) -> bool:
        """Back to where it waited, for this long at least; the attempt does not count."""
        return self._held(
            claim,
            "UPDATE jobs SET status = 'queued', worker = NULL, lease_until = NULL, attempt = attempt - 1, "
            "done = 0, run_after = :now + ?",
            seconds,
        )

    def _held(self, claim: Claim, sql: str, *parameters: object) -> bool:
        return bool(self._rows(claim, sql, *parameters))

    def _rows(self, claim: Claim, sql: str, *parameters: object) -> Rows:
        with self._store.transaction() as transaction:
            return transaction.execute(
                f"{sql} WHERE id = ? AND status = 'running' AND worker = ? AND attempt = ? "
                f"RETURNING {columns()}",
                *parameters,
                claim.id,
                claim.worker,
                claim.attempt,
            )
