"""The keys that the running service knows, as they are kept now, and what they used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from service.errors import KeyInvalid, QuotaExceeded, StoreUnavailable
from service.keys import secret
from service.keys.beside import beside
from service.keys.following import Following
from service.keys.key import Key, month_of
from service.keys.store import Kept, KeyStore


def _now() -> datetime:
    return datetime.now(UTC)


class KeyRing:
    """Keys made, rotated and revoked on the command line count as soon as `following` knows of them. Use it
    from one thread."""

    def __init__(self, store: KeyStore, following: Following, now: Callable[[], datetime] = _now) -> None:
        self._store = store
        self._following = following
        self._now = now
        self._kept: Kept | None = None
        self._keys: dict[str, Key] = {}
        self._used: dict[str, int] = {}
        self._unwritten: dict[tuple[str, str], int] = {}
        self._writing = self._behind = False
        self._closed = False

    @property
    def _month(self) -> str:
        """That `_used` is of."""
        return self._kept.month if self._kept else ""

    @property
    def any(self) -> bool:
        """Whether a key was ever made, be it revoked by now. Raises `StoreUnavailable`."""
        self._refresh()
        return self._closed

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

    async def look(self) -> None:
        """What was changed elsewhere counts from then on; to be called every `LOOK_SECONDS`."""
        await self._following.look()

    async def write_used(self) -> None:
        """What was spent since the last time, beside the event loop; kept where it cannot be written now."""
        written = {which: characters for which, characters in self._unwritten.items() if characters}
        if not written:
            return
        self._writing = True
        try:
            await beside(self._store.add_used, written)
            await self._following.look()
            for which, characters in written.items():
                self._unwritten[which] -= characters
                if not self._unwritten[which]:
                    del self._unwritten[which]
        except StoreUnavailable:
            return
        finally:
            self._writing = False

    def close(self) -> None:
        self._following.close()
        self._store.close()

    def _refresh(self) -> None:
        """Raises `StoreUnavailable`: who cannot read the keys lets nobody in."""
        month = month_of(self._now())
        kept, before = self._following.kept(month, self._kept), self._kept
        if kept is None or (kept is before and not self._behind):
            return
        # A store that was emptied or restored wrongly opens no service that was closed.
        self._closed = self._closed or bool(kept.keys)
        if before is None or kept.keys is not before.keys:
            self._keys = {key.id: key for key in kept.keys}
        self._behind = self._writing and kept.month == self._month
        self._kept = kept
        if self._behind:
            return  # the totals may hold already what is being written, which counts as unwritten
        self._used = dict(kept.used)
        for (key, unwritten_month), characters in self._unwritten.items():
            if unwritten_month == kept.month:
                self._used[key] = max(0, self._used.get(key, 0) + characters)


def _next_month(now: datetime) -> str:
    return (now.astimezone(UTC).replace(day=1) + timedelta(days=32)).strftime("%Y-%m-01")
