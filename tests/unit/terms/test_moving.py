"""Glossaries of one machine's file, moved into the PostgreSQL that several share."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from service.database.sqlite import SqliteDatabase
from service.errors import StoreUnavailable
from service.settings import Settings
from service.stores import open_glossary_store
from service.terms.glossary import Dictionary, Term
from service.terms.store import GlossaryStore
from tests.postgresql import PostgresCluster

GERMAN = Dictionary("de", "en", (Term("Brücke", "footbridge"), Term("Rat", "council")))
FRENCH = Dictionary("fr", "en", (Term("pont", "bridge"),))


@pytest.fixture
def url(postgres_cluster: PostgresCluster) -> str:
    return postgres_cluster.new_database()


@pytest.fixture
def file(data_dir: Path) -> Path:
    return data_dir / "glossaries.sqlite"


@pytest.fixture
def before(file: Path) -> GlossaryStore:
    return GlossaryStore(SqliteDatabase(file, "glossaries", stays_open=False))


@pytest.fixture
def shared(url: str, data_dir: Path) -> Iterator[GlossaryStore]:
    with closing(open_glossary_store(Settings(database_url=url, data_dir=data_dir))) as store:
        yield store


def names(folder: Path) -> list[str]:
    """Of all but the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_what_a_file_holds_is_in_the_database_and_the_file_put_aside(
    before: GlossaryStore, shared: GlossaryStore, file: Path
) -> None:
    everybodys, annas = before.add("alle", [GERMAN, FRENCH]), before.of("key:a").add("anna", [FRENCH])
    assert shared.of("key:a").all() == [everybodys, annas]
    assert shared.all() == [everybodys]
    assert shared.dictionaries(everybodys.id).dictionaries == (GERMAN, FRENCH)
    assert names(file.parent) == ["glossaries.sqlite.moved"]
    with closing(SqliteDatabase(file.with_name("glossaries.sqlite.moved"), "glossaries")) as aside:
        assert GlossaryStore(aside).all() == [everybodys]


def test_a_name_that_postgresql_does_not_take_keeps_nothing_from_being_moved(
    before: GlossaryStore, shared: GlossaryStore
) -> None:
    before.add("Bau\0amt", [GERMAN])
    assert [each.name for each in shared.all()] == ["Bau\ufffdamt"]


def test_a_file_of_a_later_version_is_not_touched(
    before: GlossaryStore, shared: GlossaryStore, file: Path
) -> None:
    before.add("Bau", [GERMAN])
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnavailable, match="could not be moved"):
        shared.all()
    assert names(file.parent) == ["glossaries.sqlite"]


def test_a_file_of_an_early_version_is_moved_too(shared: GlossaryStore, file: Path) -> None:
    file.parent.mkdir()
    shutil.copy(Path(__file__).parent / "version-1.sqlite", file)
    assert [(each.name, each.only.terms) for each in shared.all()] == [("Bau", 2), ("Ponts", 1)]


def test_what_is_removed_from_the_database_does_not_come_back(
    before: GlossaryStore, shared: GlossaryStore, url: str, data_dir: Path
) -> None:
    made = before.add("Bau", [GERMAN])
    shared.remove(made.id)
    with closing(open_glossary_store(Settings(database_url=url, data_dir=data_dir))) as again:
        assert again.all() == []


def test_a_move_that_was_interrupted_is_ended_and_leaves_alone_what_was_changed_since(
    before: GlossaryStore, shared: GlossaryStore, url: str, file: Path
) -> None:
    made, other = before.add("Bau", [GERMAN]), before.add("Ponts", [FRENCH])
    saved = file.read_bytes()
    shared.update(made.id, name="Neubau")
    file.write_bytes(saved)  # as if the process had died before it was put aside
    with closing(open_glossary_store(Settings(database_url=url, data_dir=file.parent))) as again:
        assert [(each.id, each.name) for each in again.all()] == [(made.id, "Neubau"), (other.id, "Ponts")]
    assert names(file.parent) == ["glossaries.sqlite.moved", "glossaries.sqlite.moved-2"]


def test_many_may_move_one_file_at_once(before: GlossaryStore, url: str, data_dir: Path) -> None:
    made = [before.add(str(number), [GERMAN]) for number in range(5)]
    with ExitStack() as stack, ThreadPoolExecutor(6) as threads:
        settings = Settings(database_url=url, data_dir=data_dir)
        stores = [stack.enter_context(closing(open_glossary_store(settings))) for _ in range(6)]
        assert list(threads.map(lambda store: store.all(), stores)) == [made] * 6
    assert names(data_dir) == ["glossaries.sqlite.moved"]


def test_a_file_that_is_damaged_is_not_passed_over(shared: GlossaryStore, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="could not be moved"):
            shared.all()
    file.unlink()
    assert shared.all() == []


def test_without_a_file_nothing_is_made(shared: GlossaryStore, data_dir: Path) -> None:
    shared.add("Bau", [GERMAN])
    assert not data_dir.exists()
