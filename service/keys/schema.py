"""The tables that keys and what they used are kept in, and how those of earlier versions become these."""

from __future__ import annotations

from service.database.migration import migrate
from service.database.protocol import Transaction

_VERSION = 2

_TABLES = """
CREATE TABLE keys (
  :rowid id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest :blob NOT NULL, scopes TEXT NOT NULL,
  rate :integer NOT NULL, quota :integer NOT NULL, concurrency :integer NOT NULL,
  created TEXT NOT NULL, expires TEXT, revoked TEXT
) :strict;
CREATE TABLE keys_used (
  key TEXT NOT NULL REFERENCES keys (id), month TEXT NOT NULL, characters :integer NOT NULL,
  PRIMARY KEY (key, month)
) :clustered;
CREATE TABLE keys_revision (number :integer NOT NULL) :strict;
INSERT INTO keys_revision VALUES (1);
"""
"""`keys_revision` tells a change of the keys from one of what they used, which is written all the time."""

_OVER_1 = """
DROP TRIGGER added;
DROP TRIGGER changed;
ALTER TABLE used RENAME TO keys_used;
ALTER TABLE revision RENAME TO keys_revision;
"""
"""In version 1 triggers counted the revision."""

_FROM = {0: _TABLES, 1: _OVER_1}


def prepare(transaction: Transaction) -> None:
    """As `migrate`."""
    migrate(transaction, "keys", _VERSION, _FROM)


def is_current(transaction: Transaction) -> bool:
    return transaction.version() == _VERSION
