"""The tables that glossaries are kept in, and how those of earlier versions become these."""

from __future__ import annotations

from service.database.migration import migrate
from service.database.protocol import Transaction

_VERSION = 3

_TABLES = """
CREATE TABLE glossaries (
  :rowid id TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL, owner TEXT NOT NULL DEFAULT ''
) :strict;
CREATE TABLE dictionaries (
  id :serial,
  glossary TEXT NOT NULL REFERENCES glossaries (id) ON DELETE CASCADE,
  source TEXT NOT NULL, target TEXT NOT NULL, size INTEGER NOT NULL,
  UNIQUE (glossary, source, target)
) :strict;
CREATE TABLE terms (
  dictionary INTEGER NOT NULL REFERENCES dictionaries (id) ON DELETE CASCADE,
  number INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
  PRIMARY KEY (dictionary, number)
) :clustered;
"""
"""`size` counts the terms, so that a list of all glossaries need not. A glossary without an owner is
everybody's."""

_ASIDE_1 = """
ALTER TABLE terms RENAME TO old_terms;
ALTER TABLE glossaries RENAME TO old_glossaries;
"""
_OVER_1 = """
INSERT INTO glossaries (id, name, created) SELECT id, name, created FROM old_glossaries ORDER BY created, id;
INSERT INTO dictionaries (glossary, source, target, size)
  SELECT id, source, target, (SELECT count(*) FROM old_terms WHERE glossary = old_glossaries.id)
  FROM old_glossaries;
INSERT INTO terms
  SELECT dictionaries.id, number, old_terms.source, old_terms.target
  FROM old_terms JOIN dictionaries ON dictionaries.glossary = old_terms.glossary;
DROP TABLE old_terms;
DROP TABLE old_glossaries;
"""
"""In version 1 a glossary was for one pair of languages."""

_OVER_2 = "ALTER TABLE glossaries ADD COLUMN owner TEXT NOT NULL DEFAULT ''"
"""In version 2 all glossaries were everybody's."""

_FROM = {0: _TABLES, 1: _ASIDE_1 + _TABLES + _OVER_1, 2: _OVER_2}


def prepare(transaction: Transaction) -> None:
    """As `migrate`."""
    migrate(transaction, "glossaries", _VERSION, _FROM)
