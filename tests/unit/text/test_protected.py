"""What must come out of a translation as it went in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.protected import protected_spans, unkept


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hallo {{person.name}}, willkommen!", ["{{person.name}}"]),
        ("Es kosten %1$s und %s, also %d.", ["%1$s", "%s", "%d"]),
        ("Der Wert ${preis.netto} oder {0} oder %(name)s.", ["${preis.netto}", "{0}", "%(name)s"]),
        ("Siehe https://talbote.example/a?b=1,2&c=%20. Danke.", ["https://talbote.example/a?b=1,2&c=%20"]),
        ("Schreib an post@talbote.example!", ["post@talbote.example"]),
        ("Sieg! 🏆 Und 👨‍👩‍👧 aus 🇩🇪 kamen 👍🏽.", ["🏆", "👨‍👩‍👧", "🇩🇪", "👍🏽"]),
        ("Um 50 % sank es, und 20 %solvente Kunden blieben.", []),
        ("Die Menge {a, b} und §4.", []),
    ],
)
def test_addresses_placeholders_and_emoji_are_found_and_nothing_else(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in protected_spans(text)] == found


def test_what_is_lost_doubled_or_changed_is_told() -> None:
    assert unkept("{{a}} und {{b}}", "{{a}} and {{b}}") == ([], [])
    assert unkept("{{a}} und {{b}}", "{{a}} and {{B}}") == (["{{b}}"], ["{{B}}"])
    assert unkept("{{a}}", "{{a}} {{a}}") == ([], ["{{a}}"])


@given(st.text())
def test_spans_are_ordered_and_apart(text: str) -> None:
    spans = protected_spans(text)
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
