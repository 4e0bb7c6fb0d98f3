"""Where the tags of a sentence stand in its translation."""

import pytest

from service.text.frame import Frame
from service.text.markup import read_markup
from service.text.placement import place
from service.text.segment import Segment


def frame_of(raw: str) -> Frame:
    marked = read_markup(raw, "html")
    whole = Segment(marked.plain, "", 0, "", marked.plain, translatable=True, block=0, sentence=0)
    frame = marked.segments([whole])[0].frame
    assert frame is not None
    return frame


def placed(raw: str, target: str, pairs: str | None) -> str | None:
    """`pairs` as in `0-0 1-2`: source word, target word."""
    alignment = None
    if pairs is not None:
        alignment = [(int(one), int(other)) for one, other in (pair.split("-") for pair in pairs.split())]
    frame = frame_of(raw)
    return place(frame, target, alignment, source_words=len(frame.plain.split()))


def test_an_element_follows_its_words() -> None:
    raw = "Er hat <b>die Brücke</b> gesehen."
    assert placed(raw, "He saw the bridge.", "0-0 1-1 4-1 2-2 3-3") == "He saw <b>the bridge</b>."


def test_elements_may_change_places() -> None:
    raw = "<i>Gestern</i> ging <b>er</b>."
    assert placed(raw, "He left yesterday.", "0-2 1-1 2-0") == "<b>He</b> left <i>yesterday</i>."


def test_nested_elements_stay_nested() -> None:
    raw = "Das <i>alte <b>Haus</b></i> steht."
    assert placed(raw, "The old house stands.", "0-0 1-1 2-2 3-3") == "The <i>old <b>house</b></i> stands."


def test_punctuation_is_within_the_element_where_it_was_in_the_source() -> None:
    assert placed("Das <b>Haus.</b>", "The house.", "0-0 1-1") == "The <b>house.</b>"
    assert placed("Das <b>Haus</b>.", "The house.", "0-0 1-1") == "The <b>house</b>."
    assert placed("Das „<b>Haus</b>“.", "The “house”.", "0-0 1-1") == "The “<b>house</b>”."


@pytest.mark.parametrize(
    ("raw", "target", "pairs", "wanted"),
    [
        ("Der Rat<sup>1</sup> tagt.", "The council1 meets.", "0-0 1-1 2-2", "The council<sup>1</sup> meets."),
        ("Das H<sub>2</sub>O kocht.", "The H2O boils.", "0-0 1-1 2-2", "The H<sub>2</sub>O boils."),
        ("Die 80 m<sup>2</sup>.", "The 80 m2.", "0-0 1-1 2-2", "The 80 m<sup>2</sup>."),
        ("Ein <i>👍</i> <b>–</b> ja", "A 👍 – yes", "0-0 1-1 2-2 3-3", "A <i>👍</i> <b>–</b> yes"),
        ("Ein alt<b>.</b> Haus", "An old. house", "0-0 1-1 2-2", "An old<b>.</b> house"),
    ],
)  # fmt: skip
def test_a_note_an_index_and_signs_keep_their_own_tags(
    raw: str, target: str, pairs: str, wanted: str
) -> None:
    assert placed(raw, target, pairs) == wanted


@pytest.mark.parametrize(
    ("raw", "target", "pairs"),
    [
        ("Der Rat<sup>1</sup> tagt.", "The council meets.", "0-0 1-1 2-2"),
        ("Ein <b>–</b> gut", "A - good", "0-0 1-1 2-2"),
        ("Ein <i>👍</i>", "A 👍 👍", "0-0 1-1"),
    ],
)
def test_a_note_or_a_sign_that_is_not_there_as_it_was_has_no_place(raw: str, target: str, pairs: str) -> None:
    assert placed(raw, target, pairs) is None


def test_part_of_a_word_marks_the_word() -> None:
    assert placed("Die Haupt<b>stadt</b> lebt.", "The capital lives.", "0-0 1-1 2-2") == (
        "The <b>capital</b> lives."
    )


def test_a_point_stays_before_the_word_that_follows_it() -> None:
    raw = "Sehen Sie <img src=x> das Bild."
    assert placed(raw, "See the picture.", "0-0 1-0 2-1 3-2") == "See <img src=x>the picture."


def test_a_note_stays_behind_the_word_it_touches() -> None:
    raw = "Die Brücke<sup></sup>, sagt er, ist alt."
    pairs = "0-0 1-1 2-3 3-2 4-4 5-5"
    assert placed(raw, "The bridge, he says, is old.", pairs) == "The bridge<sup></sup>, he says, is old."


def test_tags_around_everything_need_no_alignment() -> None:
    assert placed("<b><i>Das Haus</i></b>", "The house", None) == "<b><i>The house</i></b>"
    assert placed("<b>Das</b> Haus", "The house", None) is None


def test_a_tag_that_began_before_the_sentence_ends_where_its_words_end() -> None:
    assert placed("Das alte</b> Haus", "The old house", "0-0 1-1 2-2") == "The old</b> house"
    assert placed("Das <b>alte Haus", "The old house", "0-0 1-1 2-2") == "The <b>old house"


@pytest.mark.parametrize(
    ("raw", "target", "pairs"),
    [
        ("Er <b>gibt</b> es auf.", "He gives it up.", "0-0 2-2 3-3"),
        ("<b>Das</b> <i>Haus</i> ist alt", "House the is old", "0-0 0-1 1-0 1-1 2-2 3-3"),
        ("Ein <b>Wort</b> von zehn", "one two three four five six", "0-0 1-1 1-3 1-5 2-2 3-4"),
    ],
)
def test_where_the_alignment_does_not_tell_nothing_is_guessed(raw: str, target: str, pairs: str) -> None:
    assert placed(raw, target, pairs) is None


def test_an_untranslated_element_stands_for_its_word() -> None:
    raw = "Nun <code>f()</code> und <b><code>g()</code></b> rufen."
    assert placed(raw, "Now call g() and f().", "0-0 1-4 2-3 3-2 4-1") == (
        "Now call <b><code>g()</code></b> and <code>f()</code>."
    )
    assert placed(raw, "Now call it.", "0-0 1-1") is None
