"""A term put where its word was translated otherwise."""

import pytest

from service.terms.glossary import Glossary, Term
from service.terms.substitution import substitute


def substituted(source: str, target: str, pairs: str, term: tuple[str, str]) -> str | None:
    match = Glossary((Term(*term),), "de", "en").matches(source)[0]
    alignment = [(int(one), int(other)) for one, other in (pair.split("-") for pair in pairs.split())]
    return substitute(source, target, alignment, match)


@pytest.mark.parametrize(
    ("source", "target", "pairs", "term", "wanted"),
    [
        ("Die Brücke.", "The bridge.", "0-0 1-1", ("Brücke", "footbridge"), "The footbridge."),
        ("Die Brücken.", "The bridges.", "0-0 1-1", ("Brücke", "footbridge"), "The footbridges."),
        ("Eine Brücke.", "A bridge.", "0-0 1-1", ("Brücke", "overpass"), "An overpass."),
        ("Ein Apfel.", "An apple.", "0-0 1-1", ("Apfel", "pear"), "A pear."),
        ("Brücken stehen.", "Bridges stand.", "0-0 1-1", ("Brücke", "city"), "Cities stand."),
    ],
)  # fmt: skip
def test_the_term_takes_number_capital_and_article(
    source: str, target: str, pairs: str, term: tuple[str, str], wanted: str
) -> None:
    assert substituted(source, target, pairs, term) == wanted


@pytest.mark.parametrize("pairs", ["0-0 2-2", "0-0 0-1 1-1 2-2", "1-0 1-6"])
def test_nothing_is_put_in_where_the_alignment_does_not_tell(pairs: str) -> None:
    target = "The bridge stands here on the river"
    assert substituted("Die Brücke steht hier.", target, pairs, ("Brücke", "footbridge")) is None
