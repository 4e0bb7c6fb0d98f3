"""Glossaries kept between requests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from service.database.protocol import Database, Transaction
from service.errors import GlossaryInvalid, GlossaryNotFound
from service.terms.glossary import Dictionaries, Dictionary, Term, check_terms
from service.terms.schema import prepare

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
    """May be used from any thread, and from several processes at once. Every method raises
    `StoreUnavailable`; those that take an id, a UUID with or without hyphens, `GlossaryNotFound`, and those
    that take terms `GlossaryInvalid`.

    Seen are the glossaries of `owner` and those of nobody, which are everybody's."""

    def __init__(self, database: Database, owner: str = "") -> None:
        self._database = database
        self._owner = owner

    def of(self, owner: str) -> GlossaryStore:
        """The same store as its user sees it."""
        return GlossaryStore(self._database, owner)

    def open(self) -> None:
        """Notice now what is wrong with a store that is there."""
        if self._database.exists():
            with self._transaction():
                pass

    def close(self) -> None:
        self._database.close()

    def add(self, name: str, dictionaries: Sequence[Dictionary]) -> StoredGlossary:
        _check(dictionaries)
        identity = uuid.uuid4().hex
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as transaction:
            [(kept,)] = transaction.execute("SELECT count(*) FROM glossaries WHERE owner = ?", self._owner)
            if kept >= MOST_GLOSSARIES:
                raise GlossaryInvalid(f"At most {MOST_GLOSSARIES:,} glossaries are kept; delete one first.")
            transaction.execute(
                "INSERT INTO glossaries (id, name, created, owner) VALUES (?, ?, ?, ?)",
                identity,
                name,
                created,
                self._owner,
            )
            for dictionary in dictionaries:
                _put(transaction, identity, dictionary)
            return _read(transaction, identity, self._owner)

    def all(self) -> list[StoredGlossary]:
        """The oldest first."""
        if not self._database.exists():
            return []
        with self._transaction() as transaction:
            return _glossaries(transaction, "owner IN (?, '')", self._owner)

    def get(self, identity: str) -> StoredGlossary:
        with self._found() as transaction:
            return _read(transaction, _key(identity), self._owner)

    def terms(self, identity: str, source: str, target: str) -> tuple[Term, ...]:
        """Raises `GlossaryNotFound` also where there are none for this pair of languages."""
        for dictionary in self.dictionaries(identity, (source, target)).dictionaries:
            return dictionary.terms
        raise _no_dictionary(source, target)

    def dictionaries(self, identity: str, pair: tuple[str, str] | None = None) -> Dictionaries:
        """All, or that of a pair of languages, if there is one."""
        of_pair = "" if pair is None else "AND dictionaries.source = ? AND dictionaries.target = ?"
        with self._found() as transaction:
            # One statement is of one moment, whoever changes the glossary meanwhile.
            rows = transaction.execute(
                "SELECT dictionaries.id, dictionaries.source, dictionaries.target, "  # noqa: S608 -- constants
                "terms.source, terms.target "
                f"FROM glossaries LEFT JOIN dictionaries ON dictionaries.glossary = glossaries.id {of_pair} "
                "LEFT JOIN terms ON terms.dictionary = dictionaries.id "
                "WHERE glossaries.id = ? AND owner IN (?, '') ORDER BY dictionaries.id, terms.number",
                *(pair or ()),
                _key(identity),
                self._owner,
            )
        if not rows:
            raise _not_found()
        found: dict[tuple[str, str], list[Term]] = {}
        for number, source, target, *term in rows:
            if number is not None:
                kept = found.setdefault((source, target), [])
                kept.extend([Term(*term)] if term[0] is not None else [])
        return Dictionaries(tuple(Dictionary(*of, tuple(terms)) for of, terms in found.items()))

    def update(
        self, identity: str, *, name: str | None = None, dictionaries: Sequence[Dictionary] = ()
    ) -> StoredGlossary:
        """A new name, and terms that are added to those for the same languages; one whose source is there
        gets the new target."""
        key = _key(identity)
        with self._found() as transaction:
            before = {
                (d.source_language, d.target_language)
                for d in _claimed(transaction, key, self._owner).dictionaries
            }
            if name is not None:
                transaction.execute("UPDATE glossaries SET name = ? WHERE id = ?", name, key)
            _check(dictionaries)
            for added in dictionaries:
                pair = (added.source_language, added.target_language)
                if pair in before:
                    kept = _terms(transaction, _dictionary(transaction, key, *pair))
                    merged = {term.source: term for term in (*kept, *added.terms)}
                    check_terms(merged.values())
                    added = Dictionary(*pair, tuple(merged.values()))  # noqa: PLW2901 -- the same, with more
                _put(transaction, key, added)
            return _read(transaction, key, self._owner)

    def replace(self, identity: str, dictionary: Dictionary) -> StoredDictionary:
        """Instead of the terms for these languages, if there are any."""
        key = _key(identity)
        _check([dictionary])
        with self._found() as transaction:
            _claimed(transaction, key, self._owner)
            _put(transaction, key, dictionary)
        return StoredDictionary(dictionary.source_language, dictionary.target_language, len(dictionary.terms))

    def remove(self, identity: str) -> None:
        with self._found() as transaction:
            key = _claimed(transaction, _key(identity), self._owner).id
            transaction.execute("DELETE FROM glossaries WHERE id = ?", key)

    def remove_dictionary(self, identity: str, source: str, target: str) -> None:
        """Raises `GlossaryNotFound` also where there is none for this pair of languages."""
        with self._found() as transaction:
            _claimed(transaction, _key(identity), self._owner)
            dictionary = _dictionary(transaction, _key(identity), source, target)
            transaction.execute("DELETE FROM dictionaries WHERE id = ?", dictionary)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._database.transaction() as transaction:
            prepare(transaction)
            yield transaction

    @contextmanager
    def _found(self) -> Iterator[Transaction]:
        """For what is there already: reading makes no file."""
        if not self._database.exists():
            raise _not_found()
        with self._transaction() as transaction:
            yield transaction


def take_in(source: Transaction, target: Transaction) -> None:
    """What is in one store into another, but for glossaries whose ids are there already."""
    prepare(source)
    prepare(target)
    for key, *head in source.execute(
        "SELECT id, name, created, owner FROM glossaries ORDER BY created, rowid"
    ):
        new = target.execute(
            "INSERT INTO glossaries (id, name, created, owner) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO NOTHING RETURNING id",
            key,
            *head,
        )
        pairs = source.execute(
            "SELECT id, source, target FROM dictionaries WHERE glossary = ? ORDER BY id", key
        )
        for number, of, to in pairs if new else []:
            _put(target, key, Dictionary(of, to, _terms(source, number)))


def _check(dictionaries: Sequence[Dictionary]) -> None:
    pairs = {(each.source_language, each.target_language) for each in dictionaries}
    if len(pairs) < len(dictionaries):
        raise GlossaryInvalid("A glossary has one dictionary for a pair of languages.")
    for each in dictionaries:
        check_terms(each.terms)


def _read(transaction: Transaction, key: str, owner: str) -> StoredGlossary:
    """Raises `GlossaryNotFound` also where it is somebody else's."""
    for found in _glossaries(transaction, "owner IN (?, '') AND glossaries.id = ?", owner, key):
        return found
    raise _not_found()


def _claimed(transaction: Transaction, key: str, owner: str) -> StoredGlossary:
    """The same, and nobody else changes it until the transaction ends."""
    transaction.execute("SELECT id FROM glossaries WHERE id = ? :for_update", key)
    return _read(transaction, key, owner)


def _glossaries(transaction: Transaction, condition: str, *parameters: object) -> list[StoredGlossary]:
    """The oldest first."""
    rows = transaction.execute(
        "SELECT glossaries.id, name, created, source, target, size FROM glossaries "  # noqa: S608 -- constants
        "LEFT JOIN dictionaries ON dictionaries.glossary = glossaries.id "
        f"WHERE {condition} ORDER BY created, glossaries.rowid, dictionaries.id",
        *parameters,
    )
    found: dict[str, StoredGlossary] = {}
    for key, name, created, *dictionary in rows:
        kept = found.get(key, StoredGlossary(key, name, created, ()))
        more = () if dictionary[0] is None else (StoredDictionary(*dictionary),)
        found[key] = replace(kept, dictionaries=(*kept.dictionaries, *more))
    return list(found.values())


def _dictionary(transaction: Transaction, key: str, source: str, target: str) -> int:
    rows = transaction.execute(
        "SELECT id FROM dictionaries WHERE glossary = ? AND source = ? AND target = ?", key, source, target
    )
    if not rows:
        raise _no_dictionary(source, target)
    return int(rows[0][0])


def _terms(transaction: Transaction, dictionary: int) -> tuple[Term, ...]:
    rows = transaction.execute(
        "SELECT source, target FROM terms WHERE dictionary = ? ORDER BY number", dictionary
    )
    return tuple(Term(*row) for row in rows)


def _put(transaction: Transaction, key: str, dictionary: Dictionary) -> None:
    """In the place of the one for the same languages."""
    [(number,)] = transaction.execute(
        "INSERT INTO dictionaries (glossary, source, target, size) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (glossary, source, target) DO UPDATE SET size = excluded.size RETURNING id",
        key,
        dictionary.source_language,
        dictionary.target_language,
        len(dictionary.terms),
    )
    transaction.execute("DELETE FROM terms WHERE dictionary = ?", number)
    transaction.execute_many(
        "INSERT INTO terms VALUES (?, ?, ?, ?)",
        ((number, at, term.source, term.target) for at, term in enumerate(dictionary.terms)),
    )


def _key(identity: str) -> str:
    return identity.replace("-", "").lower()


def _not_found() -> GlossaryNotFound:
    return GlossaryNotFound("There is no glossary of that id here.", pointer="#/glossary")


def _no_dictionary(source: str, target: str) -> GlossaryNotFound:
    return GlossaryNotFound(f"The glossary has no dictionary for {source!r} to {target!r}.")
