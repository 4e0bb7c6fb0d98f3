"""Glossaries kept between requests, in one SQLite file that only its owner may read."""

from __future__ import annotations

import logging
import os
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.errors import GlossaryInvalid, GlossaryNotFound, StoreUnavailable
from service.terms.glossary import Dictionaries, Dictionary, Term, check_terms
from service.terms.schema import prepare

logger = logging.getLogger("kurzfassung")

MOST_GLOSSARIES = 1000


@dataclass(frozen=True, slots=True)
class StoredDictionary:
    """`terms` counts them."""

    source_language: str
    target_language: str
    terms: int


@dataclass(frozen=True, slots=True)
class StoredGlossary:
    """At most one dictionary for a pair of languages; `created` is in ISO 8601, UTC."""

    id: str
    name: str
    created: str
    dictionaries: tuple[StoredDictionary, ...]

    @property
    def is_for_one_pair(self) -> bool:
        return len(self.dictionaries) == 1

    @property
    def only(self) -> StoredDictionary:
        """Raises `GlossaryInvalid` where it is not for one pair of languages."""
        if not self.is_for_one_pair:
            raise GlossaryInvalid(
                f"This glossary has {len(self.dictionaries)} dictionaries; here only one with a single "
                "dictionary can be read.",
                pointer="#/glossary",
            )
        return self.dictionaries[0]


class GlossaryStore:
    """May be used from any thread; the file and its folder are made at the first writing, and what is
    deleted is overwritten. Every method raises `StoreUnavailable` where the file cannot be used; those that
    take an id, a UUID with or without hyphens, `GlossaryNotFound`, and those that take terms
    `GlossaryInvalid`.

    Seen are the glossaries of `owner` and those of nobody, which are everybody's."""

    def __init__(self, path: Path, owner: str = "") -> None:
        self._path = path
        self._owner = owner

    def of(self, owner: str) -> GlossaryStore:
        """The same store as its user sees it."""
        return GlossaryStore(self._path, owner)

    def add(self, name: str, dictionaries: Sequence[Dictionary]) -> StoredGlossary:
        _check(dictionaries)
        identity = uuid.uuid4().hex
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing() as connection:
            (kept,) = connection.execute(
                "SELECT count(*) FROM glossaries WHERE owner = ?", (self._owner,)
            ).fetchone()
            if kept >= MOST_GLOSSARIES:
                raise GlossaryInvalid(f"At most {MOST_GLOSSARIES:,} glossaries are kept; delete one first.")
            connection.execute(
                "INSERT INTO glossaries VALUES (?, ?, ?, ?)", (identity, name, created, self._owner)
            )
            for dictionary in dictionaries:
                _put(connection, identity, dictionary)
            return _read(connection, identity, self._owner)

    def all(self) -> list[StoredGlossary]:
        """The oldest first."""
        with self._connected() as connection:
            heads = connection.execute(
                "SELECT id, name, created FROM glossaries WHERE owner IN (?, '') ORDER BY created, rowid",
                (self._owner,),
            ).fetchall()
            rows = connection.execute("SELECT glossary, source, target, size FROM dictionaries ORDER BY id")
            dictionaries: dict[str, list[StoredDictionary]] = {}
            for glossary, *dictionary in rows:
                dictionaries.setdefault(glossary, []).append(StoredDictionary(*dictionary))
        return [
            StoredGlossary(key, name, created, tuple(dictionaries.get(key, ())))
            for key, name, created in heads
        ]

    def get(self, identity: str) -> StoredGlossary:
        with self._connected() as connection:
            return _read(connection, _key(identity), self._owner)

    def terms(self, identity: str, source: str, target: str) -> tuple[Term, ...]:
        """Raises `GlossaryNotFound` also where there are none for this pair of languages."""
        with self._connected() as connection:
            _read(connection, _key(identity), self._owner)
            dictionary = _dictionary(connection, _key(identity), source, target)
            return _terms(connection, dictionary)

    def dictionaries(self, identity: str) -> Dictionaries:
        with self._connected() as connection:
            key = _key(identity)
            rows = _read(connection, key, self._owner).dictionaries
            pairs = [(row.source_language, row.target_language) for row in rows]
            return Dictionaries(
                tuple(
                    Dictionary(*pair, _terms(connection, _dictionary(connection, key, *pair)))
                    for pair in pairs
                )
            )

    def update(
        self, identity: str, *, name: str | None = None, dictionaries: Sequence[Dictionary] = ()
    ) -> StoredGlossary:
        """A new name, and terms that are added to those for the same languages; one whose source is there
        gets the new target."""
        key = _key(identity)
        with self._writing() as connection:
            before = {
                (d.source_language, d.target_language)
                for d in _read(connection, key, self._owner).dictionaries
            }
            if name is not None:
                connection.execute("UPDATE glossaries SET name = ? WHERE id = ?", (name, key))
            _check(dictionaries)
            for added in dictionaries:
                pair = (added.source_language, added.target_language)
                if pair in before:
                    kept = _terms(connection, _dictionary(connection, key, *pair))
                    merged = {term.source: term for term in (*kept, *added.terms)}
                    check_terms(merged.values())
                    added = Dictionary(*pair, tuple(merged.values()))  # noqa: PLW2901 -- the same, with more
                _put(connection, key, added)
            return _read(connection, key, self._owner)

    def replace(self, identity: str, dictionary: Dictionary) -> StoredDictionary:
        """Instead of the terms for these languages, if there are any."""
        key = _key(identity)
        _check([dictionary])
        with self._writing() as connection:
            _read(connection, key, self._owner)
            _put(connection, key, dictionary)
        return StoredDictionary(dictionary.source_language, dictionary.target_language, len(dictionary.terms))

    def remove(self, identity: str) -> None:
        with self._writing() as connection:
            key = _read(connection, _key(identity), self._owner).id
            connection.execute("DELETE FROM glossaries WHERE id = ?", (key,))

    def remove_dictionary(self, identity: str, source: str, target: str) -> None:
        """Raises `GlossaryNotFound` also where there is none for this pair of languages."""
        with self._writing() as connection:
            _read(connection, _key(identity), self._owner)
            dictionary = _dictionary(connection, _key(identity), source, target)
            connection.execute("DELETE FROM dictionaries WHERE id = ?", (dictionary,))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        with self._connected(writing=True) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _connected(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if writing:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            elif not self._path.is_file():
                with closing(sqlite3.connect(":memory:")) as empty:
                    prepare(empty)
                    yield empty
                return
            with closing(sqlite3.connect(self._path, timeout=5)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")
                prepare(connection)
                yield connection
        except (OSError, sqlite3.Error) as error:
            logger.error("the store of glossaries", extra={"facts": {"cause": type(error).__name__}})
            raise StoreUnavailable("The store of glossaries cannot be used right now.") from error


def _check(dictionaries: Sequence[Dictionary]) -> None:
    pairs = {(each.source_language, each.target_language) for each in dictionaries}
    if len(pairs) < len(dictionaries):
        raise GlossaryInvalid("A glossary has one dictionary for a pair of languages.")
    for each in dictionaries:
        check_terms(each.terms)


def _read(connection: sqlite3.Connection, key: str, owner: str) -> StoredGlossary:
    """Raises `GlossaryNotFound` also where it is somebody else's."""
    head = connection.execute(
        "SELECT id, name, created FROM glossaries WHERE id = ? AND owner IN (?, '')", (key, owner)
    ).fetchone()
    if head is None:
        raise _not_found()
    rows = connection.execute(
        "SELECT source, target, size FROM dictionaries WHERE glossary = ? ORDER BY id", (key,)
    )
    identity, name, created = head
    return StoredGlossary(identity, name, created, tuple(StoredDictionary(*row) for row in rows))


def _dictionary(connection: sqlite3.Connection, key: str, source: str, target: str) -> int:
    row = connection.execute(
        "SELECT id FROM dictionaries WHERE glossary = ? AND source = ? AND target = ?", (key, source, target)
    ).fetchone()
    if row is None:
        raise GlossaryNotFound(f"The glossary has no dictionary for {source!r} to {target!r}.")
    return int(row[0])


def _terms(connection: sqlite3.Connection, dictionary: int) -> tuple[Term, ...]:
    rows = connection.execute(
        "SELECT source, target FROM terms WHERE dictionary = ? ORDER BY number", (dictionary,)
    )
    return tuple(Term(*row) for row in rows)


def _put(connection: sqlite3.Connection, key: str, dictionary: Dictionary) -> None:
    """In the place of the one for the same languages."""
    pair = (dictionary.source_language, dictionary.target_language)
    (number,) = connection.execute(
        "INSERT INTO dictionaries (glossary, source, target, size) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET size = excluded.size RETURNING id",
        (key, *pair, len(dictionary.terms)),
    ).fetchone()
    connection.execute("DELETE FROM terms WHERE dictionary = ?", (number,))
    connection.executemany(
        "INSERT INTO terms VALUES (?, ?, ?, ?)",
        ((number, at, term.source, term.target) for at, term in enumerate(dictionary.terms)),
    )


def _key(identity: str) -> str:
    return identity.replace("-", "").lower()


def _not_found() -> GlossaryNotFound:
    return GlossaryNotFound("There is no glossary of that id here.", pointer="#/glossary")
