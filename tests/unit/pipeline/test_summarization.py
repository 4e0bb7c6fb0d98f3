import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batching.batcher import Batcher
from service.pipeline.models import LoadedModel
from service.pipeline.result import Span, Summary
from service.pipeline.summarization import (
    AbstractiveSummarizer,
    SourceSentence,
    SummaryLength,
    about,
    count_words,
    extract,
    fit,
    pack,
    select,
    shorten,
    support,
    whole_sentences,
)
from tests.integration.conftest import stub_models


def sentences(*texts: str) -> list[SourceSentence]:
    position = 0
    made = []
    for text in texts:
        made.append(SourceSentence(Span(position, position + len(text)), text, text.upper()))
        position += len(text) + 1
    return made


NEWS = sentences(
    "Der Stadtrat hat am Montag die Sanierung der alten Brücke beschlossen.",
    "Die Arbeiten an der Brücke beginnen im Mai und dauern drei Monate.",
    "Nach Angaben der Verwaltung kostet die Sanierung zwei Millionen Euro.",
    "Am Rande der Sitzung gab es Kaffee und Kuchen für alle Gäste.",
    "Die Anwohner hatten seit Jahren auf die Sanierung der Brücke gewartet.",
)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ((None, None, None), SummaryLength(3, 90)),
        ((None, None, "short"), SummaryLength(2, 50)),
        ((5, None, None), SummaryLength(5, None)),
        ((None, 40, None), SummaryLength(None, 40)),
        ((2, 40, "long"), SummaryLength(2, 40)),
    ],
)
def test_the_most_specific_wish_for_a_length_wins(
    wish: tuple[None, None, None], expected: SummaryLength
) -> None:
    assert SummaryLength.of(*wish) == expected


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


def test_sections_hold_whole_sentences_in_order_within_the_budget() -> None:
    assert pack(["a b", "c d", "e f"], 4, count_words) == ["a b c d", "e f"]
    assert pack([], 4, count_words) == []


@given(st.lists(st.lists(st.sampled_from(["ja", "nein"]), max_size=20).map(" ".join)), st.integers(1, 9))
def test_packing_drops_no_word_and_never_exceeds_the_budget(texts: list[str], budget: int) -> None:
    sections = pack(texts, budget, count_words)
    assert " ".join(sections).split() == " ".join(texts).split()
    assert all(count_words(section) <= budget for section in sections)


def test_a_cut_off_last_sentence_is_dropped() -> None:
    assert whole_sentences("The bridge is old. It will be. It costs two mill", "en") == [
        "The bridge is old.",
        "It will be.",
    ]
    assert whole_sentences('He said: "It is old."', "en") == ['He said: "It is old."']
    assert whole_sentences("no end", "en") == []


def test_fitting_keeps_the_first_sentences_without_repeats() -> None:
    assert fit(["A b.", "A b.", "C d.", "E f."], SummaryLength(2, None)) == ["A b.", "C d."]
    assert fit(["A b.", "C d e."], SummaryLength(None, 4)) == ["A b."]


def test_a_written_sentence_is_traced_to_the_sentences_it_shares_words_with() -> None:
    spans = support("THE ARBEITEN BEGINNEN IM MAI.", NEWS)
    assert spans[0] == NEWS[1].span
    assert support("NICHTS DAVON STEHT DORT.", sentences("Ein anderer Satz.")) == ()


async def summarize(model: LoadedModel, texts: list[SourceSentence], length: SummaryLength) -> Summary:
    batcher = Batcher(capacity_tokens=10**6, batch_tokens=4096)
    batcher.start()
    try:
        writer = AbstractiveSummarizer(batcher, model, language="en")
        return await asyncio.wait_for(writer.summarize(texts, length), 30)
    finally:
        await asyncio.wait_for(batcher.stop(), 10)


async def test_a_long_text_is_summarised_by_sections_then_merged() -> None:
    [model] = stub_models(summarizer=True).summarizers
    many = sentences(*(f"Satz {number} handelt von Brücken und Flüssen." for number in range(400)))
    summary = await summarize(model, many, SummaryLength(3, 60))
    assert "summarized_in_sections" in {caveat.code for caveat in summary.caveats}
    assert 1 <= len(summary.sentences) <= 3
    assert count_words(summary.text) <= 60
    assert summary.text.endswith(".")


async def test_a_summarizer_that_writes_nothing_usable_falls_back_to_an_extract_and_says_so() -> None:
    [model] = stub_models(summarizer=True, decode=lambda _: "no end of it").summarizers
    summary = await summarize(model, NEWS, SummaryLength(2, 60))
    assert summary.method == "extract"
    assert "summary_extracted" in {caveat.code for caveat in summary.caveats}
    assert summary.sentences


async def test_a_summarizer_is_never_asked_to_summarise_nothing() -> None:
    asked: list[str] = []

    def decode(source: str) -> str:
        asked.append(source)
        return "a section without an end"

    [model] = stub_models(summarizer=True, decode=decode).summarizers
    many = sentences(*(f"Satz {number} handelt von Brücken und Flüssen." for number in range(400)))
    summary = await summarize(model, many, SummaryLength(3, 60))
    assert summary.method == "extract"
    assert all(asked)


def test_a_summarizer_is_given_what_is_about_the_focus_in_order() -> None:
    assert [s.span for s in about(NEWS, "Kuchen Kosten")] == [
        NEWS[2].span,
        NEWS[3].span,
    ]  # `kostet`, `Kuchen`
    assert about(NEWS, "Fußball") == list(NEWS)


def test_a_doubtful_sentence_gives_way_to_the_next_best_and_stands_in_when_it_is_alone() -> None:
    doubtful = [replace(sentence, doubtful=sentence is NEWS[0]) for sentence in NEWS]
    assert NEWS[0].span not in [s.span for s in select(doubtful, SummaryLength(2, None), "de")]
    assert len(select([replace(NEWS[0], doubtful=True)], SummaryLength(), "de")) == 1


async def test_a_written_sentence_with_a_figure_that_the_text_lacks_is_left_out_and_told() -> None:
    def decode(_: str) -> str:
        return "The council repairs the bridge. It costs 99 million euros. The work begins in May."

    [model] = stub_models(summarizer=True, decode=decode).summarizers
    many = sentences(*(f"Satz {number} handelt von Brücken und Flüssen." for number in range(20)))
    summary = await summarize(model, many, SummaryLength(3, 60))
    assert [sentence.text for sentence in summary.sentences] == [
        "The council repairs the bridge.",
        "The work begins in May.",
    ]
    [message] = [c.message for c in summary.caveats if c.code == "summary_sentence_dropped"]
    assert "99 million" in message
