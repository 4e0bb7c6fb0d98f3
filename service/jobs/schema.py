"""The tables of jobs, and how those of earlier versions become these."""

from __future__ import annotations

from service.database.protocol import Transaction
from service.errors import StoreUnavailable

_JOBS = """
CREATE TABLE jobs_meta (name TEXT PRIMARY KEY, value :blob NOT NULL);
CREATE TABLE jobs (
  number :serial,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  created :real NOT NULL, started :real, finished :real, expires :real,
  request :blob, result :blob,
  done INTEGER NOT NULL, total INTEGER NOT NULL, characters INTEGER NOT NULL,
  error_code TEXT, error_detail TEXT,
  idempotency_key TEXT, fingerprint TEXT,
  attempt INTEGER NOT NULL, worker TEXT, lease_until :real, run_after :real NOT NULL
);
CREATE INDEX jobs_unfinished ON jobs (number) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_of_owner ON jobs (owner, number);
CREATE INDEX jobs_expiring ON jobs (expires) WHERE expires IS NOT NULL;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
"""
"""`request`, `result` and, since version 2, `webhook_url` are sealed (`vault.py`); callers' keys are
hashed."""

_WEBHOOKS = """
ALTER TABLE jobs ADD COLUMN webhook TEXT;
ALTER TABLE jobs ADD COLUMN webhook_url :blob;
ALTER TABLE jobs ADD COLUMN webhook_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN webhook_due :real;
CREATE INDEX jobs_webhooks_due ON jobs (webhook_due) WHERE webhook_due IS NOT NULL;
"""

_TURNS = """
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_unfinished;
CREATE INDEX jobs_unfinished ON jobs (turn, number) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_running ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_turns ON jobs (owner, turn) WHERE status IN ('queued', 'running');
"""
"""Owners take turns: the first unfinished job of an owner gets the turn that is being worked on, each further
one the turn after its last."""

_DOCUMENTS = """
ALTER TABLE jobs ADD COLUMN secret TEXT;
ALTER TABLE jobs ADD COLUMN about :blob;
ALTER TABLE jobs ADD COLUMN keep :real;
CREATE INDEX jobs_documents ON jobs (owner) WHERE kind = 'document';
"""
"""`about` is sealed, `secret` is hashed; `keep` is in seconds, NULL: as the store keeps jobs."""

MIGRATIONS = (_JOBS, _WEBHOOKS, _TURNS, _DOCUMENTS)
"""Each makes the version of its place, from 1 on, out of the one before."""


def prepare(transaction: Transaction, *, up_to: int = len(MIGRATIONS)) -> None:
    """Make the tables, or those of an earlier version into ours. Those of a later version are not touched:
    raises `StoreUnavailable`."""
    transaction.lock_schema()
    version = _version(transaction)
    if version > len(MIGRATIONS):
        raise StoreUnavailable("The store of jobs was written by a later version of this service.")
    if version >= up_to:
        return
    for migration in MIGRATIONS[version:up_to]:
        for statement in filter(None, map(str.strip, migration.split(";"))):
            transaction.execute(statement)
    transaction.execute("DELETE FROM jobs_meta WHERE name = 'version'")
    transaction.execute("INSERT INTO jobs_meta (name, value) VALUES ('version', ?)", b"%d" % up_to)


def _version(transaction: Transaction) -> int:
    if not transaction.has_table("jobs_meta"):
        return 0
    [(value,)] = transaction.execute("SELECT value FROM jobs_meta WHERE name = 'version'")
    return int(value)
