"""Glossaries kept in a file."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from service.errors import GlossaryInvalid, GlossaryNotFound, StoreUnavailable
from service.terms.glossary import Term
from service.terms.store import GlossaryStore

TERMS = [Term("Brücke", "footbridge"), Term("Rat", "council")]


def test_what_is_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "glossaries.sqlite"
    made = GlossaryStore(path).add("Bau", "de", "en", TERMS)
    again = GlossaryStore(path)
    assert again.all() == [made]
    assert again.get(made.id) == (made, tuple(TERMS))
    again.remove(made.id)
    assert again.all() == []
    with pytest.raises(GlossaryNotFound):
        again.get(made.id)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM terms").fetchone() == (0,)


def test_asking_an_empty_store_makes_no_file(tmp_path: Path) -> None:
    store = GlossaryStore(tmp_path / "none.sqlite")
    assert store.all() == []
    with pytest.raises(GlossaryNotFound):
        store.get("0" * 32)
    assert not (tmp_path / "none.sqlite").exists()


def test_ten_thousand_terms_come_back_in_order(tmp_path: Path) -> None:
    store = GlossaryStore(tmp_path / "g.sqlite")
    terms = [Term(f"Wort {number}", f"word {number}") for number in range(10_000)]
    assert store.get(store.add("viel", "de", "en", terms).id)[1] == tuple(terms)


def test_an_unusable_glossary_leaves_nothing_behind(tmp_path: Path) -> None:
    store = GlossaryStore(tmp_path / "g.sqlite")
    with pytest.raises(GlossaryInvalid):
        store.add("x", "de", "en", [Term("a", "b"), Term("a", "c")])
    assert store.all() == []


def test_many_may_write_at_once(tmp_path: Path) -> None:
    store = GlossaryStore(tmp_path / "g.sqlite")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: store.add(str(number), "de", "en", TERMS), range(24)))
    assert sorted(int(each.name) for each in store.all()) == list(range(24))


def test_a_file_that_is_none_or_of_a_later_version_is_said_to_be_unavailable(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        GlossaryStore(broken).all()
    later = tmp_path / "later.sqlite"
    with closing(sqlite3.connect(later)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnavailable):
        GlossaryStore(later).add("x", "de", "en", TERMS)
