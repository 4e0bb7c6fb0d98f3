"""The jobs that are kept, as their callers see them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from service.database.protocol import Database, Transaction
from service.errors import IdempotencyKeyReused, JobNotFound, JobQueueFull, StoreUnavailable
from service.jobs.job import Job, NewJob, Removed, Status
from service.jobs.schema import prepare
from service.jobs.vault import Vault

_COLUMNS = (
    "id, owner, kind, status, created, started, finished, expires, done, total, characters, attempt, "
    "error_code, error_detail, webhook, webhook_attempts"
)

_CALLERS = "owner = ? AND kind <> 'document'"
"""What a caller sees; documents are reached by their keys alone (`documents.py`)."""

END = """
UPDATE jobs SET status = ?, finished = :now, expires = :now + coalesce(keep, ?), request = NULL,
  worker = NULL, lease_until = NULL, error_code = ?, error_detail = ?,
  webhook = CASE WHEN webhook IS NULL THEN NULL ELSE 'pending' END,
  webhook_due = CASE WHEN webhook IS NULL THEN NULL ELSE :now END
"""
"""However a job ends: its text goes and its webhook is due. Takes the status, the seconds to keep it, and
code and detail of the error; the condition is to follow."""


class JobStore:
    """May be used from any thread, and from several processes at once. Every method raises
    `StoreUnavailable`; those that take an id, and an owner who may see it (None: the operator, who sees all),
    `JobNotFound`. At most `most_unfinished` jobs wait or run; `keep_seconds` after its end a job is
    forgotten."""

    def __init__(
        self, database: Database, vault: Vault, *, most_unfinished: int = 10_000, keep_seconds: float = 86_400
    ) -> None:
        self.database = database
        self.vault = vault
        self.keep_seconds = keep_seconds
        self._most_unfinished = most_unfinished
        self._prepared = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Raises `OperatorError` where the store was encrypted with another key. After a failure the tables
        and the key are looked at again: the database may be another one since."""
        try:
            with self.database.transaction() as transaction:
                if not self._prepared:
                    prepare(transaction)
                    self.vault.check(transaction)
                yield transaction
        except StoreUnavailable:
            self._prepared = False
            raise
        self._prepared = True

    def open(self) -> None:
        """Notice now what is wrong with a store that is there."""
        if self.database.exists():
            with self.transaction():
                pass

    def close(self) -> None:
        self.database.close()

    def known(self, new: NewJob) -> Job | None:
        """The job that came with the same idempotency key before. Raises `IdempotencyKeyReused`."""
        if new.idempotency_key is None or not self.database.exists():
            return None
        with self.transaction() as transaction:
            return _known(transaction, new)

    def submit(self, new: NewJob) -> tuple[Job, bool]:
        """The job, and whether it is new: a known idempotency key gives the job of before. Raises
        `JobQueueFull`, `IdempotencyKeyReused`."""
        with self.transaction() as transaction:
            if new.idempotency_key:
                transaction.execute(
                    "DELETE FROM jobs WHERE owner = ? AND idempotency_key = ? AND expires <= :now",
                    new.owner,
                    _hashed(new.owner, new.idempotency_key),
                )
                if known := _known(transaction, new):
                    return known, False
            self.require_place(transaction)
            job = self.add(transaction, new)
        if job is None:  # the same key came at the same moment, by way of another process
            return self.submit(new)
        return job, True

    def require_place(self, transaction: Transaction) -> None:
        """For one more that is to be done. Raises `JobQueueFull`."""
        [(unfinished,)] = transaction.execute(
            "SELECT count(*) FROM jobs WHERE status IN ('queued', 'running')"
        )
        if unfinished >= self._most_unfinished:
            raise JobQueueFull(
                f"{unfinished:,} jobs wait already, which is as many as may; try again later.",
                retry_after=30,
            )

    def add(self, transaction: Transaction, new: NewJob) -> Job | None:
        """The job; None where there is one with its idempotency key."""
        rows = transaction.execute(
            "INSERT INTO jobs (id, owner, kind, status, created, expires, keep, secret, request, done, "
            "total, characters, idempotency_key, fingerprint, attempt, run_after, webhook, webhook_url, "
            "turn) "
            "VALUES (?, ?, ?, 'queued', :now, :now + ?, ?, ?, ?, 0, ?, ?, ?, ?, 0, :now, ?, ?, coalesce("
            "(SELECT max(turn) + 1 FROM jobs WHERE status IN ('queued', 'running') AND owner = ?), "
            "(SELECT min(turn) FROM jobs WHERE status IN ('queued', 'running')), 0)) "
            f"ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
            new.id,
            new.owner,
            new.kind,
            new.keep_seconds,
            new.keep_seconds,
            new.secret,
            self.vault.seal(new.request),
            new.total,
            new.characters,
            _hashed(new.owner, new.idempotency_key) if new.idempotency_key else None,
            _fingerprint(new) if new.idempotency_key else None,
            "waiting" if new.webhook_url else None,
            self.vault.seal(new.webhook_url.encode()) if new.webhook_url else None,
            new.owner,
        )
        return _job(rows[0]) if rows else None

    def get(self, identity: str, owner: str | None) -> Job:
        return self._one(identity, owner)[0]

    def result(self, identity: str, owner: str | None) -> tuple[Job, bytes | None]:
        """The result is None where there is none (yet)."""
        job, sealed = self._one(identity, owner, ", result")
        return job, None if sealed[0] is None else self.vault.unseal(sealed[0])

    def list(
        self, owner: str | None, *, limit: int, after: str | None = None, status: Status | None = None
    ) -> Sequence[Job]:
        """The newest first; those older than the job `after`."""
        if not self.database.exists():
            return []
        conditions, parameters = ["(expires IS NULL OR expires > :now)"], []
        for condition, value in ((_CALLERS, owner), ("status = ?", status)):
            if value is not None:
                conditions.append(condition)
                parameters.append(value)
        if after is not None:
            self.get(after, owner)
            conditions.append("number < (SELECT number FROM jobs WHERE id = ?)")
            parameters.append(after)
        where = " AND ".join(conditions)
        with self.transaction() as transaction:
            rows = transaction.execute(
                f"SELECT {_COLUMNS} FROM jobs WHERE {where} ORDER BY number DESC LIMIT ?",
                *parameters,
                limit,
            )
        return [_job(row) for row in rows]

    def remove(self, identity: str, owner: str | None) -> Removed:
        """Text and result are gone at once. One that waits or runs is cancelled and stays, without them,
        as `cancelled`; one that has ended is forgotten. Of those who cancel the same job at once, one gets
        the refund."""
        job = self.get(identity, owner)
        with self.transaction() as transaction:
            rows = transaction.execute(
                f"{END} WHERE id = ? AND status IN ('queued', 'running') RETURNING {_COLUMNS}",
                "cancelled",
                self.keep_seconds,
                None,
                None,
                identity,
            )
            if rows:
                transaction.execute("UPDATE jobs SET fingerprint = NULL WHERE id = ?", identity)
            else:
                transaction.execute("DELETE FROM jobs WHERE id = ?", identity)
        self.erase()
        if not rows:
            return Removed(job, cancelled=False, refund=0)
        job = _job(rows[0])
        return Removed(job, cancelled=True, refund=job.undelivered)

    def expire(self) -> Sequence[Job]:
        """Forget the jobs whose time has come; those there were. The texts of those that have ended leave
        the files, too."""
        if not self.database.exists():
            return []
        with self.transaction() as transaction:
            gone = transaction.execute(f"DELETE FROM jobs WHERE expires <= :now RETURNING {_COLUMNS}")
        self.erase()
        return [_job(row) for row in gone]

    def erase(self) -> None:
        """What was deleted leaves the files. Where it cannot now, as on a full disk, it does the next time:
        what became of the jobs stands, and has to be told."""
        with suppress(StoreUnavailable):
            self.database.erase()

    def counts(self) -> dict[str, int]:
        """How many wait and how many run."""
        counts = {"queued": 0, "running": 0}
        if self.database.exists():
            with self.transaction() as transaction:
                counts.update(
                    (status, number)
                    for status, number in transaction.execute(
                        "SELECT status, count(*) FROM jobs WHERE status IN ('queued', 'running') "
                        "GROUP BY status"
                    )
                )
        return counts

    def backup(self, target: Path) -> None:
        """Raises `OperatorError`."""
        self.database.backup(target)

    def _one(self, identity: str, owner: str | None, more: str = "") -> tuple[Job, Sequence[Any]]:
        rows = []
        if self.database.exists():
            with self.transaction() as transaction:
                rows = transaction.execute(
                    f"SELECT {_COLUMNS}{more} FROM jobs WHERE id = ? AND (expires IS NULL OR expires > :now)",
                    identity,
                )
        if not rows or (owner is not None and (rows[0][1] != owner or rows[0][2] == "document")):
            raise JobNotFound("There is no job of this id here, or it has expired.")
        columns = len(_COLUMNS.split(","))
        return _job(rows[0][:columns]), rows[0][columns:]


def columns(prefix: str = "") -> str:
    """Those of a `Job`, for the other stores."""
    return ", ".join(prefix + name.strip() for name in _COLUMNS.split(","))


def _known(transaction: Transaction, new: NewJob) -> Job | None:
    """Raises `IdempotencyKeyReused`. The request of a deleted job is not remembered: any is its like."""
    assert new.idempotency_key is not None  # noqa: S101 -- only asked for with one
    rows = transaction.execute(
        f"SELECT {_COLUMNS}, fingerprint FROM jobs WHERE owner = ? AND idempotency_key = ? "
        "AND (expires IS NULL OR expires > :now)",
        new.owner,
        _hashed(new.owner, new.idempotency_key),
    )
    if not rows:
        return None
    *row, fingerprint = rows[0]
    if fingerprint not in (_fingerprint(new), None):
        raise IdempotencyKeyReused(
            "This Idempotency-Key came with another request before; take a new one for a new request."
        )
    return _job(row)


def _job(row: Sequence[Any]) -> Job:
    return Job(*row)


def _hashed(owner: str, key: str) -> str:
    return hashlib.blake2b(f"{owner}\n{key}".encode(), digest_size=16).hexdigest()


def _fingerprint(new: NewJob) -> str:
    """Of the whole request, so that another under the same key is noticed. Salted with that key, which is
    stored hashed: the article cannot be guessed from it."""
    assert new.idempotency_key is not None  # noqa: S101 -- only asked for with one
    salted = hashlib.blake2b(key=new.idempotency_key.encode()[:64], digest_size=16)
    for part in (new.kind, new.webhook_url or ""):
        salted.update(part.encode() + b"\n")
    salted.update(new.request if new.sent is None else new.sent)
    return salted.hexdigest()
