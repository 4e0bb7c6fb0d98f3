"""Keys in a file and in PostgreSQL, and as the running service sees them."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.errors import KeyInvalid, KeyUnknown, QuotaExceeded, SettingInvalid, StoreUnavailable
from service.keys.following import FollowedDatabase, FollowedFile, Following
from service.keys.key import Limits
from service.keys.ring import KeyRing
from service.keys.store import KeyStore
from tests.keys import key_store

OpenRing = Callable[[], KeyRing]


class Calendar:
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def path(data_dir: Path) -> Path:
    """Of the store, where it is a file."""
    return data_dir / "keys.sqlite"


@pytest.fixture
def store(data_dir: Path, database_url: str) -> Iterator[KeyStore]:
    with closing(key_store(data_dir, database_url)) as store:
        yield store


@pytest.fixture
def file_store(data_dir: Path) -> KeyStore:
    return key_store(data_dir)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def open_ring(data_dir: Path, database_url: str, path: Path, calendar: Calendar) -> Iterator[OpenRing]:
    """As each process has one."""
    with ExitStack() as stack:

        def open_it() -> KeyRing:
            store = key_store(data_dir, database_url)
            following: Following = FollowedFile(path)
            if database_url:
                following = FollowedDatabase(store, calendar)
            return stack.enter_context(closing(KeyRing(store, following, calendar)))

        yield open_it


@pytest.fixture
async def ring(open_ring: OpenRing) -> KeyRing:
    ring = open_ring()
    await ring.look()
    return ring


@pytest.fixture
def file_ring(file_store: KeyStore, path: Path, calendar: Calendar) -> Iterator[KeyRing]:
    with closing(KeyRing(file_store, FollowedFile(path), calendar)) as ring:
        yield ring


def test_nothing_of_the_secret_is_kept_and_only_the_owner_reads_the_file(
    file_store: KeyStore, path: Path
) -> None:
    key, secret = file_store.create("Web", ["translate"], Limits())
    assert file_store.get("Web") == key == file_store.get(key.id)
    parts = [secret.encode(), secret.rpartition("_")[2].encode(), bytes.fromhex(secret.rpartition("_")[2])]
    for file in path.parent.iterdir():
        assert not any(part in file.read_bytes() for part in parts)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_running_service_follows_every_change(store: KeyStore, ring: KeyRing) -> None:
    assert not ring.any
    key, secret = store.create("Web", ["translate"], Limits())
    await ring.look()
    assert ring.any
    assert ring.known(secret) == key
    _, newer = store.rotate("Web")
    await ring.look()
    with pytest.raises(KeyInvalid):
        ring.known(secret)
    assert ring.known(newer).id == key.id
    store.revoke(key.id)
    await ring.look()
    with pytest.raises(KeyInvalid):
        ring.known(newer)
    assert ring.any  # who revokes the last key does not open the service


async def test_wrong_revoked_and_expired_keys_are_refused_in_the_same_words(
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    _, revoked = store.create("revoked", ["translate"], Limits())
    _, expired = store.create("expired", ["translate"], Limits(), calendar.now + timedelta(hours=1))
    store.revoke("revoked")
    await ring.look()
    assert ring.known(expired)
    calendar.now += timedelta(hours=1)
    wrong = expired[:-1] + ("0" if expired[-1] != "0" else "1")
    unknown = "kf_" + "0" * 12 + "_" + "0" * 64
    messages = set()
    for sent in (revoked, expired, wrong, unknown, "", "any key", "kf_ä_ß", expired.upper(), expired + "\n"):
        with pytest.raises(KeyInvalid) as refused:
            ring.known(sent)
        messages.add(refused.value.message)
    assert len(messages) == 1


async def test_a_quota_is_counted_by_month_and_survives_a_restart(
    store: KeyStore, ring: KeyRing, open_ring: OpenRing, calendar: Calendar
) -> None:
    key, secret = store.create("Web", ["translate"], Limits(quota=100))
    await ring.look()
    ring.known(secret)
    ring.spend(key, 90)
    with pytest.raises(QuotaExceeded, match=r"100 characters a month .* 11 more only from 2026-12-01"):
        ring.spend(key, 11)
    assert ring.used(key) == 90
    await ring.write_used()
    assert ring.used(key) == 90
    again = open_ring()
    await again.look()
    again.known(secret)
    assert again.used(key) == 90
    again.spend(key, 10)
    await again.write_used()
    await ring.look()
    assert ring.used(key) == 100  # of the other process
    with pytest.raises(QuotaExceeded):
        ring.spend(key, 1)
    calendar.now = datetime(2026, 12, 1, tzinfo=UTC)
    ring.spend(key, 100)
    assert ring.used(key) == 100
    await ring.look()
    assert ring.used(key) == 100
    assert store.used("2026-11") == {key.id: 100}


async def test_what_is_given_back_is_not_counted(store: KeyStore, ring: KeyRing) -> None:
    key, secret = store.create("Web", ["translate"], Limits(quota=100))
    await ring.look()
    ring.known(secret)
    ring.spend(key, 100)
    await ring.write_used()
    ring.spend(key, -60)
    await ring.write_used()
    assert ring.used(key) == 40


async def test_a_key_that_is_not_there_keeps_no_other_from_being_counted(
    file_store: KeyStore, file_ring: KeyRing, path: Path, tmp_path: Path
) -> None:
    gone, secret = file_store.create("gone", ["translate"], Limits())
    file_ring.known(secret)
    file_ring.spend(gone, 5)
    file_ring.give_back("of another machine", 5, Calendar.now.timestamp())
    other = key_store(tmp_path / "other")
    key, _ = other.create("Web", ["translate"], Limits())
    for file in path.parent.iterdir():
        file.unlink()
    (tmp_path / "other" / "keys.sqlite").rename(path)
    assert file_ring.any
    file_ring.spend(key, 7)
    await file_ring.write_used()
    assert file_store.used("2026-11") == {key.id: 7}
    file_ring.spend(key, 1)
    await file_ring.write_used()
    assert file_store.used("2026-11") == {key.id: 8}


async def test_what_is_given_back_before_anybody_asked_for_a_key_counts(
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    key, _ = store.create("Web", ["translate"], Limits(quota=100))
    store.add_used({(key.id, "2026-11"): 60})
    await ring.look()
    ring.give_back(key.id, 40, calendar.now.timestamp())
    assert ring.used(key) == 20
    await ring.write_used()
    assert store.used("2026-11") == {key.id: 20}


async def test_what_is_given_back_is_given_to_the_month_it_was_charged_in(
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    key, _ = store.create("Web", ["translate"], Limits(quota=1000))
    await ring.look()
    ring.spend(key, 600)
    charged = calendar.now.timestamp()
    calendar.now = datetime(2026, 12, 1, tzinfo=UTC)
    ring.spend(key, 500)
    ring.give_back(key.id, 400, charged)
    assert ring.used(key) == 500
    await ring.write_used()
    store.give_back(key.id, 100, charged)
    assert store.used("2026-11") == {key.id: 100}
    assert store.used("2026-12") == {key.id: 500}


def test_a_store_that_cannot_be_read_lets_nobody_in(
    file_store: KeyStore, file_ring: KeyRing, path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailable):
        _ = file_ring.any
    path.unlink()
    _, secret = file_store.create("Web", ["translate"], Limits())
    assert file_ring.known(secret)


def test_a_store_that_is_taken_away_does_not_open_the_service(
    file_store: KeyStore, file_ring: KeyRing, path: Path
) -> None:
    _, secret = file_store.create("Web", ["translate"], Limits())
    assert file_ring.any
    for file in path.parent.iterdir():
        file.unlink()
    assert file_ring.any
    assert file_ring.known(secret)


def test_a_store_of_a_later_version_is_not_touched(
    file_store: KeyStore, file_ring: KeyRing, path: Path
) -> None:
    file_store.create("Web", ["translate"], Limits())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    with pytest.raises(StoreUnavailable, match="later version"):
        file_store.all()
    with pytest.raises(StoreUnavailable):
        _ = file_ring.any


@pytest.mark.parametrize(
    ("name", "scopes"), [("", ["translate"]), ("a\nb", ["translate"]), ("a", []), ("a", ["x"])]
)
def test_what_is_no_key_is_not_made(store: KeyStore, name: str, scopes: list[str]) -> None:
    with pytest.raises(SettingInvalid):
        store.create(name, scopes, Limits())
    assert store.all() == []


def test_a_key_that_is_not_there(store: KeyStore) -> None:
    for ask in (store.get, store.revoke, store.rotate):
        with pytest.raises(KeyUnknown):
            ask("nobody")
