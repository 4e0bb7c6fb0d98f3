import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.evaluation.summary_scores import (
    WordTokenizer,
    copied,
    mean_of,
    redundancy,
    score_summaries,
    unsupported_names,
    unsupported_numbers,
)


def test_words_keep_their_umlauts() -> None:
    assert WordTokenizer().tokenize("Die Brücke, die Straße und Oma's Öfen.") == [
        "die", "brücke", "die", "strasse", "und", "oma's", "öfen",
    ]  # fmt: skip


def test_copied_runs_are_counted_in_words() -> None:
    assert copied("eins zwei drei vier", "Eins, zwei, drei.") == 1.0
    assert copied("eins zwei drei vier", "eins zwei drei fünf") == 0.5
    assert copied("eins", "zwei") == 0.0


def test_what_a_summary_says_twice_is_redundant() -> None:
    assert redundancy("a b c d") == 0.0
    assert redundancy("a b c a b c") == pytest.approx(1 / 4)


def test_figures_are_compared_by_their_digits() -> None:
    assert unsupported_numbers("1.300 Menschen", "1,300 people, 12 dead") == ["12"]


def test_names_inside_a_sentence_must_stand_in_the_source() -> None:
    assert unsupported_names("In Köln traf Frau Meyer ein.", "Meyer came to Köln, not to Bonn.") == ["Bonn"]


def test_an_empty_summary_scores_zero() -> None:
    scores = score_summaries(["Ein Satz steht hier."], {"stumm": ([""], ["Ein Satz steht hier."])})["stumm"]
    assert scores.rouge1.value == scores.rougel.value == scores.words.value == 0


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_a_mean_lies_within_its_interval_and_that_within_the_values(values: list[float]) -> None:
    mean = mean_of(values)
    assert min(values) - 1e-9 <= mean.low <= mean.high <= max(values) + 1e-9
    assert mean_of(values) == mean
