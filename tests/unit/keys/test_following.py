"""What a ring knows while the database cannot be reached, and while use is being written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import psycopg
import pytest

from service.database.protocol import Database
from service.errors import KeyInvalid, StoreUnavailable
from service.keys.following import FollowedDatabase, FollowedFile, Following
from service.keys.key import Limits
from service.keys.ring import KeyRing
from service.keys.store import KeyStore
from service.settings import Settings
from service.stores import open_database
from tests.keys import key_store
from tests.postgresql import PostgresCluster

SECONDS = 20


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def store(postgres_cluster: PostgresCluster, data_dir: Path) -> Iterator[KeyStore]:
    with closing(key_store(data_dir, postgres_cluster.new_database())) as store:
        yield store


async def test_nobody_is_let_in_before_the_database_was_asked(store: KeyStore) -> None:
    _, secret = store.create("Web", ["translate"], Limits())
    ring = KeyRing(store, FollowedDatabase(store))
    with pytest.raises(StoreUnavailable):
        _ = ring.any
    with pytest.raises(StoreUnavailable):
        ring.known(secret)
    await ring.look()
    assert ring.known(secret).name == "Web"


async def test_keys_are_known_for_ten_minutes_while_the_database_is_away(
    store: KeyStore, postgres_cluster: PostgresCluster
) -> None:
    key, secret = store.create("Web", ["translate"], Limits(quota=1000))
    clock = Clock()
    ring = KeyRing(store, FollowedDatabase(store, clock=clock))
    await ring.look()
    postgres_cluster.stop()
    try:
        for clock.seconds in (1001.0, 1600.0):
            await ring.look()
            assert ring.known(secret) == key
        ring.spend(key, 100)
        await ring.write_used()
        assert ring.used(key) == 100
        clock.seconds = 1601.0
        await ring.look()
        with pytest.raises(StoreUnavailable):
            ring.known(secret)
        with pytest.raises(StoreUnavailable):
            _ = ring.any
    finally:
        postgres_cluster.start()
    for _ in range(10 * SECONDS):
        if await looked(ring):
            break
        await asyncio.sleep(0.1)
    assert ring.known(secret) == key
    await ring.write_used()
    assert store.used(datetime.now(UTC).strftime("%Y-%m")) == {key.id: 100}
    assert ring.used(key) == 100


async def test_use_that_was_written_counts_though_the_database_is_gone_before_it_is_read(
    store: KeyStore, postgres_cluster: PostgresCluster
) -> None:
    key, _ = store.create("Web", ["translate"], Limits(quota=100))

    class Stopping(FollowedDatabase):
        async def look(self) -> None:
            if self is following and stopping:
                postgres_cluster.stop()
            await super().look()

    stopping: list[bool] = []
    following = Stopping(store)
    ring = KeyRing(store, following)
    await ring.look()
    ring.spend(key, 60)
    stopping.append(True)
    try:
        await ring.write_used()
        assert ring.used(key) == 60
    finally:
        stopping.clear()
        postgres_cluster.start()
    for _ in range(10 * SECONDS):
        try:
            assert store.used(datetime.now(UTC).strftime("%Y-%m")) == {key.id: 60}
            break
        except StoreUnavailable:
            await asyncio.sleep(0.1)
    await ring.look()
    assert ring.used(key) == 60


async def test_a_database_that_was_emptied_does_not_open_the_service(
    postgres_cluster: PostgresCluster, data_dir: Path
) -> None:
    url = postgres_cluster.new_database()
    with closing(key_store(data_dir, url)) as store:
        _, secret = store.create("Web", ["translate"], Limits())
        ring = KeyRing(store, FollowedDatabase(store))
        await ring.look()
        assert ring.any
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP TABLE keys_used, keys, keys_revision")
            connection.execute("DELETE FROM kurzfassung_versions")
        await ring.look()
        assert ring.any
        with pytest.raises(KeyInvalid):
            ring.known(secret)


async def looked(ring: KeyRing) -> bool:
    """Whether it could."""
    await ring.look()
    try:
        return ring.any
    except StoreUnavailable:
        return False


class Held(KeyStore):
    """What it has written is there before it says so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.written, self.told = Event(), Event()

    def add_used(self, usage: Mapping[tuple[str, str], int]) -> None:
        super().add_used(usage)
        self.written.set()
        assert self.told.wait(SECONDS)


async def test_what_is_being_written_is_not_counted_twice_meanwhile(
    data_dir: Path, database_url: str
) -> None:
    settings = Settings(data_dir=data_dir, database_url=database_url)
    with closing(Held(open_database(settings, "keys", stays_open=False))) as store:
        key, _ = store.create("Web", ["translate"], Limits(quota=100))
        file: Following = FollowedFile(data_dir / "keys.sqlite")
        ring = KeyRing(store, FollowedDatabase(store) if database_url else file)
        await ring.look()
        ring.spend(key, 60)
        writing = asyncio.create_task(ring.write_used())
        assert await asyncio.to_thread(store.written.wait, SECONDS)
        await ring.look()
        assert ring.used(key) == 60
        ring.spend(key, 30)
        assert ring.used(key) == 90
        store.told.set()
        await asyncio.wait_for(writing, SECONDS)
        assert ring.used(key) == 90
        await ring.write_used()
        await ring.look()
        assert ring.used(key) == 90
        assert list(store.used(datetime.now(UTC).strftime("%Y-%m")).values()) == [90]
        ring.close()


def test_a_file_that_appears_is_followed_from_then_on(data_dir: Path) -> None:
    store = key_store(data_dir)
    with closing(FollowedFile(data_dir / "keys.sqlite")) as followed:
        assert followed.kept("2026-11", None) is None
        key, _ = store.create("Web", ["translate"], Limits())
        kept = followed.kept("2026-11", None)
        assert kept is not None
        assert kept.keys == [key]
        assert followed.kept("2026-11", kept) is kept
        store.add_used({(key.id, "2026-11"): 5})
        again = followed.kept("2026-11", kept)
        assert again is not None
        assert again.used == {key.id: 5}
        assert again.keys is kept.keys
