"""Keys and what they used."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from service.database.protocol import Database, Transaction
from service.errors import KeyUnknown, SettingInvalid, StoreUnavailable
from service.keys.key import SCOPES, Key, Limits, month_of
from service.keys.schema import prepare
from service.keys.secret import digest_of, new_id, new_secret, written

logger = logging.getLogger("kurzfassung")

_COLUMNS = "id, name, digest, scopes, rate, quota, concurrency, created, expires, revoked"

_INSERT = f"INSERT INTO keys ({_COLUMNS}) VALUES ({', '.join('?' * 10)}) ON CONFLICT DO NOTHING RETURNING id"  # noqa: S608 -- constants


@dataclass(frozen=True, slots=True)
class Kept:
    """The keys at a revision of theirs, and the characters that they used in a month, by their ids."""

    revision: int
    keys: list[Key]
    month: str
    used: dict[str, int]


class KeyStore:
    """May be used from any thread, and from several processes at once. Every method raises
    `StoreUnavailable`, and those that name a key `KeyUnknown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        self._database.close()

    def create(
        self, name: str, scopes: Iterable[str], limits: Limits, expires: datetime | None = None
    ) -> tuple[Key, str]:
        """The key, and what its holder sends: it cannot be told again. Raises `SettingInvalid` for a name
        that is taken or no name, and for an unknown scope."""
        identity, secret = new_id(), new_secret()
        key = Key(
            id=identity,
            name=_name(name),
            digest=digest_of(identity, secret),
            scopes=_scopes(scopes),
            limits=limits,
            created=_now(),
            expires=expires,
        )
        with self._transaction() as transaction:
            if not transaction.execute(_INSERT, *_row(key)):
                raise SettingInvalid(f"There is a key called {key.name!r} already.")
            _changed(transaction)
        return key, written(identity, secret)

    def rotate(self, which: str) -> tuple[Key, str]:
        """A new secret for a key that stays what it is; the old one is refused from now on. Raises
        `SettingInvalid` for a revoked one."""
        with self._found() as transaction:
            key = _find(transaction, which, ":for_update")
            if key.revoked is not None:
                raise SettingInvalid("The key is revoked; make a new one.")
            secret = new_secret()
            transaction.execute("UPDATE keys SET digest = ? WHERE id = ?", digest_of(key.id, secret), key.id)
            _changed(transaction)
        return key, written(key.id, secret)

    def revoke(self, which: str) -> Key:
        """For good. It stays listed, and the service stays closed to callers without a key."""
        with self._found() as transaction:
            key = _find(transaction, which, ":for_update")
            transaction.execute(
                "UPDATE keys SET revoked = coalesce(revoked, ?) WHERE id = ?", _written(_now()), key.id
            )
            _changed(transaction)
            return _find(transaction, key.id)

    def get(self, which: str) -> Key:
        """By id or by name."""
        with self._found() as transaction:
            return _find(transaction, which)

    def all(self) -> list[Key]:
        """The oldest first, revoked ones too."""
        if not self._database.exists():
            return []
        with self._transaction() as transaction:
            return _read_keys(transaction)

    def used(self, month: str) -> dict[str, int]:
        """Characters by key id."""
        if not self._database.exists():
            return {}
        with self._transaction() as transaction:
            return _read_used(transaction, month)

    def kept(self, month: str, before: Kept | None) -> Kept:
        """As `read_kept`."""
        with self._transaction() as transaction:
            return read_kept(transaction, month, before)

    def add_used(self, usage: Mapping[tuple[str, str], int]) -> None:
        """Characters by key id and month, to those that are there already; negative ones give back. What is
        no key here is left out: a store may have been replaced, a job be another machine's."""
        with self._transaction() as transaction:
            transaction.execute_many(
                "INSERT INTO keys_used (key, month, characters) SELECT id, ?, :greatest(0, ?) FROM keys "
                "WHERE id = ? ON CONFLICT (key, month) "
                "DO UPDATE SET characters = :greatest(0, keys_used.characters + ?)",
                # In one order, lest two processes that lock the same rows wait for each other.
                ((month, used, key, used) for (key, month), used in sorted(usage.items())),
            )

    def give_back(self, identity: str, characters: int, charged: float) -> None:
        """Of the month in which they were charged (seconds since 1970), to the key of that id, if there is
        one."""
        if characters and self._database.exists():
            month = month_of(datetime.fromtimestamp(charged, UTC))
            self.add_used({(identity, month): -characters})

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._database.transaction() as transaction:
            prepare(transaction)
            yield transaction

    @contextmanager
    def _found(self) -> Iterator[Transaction]:
        """For what is there already: reading makes no file."""
        if not self._database.exists():
            raise _unknown()
        with self._transaction() as transaction:
            yield transaction


def take_in(source: Transaction, target: Transaction) -> None:
    """What is in one store into another, but for keys that are there already, and what those used. A key
    whose name another has there gets its id beside it."""
    prepare(source)
    prepare(target)
    used = source.execute("SELECT key, month, characters FROM keys_used")
    for key in _read_keys(source):
        if target.execute("SELECT 1 FROM keys WHERE id = ?", key.id):
            continue
        for name in (key.name, f"{key.name} ({key.id})", key.id):
            if target.execute(_INSERT, *_row(replace(key, name=name))):
                break
            logger.warning("the name of a key is another key's here", extra={"facts": {"key": key.id}})
        else:
            raise StoreUnavailable("A key could not be taken in.")
        target.execute_many(
            "INSERT INTO keys_used (key, month, characters) VALUES (?, ?, ?)",
            [row for row in used if row[0] == key.id],
        )
    _changed(target)


def read_kept(transaction: Transaction, month: str, before: Kept | None) -> Kept:
    """All of it; the keys of `before` where they were not changed since."""
    [(revision,)] = transaction.execute("SELECT number FROM keys_revision")
    unchanged = before is not None and before.revision == revision
    keys = before.keys if before and unchanged else _read_keys(transaction)
    return Kept(revision, keys, month, _read_used(transaction, month))


def _read_keys(transaction: Transaction) -> list[Key]:
    return list(map(_key, transaction.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created, rowid")))  # noqa: S608 -- constants


def _read_used(transaction: Transaction, month: str) -> dict[str, int]:
    return dict(transaction.execute("SELECT key, characters FROM keys_used WHERE month = ?", month))


def _changed(transaction: Transaction) -> None:
    transaction.execute("UPDATE keys_revision SET number = number + 1")


def _find(transaction: Transaction, which: str, claim: str = "") -> Key:
    rows = transaction.execute(
        f"SELECT {_COLUMNS} FROM keys WHERE id = ? OR name = ? ORDER BY id = ? DESC LIMIT 1 {claim}",  # noqa: S608 -- constants
        which,
        which,
        which,
    )
    if not rows:
        raise _unknown()
    return _key(rows[0])


def _unknown() -> KeyUnknown:
    return KeyUnknown("There is no key of that id or name; `kurzfassung keys list` shows them.")


def _row(key: Key) -> tuple[object, ...]:
    scopes = " ".join(scope for scope in SCOPES if scope in key.scopes)
    limits = (key.limits.rate, key.limits.quota, key.limits.concurrency)
    times = (_written(key.created), _written(key.expires), _written(key.revoked))
    return (key.id, key.name, key.digest, scopes, *limits, *times)


def _key(row: tuple[object, ...]) -> Key:
    identity, name, digest, scopes, rate, quota, concurrency, created, expires, revoked = row
    created_at = _read(created)
    assert created_at is not None  # noqa: S101 -- the column is never null
    assert isinstance(digest, bytes)  # noqa: S101 -- STRICT table
    return Key(
        id=str(identity),
        name=str(name),
        digest=digest,
        scopes=frozenset(str(scopes).split()),
        limits=Limits(int(str(rate)), int(str(quota)), int(str(concurrency))),
        created=created_at,
        expires=_read(expires),
        revoked=_read(revoked),
    )


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise SettingInvalid("A key's name has 1 to 100 printable characters.")
    return name


def _scopes(scopes: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(scopes)
    if not wanted or wanted - set(SCOPES):
        raise SettingInvalid(f"Scopes are some of {', '.join(SCOPES)}.")
    return wanted


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _written(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _read(written_moment: object) -> datetime | None:
    return datetime.fromisoformat(str(written_moment)) if written_moment else None
