from hypothesis import given
from hypothesis import strategies as st

from service.pipeline.result import Span
from service.pipeline.sections import fit, pack, trace, whole_sentences, without_repeats
from service.pipeline.summarization import SummaryLength, count_words
from tests.unit.pipeline.news import NEWS


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


def test_what_a_later_section_says_again_is_left_out_unless_its_figures_differ() -> None:
    written = [
        "The council will repair the old bridge over the river.",
        "The repair costs 2 million euros.",
        "The council will repair the old bridge over the river Isar.",
        "The repair costs 3 million euros.",
    ]
    assert without_repeats(written) == [written[0], written[1], written[3]]


def test_a_written_sentence_is_traced_to_the_sentences_it_shares_words_with() -> None:
    [traced] = trace(["THE ARBEITEN BEGINNEN IM MAI."], NEWS)
    assert traced.sources[0] == NEWS[1].span


def test_a_written_sentence_that_shares_no_word_rests_on_all_that_was_read() -> None:
    [traced] = trace(["NICHTS DAVON STEHT DORT."], NEWS)
    assert traced.sources == (Span(NEWS[0].span.start, NEWS[-1].span.end),)
