"""What the starter model is trained on: cleaning, weighting and the pairs that the recipe makes itself."""

import gzip
import random
from pathlib import Path

import pytest

from model_configs.starter import corpus
from model_configs.starter.corpus import Pair


def seeded(seed: int) -> random.Random:
    """Return a generator that draws the same test data every time."""
    return random.Random(seed)  # noqa: S311 - draws data, not secrets


def test_no_break_spaces_and_tabs_become_single_blanks() -> None:
    assert corpus.squeeze(" 5\u00a0Prozent \t mehr\u2009als ") == "5 Prozent mehr als"


def test_decomposed_umlauts_are_composed() -> None:
    assert corpus.squeeze("Mu\u0308nchen") == "München"


def test_an_ordinary_pair_is_usable() -> None:
    assert corpus.is_usable("Das Haus ist groß.", "The house is big.")


@pytest.mark.parametrize(
    ("german", "english"),
    [
        ("12.3.2019", "3/12/2019"),
        ("Ein Wort.", "A sentence that says a great deal more than the other side ever could have said."),
        ("Das ist noch gar nicht übersetzt.", "Das ist noch gar nicht übersetzt."),
        ("GrÃ¼ÃŸe aus MÃ¼nchen", "Greetings from Munich"),
        ("Klicken Sie <b>hier</b>.", "Click <b>here</b>."),
        ("Siehe https://example.org für mehr.", "See https://example.org for more."),
        ("Das Wort heißt слово.", "The word is слово."),
        ("Ha " * 95, "Ha " * 95 + "ha"),
    ],
    ids=["no letters", "lengths", "untranslated", "encoding", "markup", "address", "alphabet", "too long"],
)
def test_a_pair_that_would_teach_nonsense_is_dropped(german: str, english: str) -> None:
    assert not corpus.is_usable(german, english)


def test_a_bare_name_may_stand_unchanged_on_both_sides() -> None:
    assert corpus.is_usable("Angela Merkel", "Angela Merkel")


def test_each_pair_is_kept_once_even_if_its_blanks_differ() -> None:
    pairs = [Pair("Guten  Tag.", "Good day."), Pair("Guten Tag.", "Good day.")]
    assert list(corpus.clean(pairs, frozenset())) == [Pair("Guten Tag.", "Good day.")]


@pytest.mark.parametrize("held_out", ["guten tag!", "GOOD DAY"])
def test_a_pair_that_shares_a_side_with_a_held_out_text_is_left_out(held_out: str) -> None:
    pairs = [Pair("Guten Tag.", "Good day."), Pair("Gute Nacht.", "Good night.")]
    kept = list(corpus.clean(pairs, frozenset({corpus.fingerprint(held_out)})))
    assert kept == [Pair("Gute Nacht.", "Good night.")]


def test_lines_without_exactly_two_columns_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "source.tsv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as output:
        output.write("Guten Tag.\tGood day.\nnur eine Spalte\neins\tzwei\tdrei\n")
    assert list(corpus.read_source(path)) == [Pair("Guten Tag.", "Good day.")]


def test_names_and_figures_that_stand_on_both_sides_are_found_as_runs() -> None:
    pair = Pair("Angela Merkel kam 2015 nach Paris.", "In 2015, Angela Merkel came to Paris.")
    assert corpus.shared_names(pair) == ["Angela Merkel", "2015", "Paris"]


def test_words_that_differ_between_the_languages_are_not_copied() -> None:
    pair = Pair("Der Kanzler besuchte Italien.", "The chancellor visited Italy.")
    assert corpus.copied_target([pair], limit=10, rng=seeded(1)) == []


def test_copied_lines_are_the_same_on_both_sides_and_no_more_than_asked_for() -> None:
    pairs = [Pair(f"Firma{number} gewann.", f"Firma{number} won.") for number in range(50)]
    copies = corpus.copied_target(pairs, limit=5, rng=seeded(1))
    assert len(copies) == 5
    assert all(german == english for german, english in copies)


def test_figures_swap_points_and_commas_but_keep_their_digits() -> None:
    for german, english in corpus.figure_pairs(200, seeded(1)):
        if german.startswith("am "):
            continue
        amount_de, amount_en = german.split()[0], english.split()[0]
        assert amount_de.translate(str.maketrans(".,", ",.")) == amount_en


def test_dates_name_the_same_day_and_year_on_both_sides() -> None:
    dates = [pair for pair in corpus.figure_pairs(200, seeded(1)) if pair.german.startswith("am ")]
    assert dates
    for german, english in dates:
        _, day, _, year = german.split()
        assert english.split()[2:] == [day.rstrip(".") + ",", year]


def test_the_same_seed_makes_the_same_figures() -> None:
    assert corpus.figure_pairs(20, seeded(3)) == corpus.figure_pairs(20, seeded(3))


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0), (0.25, 25), (1.0, 100), (2.5, 250)])
def test_a_pass_draws_as_many_pairs_as_the_rate_says(rate: float, expected: int) -> None:
    assert len(corpus.draw(rate, 100, seeded(1))) == expected


def test_a_pass_draws_no_pair_twice_before_every_pair_came_once() -> None:
    numbers = corpus.draw(1.5, 100, seeded(1))
    assert all(1 <= numbers.count(number) <= 2 for number in range(100))


def test_the_curriculum_goes_from_short_to_long_and_covers_the_whole_run() -> None:
    limits = [phase.max_pieces for phase in corpus.PHASES]
    assert limits == sorted(limits)
    assert corpus.phase_at(0.0) == corpus.PHASES[0]
    assert corpus.phase_at(1.0) == corpus.PHASES[-1]


def test_news_counts_more_than_manuals_and_leaflets() -> None:
    last = corpus.PHASES[-1]
    rates = {source.name: corpus.rate_of(source, last) for source in corpus.SOURCES}
    heavy = min(rates["wmt-news-refs"], rates["syn-bergamot-deen"], rates["europarl-pieces"])
    light = max(
        rates["suttas"], rates["doc-php"], rates["doc-zf1"], rates["qe18-it-ende"], rates["qe18-pharma-deen"]
    )
    assert heavy >= 4 * light


def test_every_source_is_listed_once() -> None:
    names = [source.name for source in corpus.SOURCES]
    assert len(names) == len(set(names))
