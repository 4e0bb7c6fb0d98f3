"""What must come out of a translation as it went in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.protected import protected_spans, unkept, without_protected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hallo {{person.name}}, willkommen!", ["{{person.name}}"]),
        ("Es kosten %1$s und %s, also %d.", ["%1$s", "%s", "%d"]),
        ("Der Wert ${preis.netto} oder {0} oder %(name)s.", ["${preis.netto}", "{0}", "%(name)s"]),
        ("Siehe https://talbote.example/a?b=1,2&c=%20. Danke.", ["https://talbote.example/a?b=1,2&c=%20"]),
        ("Schreib an post@talbote.example!", ["post@talbote.example"]),
        ("Sieg! 🏆 Und 👨‍👩‍👧 aus 🇩🇪 kamen 👍🏽.", ["🏆", "👨‍👩‍👧", "🇩🇪", "👍🏽"]),
        (
            "Es sind 100%%, %.2f Euro, %5d Stück, %-10s, %ld und %u.",
            ["%%", "%.2f", "%5d", "%-10s", "%ld", "%u"],
        ),
        ("Hallo {{{name}}}, $vorname und <%= count %>!", ["{{{name}}}", "$vorname", "<%= count %>"]),
        ("Es gibt ###T01### und __VAR_1__, ## Titel und __fett__.", ["###T01###", "__VAR_1__"]),
        (
            "Sie haben {n, plural, one {eine {art}} other {# neue}} und {tag, date, short} und {a, b}.",
            ["{n, plural, one {eine {art}} other {# neue}}", "{tag, date, short}"],
        ),
        ("Es kostet US$ 5, $5, 30 $pro Fass oder 50 %, also ________.", []),
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


@pytest.mark.parametrize(
    ("text", "kept", "found"),
    [
        ("Der ICE und der ICE 3 und die ICEs.", ["ICE", "ICE 3"], ["ICE", "ICE 3"]),
        ("Auf https://talbote.example/a steht es.", ["https", "talbote"], ["https://talbote.example/a"]),
        ("Mit {x} an post@talbote.example.", ["Mit {", "an post"], ["Mit {", "an post"]),
        ("An C++ und C, a_b_c und -x-.", ["C++", "C", "b", "-x-"], ["C++", "C", "-x-"]),
        ("Rat-Rat Rat", ["Rat-Rat Rat", "Rat"], ["Rat-Rat Rat"]),
    ],
)
def test_of_strings_that_overlap_the_first_and_then_the_longest_is_kept(
    text: str, kept: list[str], found: list[str]
) -> None:
    assert [text[start:end] for start, end in protected_spans(text, kept)] == found


def test_what_is_protected_is_taken_out() -> None:
    assert without_protected("Der ICE nach {ort}: %s.", ["ICE"]) == "Der   nach  :  ."


def test_ever_new_strings_to_keep_cost_no_more_than_a_search_for_them() -> None:
    """A pattern compiled for each of these sets would take a minute and more."""
    for number in range(5_000):
        kept = [f"wort{number}x{each}" for each in range(20)]
        assert len(protected_spans(f"Hier steht {kept[-1]} und 🏆.", kept)) == 2


@given(st.text(), st.lists(st.text(min_size=1)))
def test_spans_are_ordered_and_apart(text: str, kept: list[str]) -> None:
    spans = protected_spans(text, kept)
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
