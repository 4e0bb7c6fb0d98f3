"""Glossaries kept in a file and in PostgreSQL."""

import shutil
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from service.database.sqlite import SqliteDatabase
from service.errors import GlossaryInvalid, GlossaryNotFound, StoreUnavailable
from service.terms.glossary import MOST_TERMS, Dictionary, Term
from service.terms.store import GlossaryStore, StoredDictionary
from tests.unit.terms.conftest import OpenStore

TERMS = (Term("Brücke", "footbridge"), Term("Rat", "council"))
GERMAN = Dictionary("de", "en", TERMS)
FRENCH = Dictionary("fr", "en", (Term("pont", "bridge"),))

VERSION_1 = Path(__file__).parent / "version-1.sqlite"
"""As the service wrote it when a glossary was for one pair of languages."""

VERSION_2 = Path(__file__).parent / "version-2.sqlite"
"""As the service wrote it when all glossaries were everybody's."""


def in_file(path: Path) -> GlossaryStore:
    return GlossaryStore(SqliteDatabase(path, "glossaries", stays_open=False))


def test_what_is_stored_is_there_after_a_restart(open_store: OpenStore) -> None:
    made = open_store().add("Bau", [GERMAN])
    again = open_store()
    assert again.all() == [made]
    assert again.get(made.id) == made
    assert again.terms(made.id, "de", "en") == TERMS
    again.remove(made.id)
    assert again.all() == []
    with pytest.raises(GlossaryNotFound):
        again.get(made.id)


def test_asking_an_empty_store_makes_no_file(tmp_path: Path) -> None:
    store = in_file(tmp_path / "none.sqlite")
    assert store.all() == []
    with pytest.raises(GlossaryNotFound):
        store.get("0" * 32)
    assert not (tmp_path / "none.sqlite").exists()


def test_only_the_owner_reads_the_file_and_what_is_deleted_leaves_it(tmp_path: Path) -> None:
    store = in_file(tmp_path / "g.sqlite")
    terms = tuple(Term(f"Geheimwort {number}", "word") for number in range(2_000))
    made = store.add("geheim", [Dictionary("de", "en", terms)])
    assert b"Geheimwort" in (tmp_path / "g.sqlite").read_bytes()
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    store.remove(made.id)
    assert not [file for file in tmp_path.iterdir() if b"Geheimwort" in file.read_bytes()]


def test_ten_thousand_terms_come_back_in_order(store: GlossaryStore) -> None:
    terms = tuple(Term(f"Wort {number}", f"word {number}") for number in range(10_000))
    made = store.add("viel", [Dictionary("de", "en", terms)])
    assert made.only.terms == 10_000
    assert store.terms(made.id, "de", "en") == terms


def test_a_removed_glossary_leaves_no_terms_behind(tmp_path: Path) -> None:
    store = in_file(tmp_path / "g.sqlite")
    store.remove(store.add("Bau", [GERMAN]).id)
    with closing(sqlite3.connect(tmp_path / "g.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM terms").fetchone() == (0,)


def test_an_unusable_glossary_leaves_nothing_behind(store: GlossaryStore) -> None:
    with pytest.raises(GlossaryInvalid):
        store.add("x", [GERMAN, Dictionary("fr", "en", (Term("a", "b"), Term("a", "c")))])
    assert store.all() == []


def test_many_may_write_at_once(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: stores[number % 4].add(str(number), [GERMAN]), range(24)))
    assert sorted(int(each.name) for each in stores[0].all()) == list(range(24))


def test_what_many_add_to_one_glossary_at_once_is_all_there(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(4)]
    made = stores[0].add("Bau", [GERMAN])

    def add(number: int) -> None:
        added = Dictionary("de", "en", (Term(f"Wort {number}", "word"),))
        stores[number % 4].update(made.id, dictionaries=[added])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(24)))
    kept = stores[0].terms(made.id, "de", "en")
    assert kept[:2] == TERMS
    assert sorted(int(term.source.split()[1]) for term in kept[2:]) == list(range(24))
    assert stores[0].get(made.id).only.terms == 26


def test_a_glossary_is_removed_once_and_replaced_by_nobody_then(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(4)]
    made = stores[0].add("Bau", [GERMAN])

    def change(number: int) -> str:
        try:
            if number % 2:
                stores[number % 4].remove(made.id)
                return "removed"
            stores[number % 4].replace(made.id, FRENCH)
            return "replaced"
        except GlossaryNotFound:
            return "gone"

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(change, range(24)))
    assert told.count("removed") == 1
    assert stores[0].all() == []


def test_a_file_that_is_none_or_of_a_later_version_is_said_to_be_unavailable(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        in_file(broken).all()
    later = tmp_path / "later.sqlite"
    with closing(sqlite3.connect(later)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnavailable):
        in_file(later).add("x", [GERMAN])


def test_a_file_of_version_1_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "glossaries.sqlite"
    shutil.copy(VERSION_1, path)
    store = in_file(path)
    building, bridges = store.all()
    assert (building.name, building.only) == ("Bau", StoredDictionary("de", "en", 2))
    assert (bridges.name, bridges.only) == ("Ponts", StoredDictionary("fr", "en", 1))
    assert building.created < bridges.created
    assert store.terms(building.id, "de", "en") == TERMS
    store.replace(building.id, FRENCH)
    store.remove(bridges.id)
    again = in_file(path)
    assert [each.id for each in again.all()] == [building.id]
    assert again.dictionaries(building.id).dictionaries == (GERMAN, FRENCH)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM terms").fetchone() == (3,)


def test_many_may_find_a_file_of_version_1_at_once(tmp_path: Path) -> None:
    path = tmp_path / "glossaries.sqlite"
    shutil.copy(VERSION_1, path)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: len(in_file(path).all()), range(16)))
    assert found == [2] * 16


def test_a_glossary_has_a_dictionary_for_each_pair_of_languages(store: GlossaryStore) -> None:
    made = store.add("zwei", [GERMAN, FRENCH])
    assert made.dictionaries == (StoredDictionary("de", "en", 2), StoredDictionary("fr", "en", 1))
    assert store.all() == [made]
    with pytest.raises(GlossaryInvalid, match="2 dictionaries"):
        _ = made.only
    store.remove_dictionary(made.id, "de", "en")
    assert store.get(made.id).only == StoredDictionary("fr", "en", 1)
    for gone in (store.terms, store.remove_dictionary):
        with pytest.raises(GlossaryNotFound, match="no dictionary"):
            gone(made.id, "de", "en")
    with pytest.raises(GlossaryInvalid):
        store.add("zwei", [GERMAN, GERMAN])


def test_an_update_adds_terms_and_gives_known_ones_a_new_target(store: GlossaryStore) -> None:
    made = store.add("Bau", [GERMAN])
    added = Dictionary("de", "en", (Term("Rat", "city council"), Term("Amt", "office")))
    updated = store.update(made.id, name="Neubau", dictionaries=[added, FRENCH])
    assert updated.name == "Neubau"
    assert updated.created == made.created
    assert [each.terms for each in updated.dictionaries] == [3, 1]
    assert store.terms(made.id, "de", "en") == (TERMS[0], *added.terms)


def test_an_update_that_makes_a_dictionary_too_large_changes_nothing(store: GlossaryStore) -> None:
    made = store.add("Bau", [GERMAN])
    many = tuple(Term(f"Wort {number}", "word") for number in range(MOST_TERMS - 1))
    with pytest.raises(GlossaryInvalid):
        store.update(made.id, name="viel", dictionaries=[FRENCH, Dictionary("de", "en", many)])
    assert store.get(made.id) == made


def test_an_id_may_be_written_with_hyphens(store: GlossaryStore) -> None:
    made = store.add("Bau", [GERMAN])
    assert store.get(str(uuid.UUID(made.id)).upper()) == made


@pytest.mark.parametrize("method", ["get", "dictionaries", "remove", "update"])
def test_an_unknown_id_is_not_found(store: GlossaryStore, method: str) -> None:
    store.add("Bau", [GERMAN])
    with pytest.raises(GlossaryNotFound):
        getattr(store, method)("0" * 32)


def test_a_file_of_version_2_is_everybodys(tmp_path: Path) -> None:
    path = tmp_path / "glossaries.sqlite"
    shutil.copy(VERSION_2, path)
    store = in_file(path)
    building, other = store.all()
    assert building.dictionaries == (StoredDictionary("de", "en", 2), StoredDictionary("fr", "en", 1))
    assert store.of("key:a").all() == store.of("key:b").all() == [building, other]
    own = store.of("key:a").add("own", [GERMAN])
    assert store.of("key:a").all() == [building, other, own]
    assert store.all() == store.of("key:b").all() == [building, other]
    assert store.of("key:b").terms(building.id, "de", "en") == TERMS


def test_what_belongs_to_another_is_not_there(store: GlossaryStore) -> None:
    mine, yours = store.of("key:a"), store.of("key:b")
    made = mine.add("mine", [GERMAN, FRENCH])
    for ask in (
        lambda: yours.get(made.id),
        lambda: yours.terms(made.id, "de", "en"),
        lambda: yours.dictionaries(made.id),
        lambda: yours.update(made.id, name="yours"),
        lambda: yours.replace(made.id, GERMAN),
        lambda: yours.remove_dictionary(made.id, "de", "en"),
        lambda: yours.remove(made.id),
        lambda: store.get(made.id),
    ):
        with pytest.raises(GlossaryNotFound):
            ask()
    assert mine.all() == [made]
