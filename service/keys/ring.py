"""The keys that the running service knows, as they are in the file now, and what they used."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from service.errors import KeyInvalid, QuotaExceeded, StoreUnavailable
from service.keys import secret
from service.keys.key import Key, month_of
from service.keys.store import KeyStore, open_store, read_keys, read_used, unusable


def _now() -> datetime:
    return datetime.now(UTC)


class KeyRing:
    """Keys made, rotated and revoked on the command line count from the next request on: asking SQLite
    whether its file was changed takes microseconds. Use it from one thread."""

    def __init__(self, store: KeyStore, now: Callable[[], datetime] = _now) -> None:
        self._store = store
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._changes: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}
        self._month = ""
        self._used: dict[str, int] = {}
        self._unwritten: dict[tuple[str, str], int] = {}

    @property
    def any(self) -> bool:
        """Whether a key was ever made, be it revoked by now. Raises `StoreUnavailable`."""
        self._refresh()
        return bool(self._keys)

    def known(self, sent: str) -> Key:
        """Raises `KeyInvalid` for whatever is no key that may be used, always with the same words; and
        `StoreUnavailable`."""
        self._refresh()
        parts = secret.read(sent)
        identity, own = parts or ("", "")
        key = self._keys.get(identity)
        right = secret.is_secret(identity, own, key.digest if key else None)
        if key is None or not right or not key.usable(self._now()):
            raise KeyInvalid("The key is not valid here.")
        return key

    def of(self, identity: str) -> Key | None:
        """Who holds work that was taken in with it. Raises `StoreUnavailable`."""
        self._refresh()
        return self._keys.get(identity)

    def used(self, key: Key) -> int:
        """Characters this month, those of other processes with a delay of seconds."""
        self._refresh()
        return self._used.get(key.id, 0)

    def spend(self, key: Key, characters: int) -> None:
        """Raises `QuotaExceeded` where the month's quota does not allow them; they then do not count. A
        negative number gives back."""
        month = month_of(self._now())
        if month != self._month:
            self._refresh()
        used = self._used.get(key.id, 0)
        if characters > 0 and key.limits.quota and used + characters > key.limits.quota:
            raise QuotaExceeded(
                f"The key's quota of {key.limits.quota:,} characters a month allows {characters:,} more only "
                f"from {_next_month(self._now())} on; {used:,} are used."
            )
        self._used[key.id] = max(0, used + characters)
        self._unwritten[key.id, month] = self._unwritten.get((key.id, month), 0) + characters

    def give_back(self, identity: str, characters: int, charged: float) -> None:
        """To the key of that id, if there is one: it may be of another machine; and to the month in which
        they were charged (seconds since 1970), for this one's would be more than it was."""
        month = month_of(datetime.fromtimestamp(charged, UTC))
        if month == self._month:
            self._used[identity] = max(0, self._used.get(identity, 0) - characters)
        self._unwritten[identity, month] = self._unwritten.get((identity, month), 0) - characters

    async def write_used(self) -> None:
        """What was spent since the last time, beside the event loop; kept where it cannot be written now."""
        written = {which: characters for which, characters in self._unwritten.items() if characters}
        if not written:
            return
        try:
            await asyncio.to_thread(self._store.add_used, written)
        except StoreUnavailable:
            return
        for which, characters in written.items():
            self._unwritten[which] -= characters
            if not self._unwritten[which]:
                del self._unwritten[which]
        self._month = ""  # the next look reads the totals anew

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _refresh(self) -> None:
        """Raises `StoreUnavailable`: who cannot read the keys lets nobody in."""
        try:
            self._follow_file()
            if self._connection is None:
                return
            changes = self._changes_now(self._connection)
            month = month_of(self._now())
            if changes == self._changes and month == self._month:
                return
            if self._changes is None or changes[1] != self._changes[1]:
                self._keys = {key.id: key for key in read_keys(self._connection)}
            self._month = month
            self._used = read_used(self._connection, month)
            for (key, unwritten_month), characters in self._unwritten.items():
                if unwritten_month == month:
                    self._used[key] = max(0, self._used.get(key, 0) + characters)
            self._changes = changes
        except (OSError, sqlite3.Error) as error:
            self.close()
            self._file = self._changes = None
            raise unusable(error) from error

    def _follow_file(self) -> None:
        """Open it when it appears, and anew when another was put in its place. One that is taken away leaves
        the keys as they were: losing a file must not open the service."""
        try:
            status = self._store.path.stat()
        except FileNotFoundError:
            return
        if (file := (status.st_dev, status.st_ino)) != self._file:
            connection = open_store(self._store.path)
            self.close()
            self._connection, self._file, self._changes = connection, file, None

    def _changes_now(self, connection: sqlite3.Connection) -> tuple[int, int]:
        """Of the last commit, as this connection counts them, and of the last change of a key."""
        (commit,) = connection.execute("PRAGMA data_version").fetchone()
        if self._changes and self._changes[0] == commit:
            return self._changes
        (revision,) = connection.execute("SELECT number FROM revision").fetchone()
        return commit, revision


def _next_month(now: datetime) -> str:
    return (now.astimezone(UTC).replace(day=1) + timedelta(days=32)).strftime("%Y-%m-01")
