"""Keys and what they used, in one SQLite file that only its owner may read."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service.errors import KeyUnknown, SettingInvalid, StoreUnavailable
from service.keys.key import SCOPES, Key, Limits, month_of
from service.keys.schema import prepare
from service.keys.secret import digest_of, new_id, new_secret, written

logger = logging.getLogger("kurzfassung")

_COLUMNS = "id, name, digest, scopes, rate, quota, concurrency, created, expires, revoked"


class KeyStore:
    """May be used from any thread; the file is made with the first key. Every method raises
    `StoreUnavailable` where it cannot be used, and those that name a key `KeyUnknown`."""

    def __init__(self, path: Path) -> None:
        self.path = path

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
        try:
            with self._writing() as connection:
                marks = ", ".join("?" * 10)
                connection.execute(f"INSERT INTO keys ({_COLUMNS}) VALUES ({marks})", _row(key))  # noqa: S608 -- constants
        except sqlite3.IntegrityError:
            raise SettingInvalid(f"There is a key called {key.name!r} already.") from None
        return key, written(identity, secret)

    def rotate(self, which: str) -> tuple[Key, str]:
        """A new secret for a key that stays what it is; the old one is refused from now on. Raises
        `SettingInvalid` for a revoked one."""
        with self._writing() as connection:
            key = _find(connection, which)
            if key.revoked is not None:
                raise SettingInvalid("The key is revoked; make a new one.")
            secret = new_secret()
            digest = digest_of(key.id, secret)
            connection.execute("UPDATE keys SET digest = ? WHERE id = ?", (digest, key.id))
        return key, written(key.id, secret)

    def revoke(self, which: str) -> Key:
        """For good. It stays listed, and the service stays closed to callers without a key."""
        with self._writing() as connection:
            key = _find(connection, which)
            connection.execute(
                "UPDATE keys SET revoked = coalesce(revoked, ?) WHERE id = ?", (_written(_now()), key.id)
            )
            return _find(connection, key.id)

    def get(self, which: str) -> Key:
        """By id or by name."""
        with self._connected() as connection:
            return _find(connection, which)

    def all(self) -> list[Key]:
        """The oldest first, revoked ones too."""
        with self._connected() as connection:
            return read_keys(connection)

    def used(self, month: str) -> dict[str, int]:
        """Characters by key id."""
        with self._connected() as connection:
            return read_used(connection, month)

    def add_used(self, usage: Mapping[tuple[str, str], int]) -> None:
        """Characters by key id and month, to those that are there already; negative ones give back. What is
        no key here is left out: a store may have been replaced, a job be another machine's."""
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO used (key, month, characters) SELECT id, ?, max(0, ?) FROM keys WHERE id = ? "
                "ON CONFLICT DO UPDATE SET characters = max(0, characters + ?)",
                [(month, characters, key, characters) for (key, month), characters in usage.items()],
            )

    def give_back(self, identity: str, characters: int, charged: float) -> None:
        """Of the month in which they were charged (seconds since 1970), to the key of that id, if there is
        one."""
        if characters and self.path.exists():
            month = month_of(datetime.fromtimestamp(charged, UTC))
            self.add_used({(identity, month): -characters})

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
                self._make()
            with closing(open_store(self.path if writing or self.path.exists() else None)) as connection:
                yield connection
        except sqlite3.IntegrityError:
            raise
        except (OSError, sqlite3.Error) as error:
            raise unusable(error) from error

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))


def open_store(path: Path | None) -> sqlite3.Connection:
    """An empty one for None. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(path or ":memory:", timeout=5, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def read_keys(connection: sqlite3.Connection) -> list[Key]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created, rowid")  # noqa: S608 -- constants
    return [_key(row) for row in rows]


def read_used(connection: sqlite3.Connection, month: str) -> dict[str, int]:
    return dict(connection.execute("SELECT key, characters FROM used WHERE month = ?", (month,)).fetchall())


def unusable(error: Exception) -> StoreUnavailable:
    logger.error("the store of keys", extra={"facts": {"cause": type(error).__name__}})
    return StoreUnavailable("The store of keys cannot be used right now.", retry_after=5)


def _find(connection: sqlite3.Connection, which: str) -> Key:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM keys WHERE id = ? OR name = ? ORDER BY id = ? DESC",  # noqa: S608 -- constants
        (which, which, which),
    ).fetchone()
    if row is None:
        raise KeyUnknown("There is no key of that id or name; `kurzfassung keys list` shows them.")
    return _key(row)


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
