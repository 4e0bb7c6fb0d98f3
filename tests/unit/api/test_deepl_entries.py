"""Entries of a dictionary, read and written as DeepL has them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.deepl.entries import read_entries, write_entries
from service.errors import GlossaryInvalid
from service.terms.glossary import Term, check_terms


def fits(text: str) -> bool:
    try:
        check_terms([Term(text, text)])
    except GlossaryInvalid:
        return False
    return True


words = st.text(min_size=1, max_size=12).map(str.strip).filter(fits)
dictionaries = st.dictionaries(words, words, min_size=1, max_size=6)


@given(dictionaries)
def test_what_is_written_is_read_again(entries: dict[str, str]) -> None:
    terms = tuple(Term(*entry) for entry in entries.items())
    assert read_entries(write_entries(terms), "tsv") == terms


@given(dictionaries, st.booleans())
def test_any_table_that_python_writes_is_read(entries: dict[str, str], with_languages: bool) -> None:
    table = io.StringIO()
    languages = ("de", "en") if with_languages else ()
    csv.writer(table).writerows((*entry, *languages) for entry in entries.items())
    assert read_entries(table.getvalue(), "csv") == tuple(Term(*entry) for entry in entries.items())


@given(st.text())
def test_what_is_no_dictionary_is_refused_and_nothing_else_happens(text: str) -> None:
    for written in ("tsv", "csv"):
        try:
            terms = read_entries(text, written)
        except GlossaryInvalid:
            continue
        assert terms


@pytest.mark.parametrize("entries", ["Geheimnis", "a\tGeheimnis\tc", "\tGeheimnis"])
def test_no_entry_is_repeated_in_what_is_said_of_it(entries: str) -> None:
    with pytest.raises(GlossaryInvalid) as refused:
        check_terms(read_entries(entries, "tsv"))
    assert "Geheimnis" not in refused.value.message
