"""Which hypotheses are handed out beside a translation, and the texts made of them."""

from __future__ import annotations

from functools import partial

import pytest

from service.backends.protocol import Hypothesis
from service.pipeline.alternatives import Presentable, alternative_texts, combined
from service.pipeline.result import TranslatedSegment
from service.pipeline.verification import judge
from service.terms.glossary import Glossary, Term
from service.text.article import read_article
from service.text.markup import read_markup
from service.text.segment import Segment
from service.text.segmentation import segment_article

SOURCE = "Die 12 Busse fahren um 8 Uhr nach {city} ab."


def hypothesis(target: str, *, complete: bool = True) -> Hypothesis:
    return Hypothesis(target, -0.5, len(target.split()), complete)


def presentable(*hypotheses: Hypothesis, source: str = SOURCE) -> list[str]:
    judged = partial(judge, source, source_language="de", target_language="en")
    return list(Presentable(source, None, judged).written(hypotheses))


def test_what_keeps_everything_is_handed_out_as_it_is() -> None:
    good = "The 12 buses leave for {city} at 8 o'clock."
    assert presentable(hypothesis(f" {good} ")) == [good]


@pytest.mark.parametrize(
    "target",
    [
        "The 13 buses leave for {city} at 8 o'clock.",
        "The buses leave for {city} at 8 o'clock.",
        "The 12 buses leave for the city at 8 o'clock.",
        "The 12 buses leave for Berlin, {city}, at 8 o'clock.",
        "The 12 buses leave {city} {city} at 8 o'clock.",
        "12 8 {city}",
        "",
    ],
)
def test_what_loses_or_invents_something_is_left_out(target: str) -> None:
    assert presentable(hypothesis(target)) == []


def test_what_was_cut_is_left_out() -> None:
    assert presentable(hypothesis("The 12 buses leave for {city} at 8 o'clock.", complete=False)) == []


def test_a_term_is_put_in_where_the_alignment_names_its_place_and_else_it_is_left_out() -> None:
    source = "Die Brücke ist alt."
    glossary = Glossary([Term("Brücke", "footbridge")], "de", "en")
    judged = partial(judge, source, source_language="de", target_language="en")
    asked = Presentable(source, None, judged, glossary, glossary.matches(source))
    aligned = Hypothesis("The bridge is old.", -0.5, 4, True, tuple((n, n) for n in range(4)))
    has_it = hypothesis("The footbridge is an old one.")
    assert list(asked.written([hypothesis("The bridge is aged."), aligned, has_it])) == [
        "The footbridge is old.",
        "The footbridge is an old one.",
    ]


def test_tags_stand_where_the_alignment_puts_them_and_else_it_is_left_out() -> None:
    text = "Der <b>Zug</b> hält."
    marked = read_markup(text, "html")
    article = read_article(marked.plain)
    segments = segment_article(article, language="de", count_tokens=lambda s: len(s.split()), max_tokens=50)
    [segment] = marked.segments(segments)
    judged = partial(judge, segment.model_source, source_language="de", target_language="en")
    asked = Presentable(segment.model_source, segment.frame, judged)
    aligned = Hypothesis("The train stops.", -0.5, 3, True, ((0, 0), (1, 1), (2, 2)))
    assert list(asked.written([hypothesis("The train halts."), aligned])) == ["The <b>train</b> stops."]


def translated(source: str, joint: str, target: str, *alternatives: str) -> TranslatedSegment:
    segment = Segment(source, joint, 0, joint, source, translatable=True)
    return TranslatedSegment(0, segment, target, 0, -0.5, alternatives=alternatives)


def test_a_text_takes_of_each_segment_its_own_and_its_best_where_it_has_none() -> None:
    segments = [
        translated("a", " ", "A", "A1", "A2"),
        translated("b", "\n\n", "B"),
        translated("c", "", "C", "C1"),
    ]
    assert alternative_texts(segments, "A B\n\nC") == ("A1 B\n\nC1", "A2 B\n\nC")
    assert list(combined(segments)) == [["A1", "B", "C1"], ["A2", "B", "C"]]


def test_a_text_without_any_has_none() -> None:
    assert alternative_texts([translated("a", "", "A")], "A") == ()
    assert alternative_texts([], "") == ()


def test_no_two_texts_are_the_same() -> None:
    """Two segments may say apart what they say together."""
    segments = [translated("a", "", "ab", "a", "abb"), translated("b", "", "c", "bc", "c")]
    assert alternative_texts(segments, "abc") == ("abbc",)
