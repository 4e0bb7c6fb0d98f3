"""The tables that keys and what they used are kept in."""

from __future__ import annotations

import sqlite3

from service.errors import StoreUnavailable

_VERSION = 1

_TABLES = """
CREATE TABLE keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, scopes TEXT NOT NULL,
  rate INTEGER NOT NULL, quota INTEGER NOT NULL, concurrency INTEGER NOT NULL,
  created TEXT NOT NULL, expires TEXT, revoked TEXT
) STRICT;
CREATE TABLE used (
  key TEXT NOT NULL REFERENCES keys (id), month TEXT NOT NULL, characters INTEGER NOT NULL,
  PRIMARY KEY (key, month)
) STRICT, WITHOUT ROWID;
CREATE TABLE revision (number INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (1);
CREATE TRIGGER added AFTER INSERT ON keys BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER changed AFTER UPDATE ON keys BEGIN UPDATE revision SET number = number + 1; END
"""
"""`revision` tells a change of the keys from one of what they used, which is written all the time."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, once. A file of a later version is not touched: raises `StoreUnavailable`."""
    if _version(connection) == _VERSION:
        return
    connection.execute("PRAGMA journal_mode = WAL")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)  # another process may have been faster
        if version > _VERSION:
            raise StoreUnavailable("The store of keys was written by a later version of this service.")
        if version == 0:
            for statement in _statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")


def _statements() -> list[str]:
    """Each whole: a trigger has semicolons of its own."""
    statements, statement = [], ""
    for part in _TABLES.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
