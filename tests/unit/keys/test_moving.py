"""Keys of one machine's file, moved into a PostgreSQL that several share; and those of an earlier version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.errors import StoreUnavailable
from service.keys.following import FollowedDatabase, FollowedFile
from service.keys.key import Limits
from service.keys.ring import KeyRing
from service.keys.store import KeyStore
from tests.keys import key_store
from tests.postgresql import PostgresCluster

MONTH = datetime.now(UTC).strftime("%Y-%m")

VERSION_1 = """
CREATE TABLE keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, scopes TEXT NOT NULL,
  rate INTEGER NOT NULL, quota INTEGER NOT NULL, concurrency INTEGER NOT NULL,
  created TEXT NOT NULL, expires TEXT, revoked TEXT
) STRICT;
CREATE TABLE used (
  key TEXT NOT NULL REFERENCES keys (id), month TEXT NOT NULL, characters INTEGER NOT NULL,
  PRIMARY KEY (key, month)
) STRICT, WITHOUT ROWID;
CREATE TABLE revision (number INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (7);
CREATE TRIGGER added AFTER INSERT ON keys BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER changed AFTER UPDATE ON keys BEGIN UPDATE revision SET number = number + 1; END;
PRAGMA user_version = 1;
"""


@pytest.fixture
def url(postgres_cluster: PostgresCluster) -> str:
    return postgres_cluster.new_database()


@pytest.fixture
def before(data_dir: Path) -> KeyStore:
    return key_store(data_dir)


@pytest.fixture
def shared(data_dir: Path, url: str) -> Iterator[KeyStore]:
    with closing(key_store(data_dir, url)) as store:
        yield store


def names(folder: Path) -> list[str]:
    """Of all but the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


async def test_keys_and_their_use_are_moved_once_and_still_open(
    before: KeyStore, shared: KeyStore, data_dir: Path
) -> None:
    key, secret = before.create("Web", ["translate"], Limits(rate=5, quota=5_000_000_000, concurrency=2))
    gone, _ = before.create("gone", ["jobs"], Limits())
    gone = before.revoke(gone.id)
    before.add_used({(key.id, MONTH): 4_000_000_000, (key.id, "2026-01"): 3})
    ring = KeyRing(shared, FollowedDatabase(shared))
    await ring.look()
    assert ring.known(secret) == key
    assert shared.all() == [key, gone]
    assert (shared.used(MONTH), shared.used("2026-01")) == ({key.id: 4_000_000_000}, {key.id: 3})
    assert names(data_dir) == ["keys.sqlite.moved"]


def test_a_move_that_was_interrupted_doubles_nothing_and_opens_nothing_again(
    before: KeyStore, shared: KeyStore, url: str, data_dir: Path
) -> None:
    key, _ = before.create("Web", ["translate"], Limits())
    before.add_used({(key.id, MONTH): 10})
    saved = (data_dir / "keys.sqlite").read_bytes()
    shared.revoke("Web")
    shared.add_used({(key.id, MONTH): 5})
    (data_dir / "keys.sqlite").write_bytes(saved)  # as if the process had died before it was put aside
    with closing(key_store(data_dir, url)) as again:
        assert [each.revoked is not None for each in again.all()] == [True]
        assert again.used(MONTH) == {key.id: 15}


def test_keys_of_two_machines_that_have_one_name_are_both_kept(url: str, tmp_path: Path) -> None:
    made = [key_store(tmp_path / folder).create("Web", ["translate"], Limits())[0] for folder in "ab"]
    for folder in "ab":
        with closing(key_store(tmp_path / folder, url)) as store:
            kept = store.all()
    assert [key.id for key in kept] == [key.id for key in made]
    assert [key.name for key in kept] == ["Web", f"Web ({made[1].id})"]


def test_no_key_is_lost_where_its_second_name_is_taken_too(
    before: KeyStore, shared: KeyStore, url: str, tmp_path: Path
) -> None:
    key, _ = before.create("Web", ["translate"], Limits())
    with closing(key_store(tmp_path / "other", url)) as first:
        first.create("Web", ["translate"], Limits())
        first.create(f"Web ({key.id})", ["translate"], Limits())
    assert key.id in [each.name for each in shared.all()]


def test_many_may_move_one_file_at_once(before: KeyStore, url: str, data_dir: Path) -> None:
    made = [before.create(str(number), ["translate"], Limits())[0] for number in range(5)]
    before.add_used({(made[0].id, MONTH): 10})
    with ExitStack() as stack, ThreadPoolExecutor(6) as threads:
        stores = [stack.enter_context(closing(key_store(data_dir, url))) for _ in range(6)]
        assert list(threads.map(lambda store: store.all(), stores)) == [made] * 6
        assert stores[0].used(MONTH) == {made[0].id: 10}
    assert names(data_dir) == ["keys.sqlite.moved"]


@pytest.fixture
def damaged(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "keys.sqlite").write_bytes(b"no database" * 100)


@pytest.mark.usefixtures("damaged")
async def test_a_file_that_cannot_be_read_keeps_the_service_closed(shared: KeyStore) -> None:
    ring = KeyRing(shared, FollowedDatabase(shared))
    await ring.look()
    with pytest.raises(StoreUnavailable):
        _ = ring.any


@pytest.mark.parametrize("first", ["ring", "store"])
def test_a_file_of_version_1_is_read_and_written_on(data_dir: Path, tmp_path: Path, first: str) -> None:
    old, path = key_store(tmp_path / "old"), data_dir / "keys.sqlite"
    key, secret = old.create("Web", ["translate"], Limits(quota=100))
    data_dir.mkdir()
    with closing(sqlite3.connect(path)) as file:
        file.executescript(VERSION_1)
        file.execute("ATTACH ? AS old", (str(tmp_path / "old" / "keys.sqlite"),))
        file.execute("INSERT INTO keys SELECT * FROM old.keys")
        file.execute("INSERT INTO used VALUES (?, ?, 7)", (key.id, MONTH))
        file.commit()
    store = key_store(data_dir)
    with closing(KeyRing(store, FollowedFile(path))) as ring:
        assert first == "ring" or store.all() == [key]
        assert ring.known(secret) == key
        assert ring.used(key) == 7
        _, newer = store.rotate("Web")
        assert ring.known(newer).id == key.id
        other, _ = store.create("Sport", ["translate"], Limits())
        assert ring.of(other.id) == other
