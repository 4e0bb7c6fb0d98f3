"""Terms found in a text in whatever form they stand there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import GlossaryInvalid
from service.terms.glossary import (
    LONGEST_TERM,
    MOST_TERMS,
    Dictionaries,
    Dictionary,
    Glossary,
    Term,
    TermList,
)


def glossary(*pairs: tuple[str, str]) -> Glossary:
    return Glossary(tuple(Term(*pair) for pair in pairs), "de", "en")


def found(text: str, *pairs: tuple[str, str]) -> list[str]:
    return [text[match.start : match.end] for match in glossary(*pairs).matches(text)]


@pytest.mark.parametrize(
    ("term", "text", "matches"),
    [
        ("Brücke", "Die Brücken und der Brücke wegen die Brücke.", ["Brücken", "Brücke", "Brücke"]),
        ("Vertrag", "Verträge, des Vertrages, dem Vertrag", ["Verträge", "Vertrages", "Vertrag"]),
        ("Haus", "Häuser, in den Häusern, des Hauses", ["Häuser", "Häusern", "Hauses"]),
        ("sanieren", "Die Stadt saniert, sie sanierte nicht.", ["saniert", "sanierte"]),
        ("Band", "Das Band, das sie band.", ["Band"]),
        ("Bundeskanzler", "BUNDESKANZLER spricht", ["BUNDESKANZLER"]),
        ("Kommission", "Die EU-Kommission tagt.", []),
        ("Europäische Union", "in der Europäischen Union", ["Europäischen Union"]),
        ("C++", "Er schreibt C++, nicht C.", ["C++"]),
        ("A&B", "A&B, XA&B, A&BC, A&B.", ["A&B", "A&B"]),
        ("10\xa0km", "Es sind 10\xa0km.", ["10\xa0km"]),
    ],
)
def test_a_german_term_is_found_in_its_forms(term: str, text: str, matches: list[str]) -> None:
    assert found(text, (term, "x")) == matches


def test_the_longest_term_wins_and_none_overlap() -> None:
    pairs = (("Europäische", "a"), ("Europäische Union", "b"), ("Union", "c"))
    assert found("Die Europäische Union und die Union.", *pairs) == ["Europäische Union", "Union"]


def test_ten_thousand_terms_that_begin_alike_are_found_at_once() -> None:
    terms = [(f"Wort {number}", f"word {number}") for number in range(5000)]
    terms += [(f"Wort-${number}", f"word ${number}") for number in range(5000)]
    text = "Wort Wort-$ " * 10_000 + "Wort 4711, Wort-$17"
    assert found(text, *terms) == ["Wort 4711", "Wort-$17"]


def test_a_target_counts_in_its_forms() -> None:
    terms = glossary(("Brücke", "footbridge"))
    assert terms.times(terms.terms[0], "Two footbridges and a Footbridge, no bridge.") == 2


@pytest.mark.parametrize(
    "terms",
    [
        [Term("", "x")],
        [Term("x", "  ")],
        [Term("a\nb", "x")],
        [Term("a", "x\x00")],
        [Term("a" * (LONGEST_TERM + 1), "x")],
        [Term("a", "x"), Term("a", "y")],
        [Term(f"a{number}", "x") for number in range(MOST_TERMS + 1)],
    ],
)
def test_unusable_terms_are_refused_without_repeating_them(terms: list[Term]) -> None:
    with pytest.raises(GlossaryInvalid) as refused:
        Glossary(tuple(terms), "de", "en")
    assert "aaa" not in refused.value.message


def test_terms_for_other_languages_are_not_used() -> None:
    german = Dictionary("de", "en", (Term("Brücke", "bridge"),))
    stored = Dictionaries((Dictionary("fr", "en", (Term("pont", "bridge"),)), german))
    assert stored.glossary("de", "fr") is None
    found = stored.glossary("de", "en")
    assert found is not None
    assert found.terms == german.terms
    assert TermList(german.terms).glossary("de", "fr").terms == german.terms


@given(
    st.text(),
    st.lists(st.text(min_size=1, max_size=8).filter(str.isprintable).filter(str.strip), unique=True),
)
def test_matches_lie_in_the_text_in_order(text: str, sources: list[str]) -> None:
    end = 0
    for match in glossary(*((source, "x") for source in sources)).matches(text):
        assert end <= match.start < match.end <= len(text)
        end = match.end
