from dataclasses import replace

import pytest

from service.pipeline.extract import extract, select, shorten
from service.pipeline.summarization import SourceSentence, SummaryLength, count_words
from tests.unit.pipeline.news import NEWS


def test_an_extract_keeps_to_the_words_of_the_translation_not_of_the_source() -> None:
    wordy = [SourceSentence(s.span, s.source, f"{s.target} " + "and so on " * 10) for s in NEWS]
    picked = select(wordy, SummaryLength(3, 90), "de")
    assert picked
    assert sum(count_words(s.text) for s in picked) <= 90


def test_an_extract_of_nothing_is_empty() -> None:
    assert select([], SummaryLength(), "de") == []
    assert extract([], of=0, length=SummaryLength(), language="en").text == ""


@pytest.mark.parametrize("length", [SummaryLength(None, 5), SummaryLength(2, 9), SummaryLength(None, 1)])
def test_where_no_sentence_is_short_enough_the_shortest_one_is_cut_and_that_is_said(
    length: SummaryLength,
) -> None:
    for news in (NEWS, NEWS[:1]):
        picked = select(news, length, "de")
        summary = extract(picked, of=len(news), length=length, language="en")
        assert summary.text.endswith("…")
        assert 1 <= count_words(summary.text) <= (length.words or 0)
        assert [sentence.text for sentence in summary.sentences] == [summary.text]
        assert summary.method == "extract"
        [caveat] = summary.caveats
        assert caveat.code == "summary_cut"
        assert caveat.span == picked[0].span


def test_a_sentence_is_cut_at_the_end_of_a_clause_where_it_can_be() -> None:
    assert shorten("The council, which met on Monday, will repair the bridge", 8) == (
        "The council, which met on Monday…"
    )
    assert shorten("The council, as expected everywhere here, repairs", 5) == (
        "The council, as expected everywhere…"
    )


def test_a_doubtful_sentence_gives_way_to_the_next_best_and_stands_in_when_it_is_alone() -> None:
    doubtful = [replace(sentence, doubtful=sentence is NEWS[0]) for sentence in NEWS]
    assert NEWS[0].span not in [s.span for s in select(doubtful, SummaryLength(2, None), "de")]
    assert len(select([replace(NEWS[0], doubtful=True)], SummaryLength(), "de")) == 1


def test_a_sentence_without_an_end_gets_one() -> None:
    items = [replace(NEWS[0], source="Drei neue Busse für die Linie nach Süden", target=None)]
    items += [replace(NEWS[1], source="Zwei Straßenbahnen für den Norden der Stadt –", target=None)]
    summary = extract(items, of=5, length=SummaryLength(), language="de")
    assert [sentence.text for sentence in summary.sentences] == [
        "Drei neue Busse für die Linie nach Süden.",
        "Zwei Straßenbahnen für den Norden der Stadt.",
    ]
