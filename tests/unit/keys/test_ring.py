"""Keys in their file, and as the running service sees them."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.errors import KeyInvalid, KeyUnknown, QuotaExceeded, SettingInvalid, StoreUnavailable
from service.keys.key import Limits
from service.keys.ring import KeyRing
from service.keys.store import KeyStore


class Calendar:
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "data" / "keys.sqlite")


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def ring(store: KeyStore, calendar: Calendar) -> Iterator[KeyRing]:
    ring = KeyRing(store, calendar)
    yield ring
    ring.close()


def test_nothing_of_the_secret_is_kept_and_only_the_owner_reads_the_file(store: KeyStore) -> None:
    key, secret = store.create("Web", ["translate"], Limits())
    assert store.get("Web") == key == store.get(key.id)
    parts = [secret.encode(), secret.rpartition("_")[2].encode(), bytes.fromhex(secret.rpartition("_")[2])]
    for file in store.path.parent.iterdir():
        assert not any(part in file.read_bytes() for part in parts)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_running_service_follows_every_change(store: KeyStore, ring: KeyRing) -> None:
    assert not ring.any
    key, secret = store.create("Web", ["translate"], Limits())
    assert ring.any
    assert ring.known(secret) == key
    _, newer = store.rotate("Web")
    with pytest.raises(KeyInvalid):
        ring.known(secret)
    assert ring.known(newer).id == key.id
    store.revoke(key.id)
    with pytest.raises(KeyInvalid):
        ring.known(newer)
    assert ring.any  # who revokes the last key does not open the service


def test_wrong_revoked_and_expired_keys_are_refused_in_the_same_words(
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    _, revoked = store.create("revoked", ["translate"], Limits())
    _, expired = store.create("expired", ["translate"], Limits(), calendar.now + timedelta(hours=1))
    assert ring.known(expired)
    store.revoke("revoked")
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
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    key, secret = store.create("Web", ["translate"], Limits(quota=100))
    ring.known(secret)
    ring.spend(key, 90)
    with pytest.raises(QuotaExceeded, match=r"100 characters a month .* 11 more only from 2026-12-01"):
        ring.spend(key, 11)
    assert ring.used(key) == 90
    await ring.write_used()
    assert ring.used(key) == 90
    again = KeyRing(store, calendar)
    again.known(secret)
    assert again.used(key) == 90
    again.spend(key, 10)
    await again.write_used()
    assert ring.used(key) == 100  # of the other process
    again.close()
    with pytest.raises(QuotaExceeded):
        ring.spend(key, 1)
    calendar.now = datetime(2026, 12, 1, tzinfo=UTC)
    ring.spend(key, 100)
    assert ring.used(key) == 100
    assert store.used("2026-11") == {key.id: 100}


async def test_what_is_given_back_is_not_counted(store: KeyStore, ring: KeyRing) -> None:
    key, secret = store.create("Web", ["translate"], Limits(quota=100))
    ring.known(secret)
    ring.spend(key, 100)
    await ring.write_used()
    ring.spend(key, -60)
    await ring.write_used()
    assert ring.used(key) == 40


async def test_a_key_that_is_not_there_keeps_no_other_from_being_counted(
    store: KeyStore, ring: KeyRing, tmp_path: Path
) -> None:
    gone, secret = store.create("gone", ["translate"], Limits())
    ring.known(secret)
    ring.spend(gone, 5)
    ring.give_back("of another machine", 5, Calendar.now.timestamp())
    other = KeyStore(tmp_path / "other.sqlite")
    key, _ = other.create("Web", ["translate"], Limits())
    for file in store.path.parent.iterdir():
        file.unlink()
    other.path.rename(store.path)
    assert ring.any
    ring.spend(key, 7)
    await ring.write_used()
    assert store.used("2026-11") == {key.id: 7}
    ring.spend(key, 1)
    await ring.write_used()
    assert store.used("2026-11") == {key.id: 8}


async def test_what_is_given_back_before_anybody_asked_for_a_key_counts(
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    key, _ = store.create("Web", ["translate"], Limits(quota=100))
    store.add_used({(key.id, "2026-11"): 60})
    ring.give_back(key.id, 40, calendar.now.timestamp())
    assert ring.used(key) == 20
    await ring.write_used()
    assert store.used("2026-11") == {key.id: 20}


async def test_what_is_given_back_is_given_to_the_month_it_was_charged_in(
    store: KeyStore, ring: KeyRing, calendar: Calendar
) -> None:
    key, _ = store.create("Web", ["translate"], Limits(quota=1000))
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


def test_a_store_that_cannot_be_read_lets_nobody_in(store: KeyStore, ring: KeyRing) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailable):
        _ = ring.any
    store.path.unlink()
    _, secret = store.create("Web", ["translate"], Limits())
    assert ring.known(secret)


def test_a_store_that_is_taken_away_does_not_open_the_service(store: KeyStore, ring: KeyRing) -> None:
    _, secret = store.create("Web", ["translate"], Limits())
    assert ring.any
    for file in store.path.parent.iterdir():
        file.unlink()
    assert ring.any
    assert ring.known(secret)


def test_a_store_of_a_later_version_is_not_touched(store: KeyStore, ring: KeyRing) -> None:
    store.create("Web", ["translate"], Limits())
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
    with pytest.raises(StoreUnavailable, match="later version"):
        store.all()
    with pytest.raises(StoreUnavailable):
        _ = ring.any


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
