from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.article import BlockKind, read_article
from service.text.html import read_html
from service.text.segment import Segment, join_segments
from service.text.segmentation import segment_article

ROOT = Path(__file__).parents[3]
ARTICLES = sorted((ROOT / "tests" / "articles").glob("*.txt"))
SEED = ROOT / "../shared/articles/seed-nordkorea-russland.txt"


def in_bytes(source: str) -> int:
    """Like a tokenizer that knows only bytes, with one special token."""
    return len(source.encode("utf-8")) + 1


def in_words(source: str) -> int:
    return len(source.split()) + 1


def segments_of(
    text: str, *, max_tokens: int = 400, count_tokens=in_bytes, latin_alone: bool = False
) -> list[Segment]:
    return segment_article(
        read_article(text),
        language="de",
        count_tokens=count_tokens,
        max_tokens=max_tokens,
        latin_alone=latin_alone,
    )


def models_of(text: str, **options) -> list[str]:
    return [segment.model_source for segment in segments_of(text, **options) if segment.translatable]


_AWKWARD = [
    *("Der Hund bellt. ", "Dr. ", "- ", "1. ", "a) ", "a | b\t", "Foto: ", "Quelle: dpa\n", "wort" * 30),
    *("\n", "\n\n", "\r", "\r\n", "\x0c", "\u2028", "\u2029", "\u00a0", "\u200b", "\u00ad\n", "  "),
    *("Verteidi-\ngung ", "?01.06.2023 | 43:26 min\n", "ein, zwei; drei – vier: ", "ﷺ", "😀"),
    *("\u0301", "\ud800", "\udfff"),
    *(" " * 3000, "\u200b" * 3000, "e3b0c44298fc1c14" * 3, "https://talbote.example/" + "a-b/" * 30),
    *("Привет, мир! ", "世界很大。"),
]
texts = st.lists(st.one_of(st.characters(), st.sampled_from(_AWKWARD))).map("".join)


@given(texts, st.integers(12, 80))
def test_joining_gives_back_any_text_and_every_segment_fits(text: str, max_tokens: int) -> None:
    blocks = read_article(text).blocks
    segments = segments_of(text, max_tokens=max_tokens, latin_alone=True)
    assert join_segments(segments) == text
    position = 0
    for segment in segments:
        assert segment.start == position
        assert text[segment.start : segment.end] == segment.source
        position = segment.end + len(segment.separator)
        has_letters = any(map(str.isalpha, segment.source))
        assert not segment.translatable or has_letters
        if segment.translatable:
            assert in_bytes(segment.model_source) <= max_tokens
            assert segment.sentence >= 0
        if has_letters and not segment.translatable:
            is_marker = len(segment.source) == 2  # such as `a)`
            is_address = segment.source.startswith("https://talbote.example/a-b")
            is_duration = blocks[segment.block].kind is BlockKind.DURATION
            assert is_marker or is_address or is_duration or segment.unreadable
    assert position == len(text)


@given(texts)
def test_only_white_space_and_table_pipes_are_left_to_separators(text: str) -> None:
    separators = "".join(segment.separator for segment in segments_of(text))
    assert not separators.replace("|", "").strip()


@given(texts)
def test_what_the_model_reads_is_one_clean_line(text: str) -> None:
    for source in models_of(text):
        assert source == " ".join(source.split())
        assert not any("\ud800" <= character <= "\udfff" for character in source)


def test_a_sentence_over_the_budget_is_cut_at_its_clauses() -> None:
    sentence = "Der Minister kam am Morgen an, die Menge jubelte laut; danach hielt er eine lange Rede."
    sources = models_of(sentence, max_tokens=60)
    assert sources == [
        "Der Minister kam am Morgen an, die Menge jubelte laut;",
        "danach hielt er eine lange Rede.",
    ]
    assert {segment.sentence for segment in segments_of(sentence, max_tokens=60)} == {0}


def test_a_giant_word_is_cut_between_characters_and_joined_without_a_space() -> None:
    word = "donaudampfschiff" * 60
    segments = segments_of(word, max_tokens=100)
    assert all(in_bytes(segment.model_source) <= 100 for segment in segments)
    assert {segment.joint for segment in segments} == {""}
    assert "".join(segment.model_source for segment in segments) == word


def test_a_piece_without_letters_inside_a_giant_word_gets_no_space_either() -> None:
    segments = segments_of("donaudampfschiff" * 10 + "1" * 150, max_tokens=60)
    assert {segment.translatable for segment in segments} == {True, False}
    assert {segment.joint for segment in segments} == {""}


def test_a_long_text_asks_for_few_counts() -> None:
    counts = 0

    def counting(source: str) -> int:
        nonlocal counts
        counts += 1
        return in_words(source)

    text = "Der Hund läuft durch den Wald und bellt. " * 10_000
    segments = segments_of(text, count_tokens=counting)
    assert join_segments(segments) == text
    assert len(segments) == 10_000
    assert counts < 50


@pytest.mark.parametrize("length", [5_000, 20_000, 80_000])
def test_letters_without_a_space_are_counted_a_few_times_each_however_many_they_are(length: int) -> None:
    """Some tokenizers take the square of a word's length, so no count goes far beyond a piece either."""
    counted: list[int] = []

    def counting(source: str) -> int:
        counted.append(len(source))
        return len(source) + 1

    pieces = models_of("dampfschiffahrts" * (length // 16), max_tokens=200, count_tokens=counting)
    assert max(map(len, pieces)) <= 199
    assert sum(counted) <= 12 * length
    assert max(counted[len(counted) // 10 :]) <= 2 * 199
    assert max(counted) <= 8 * 200


@pytest.mark.parametrize(
    "gap", [" ", "\t", "\u00a0", " \u200b", "\u00ad ", " \x02", "\u00a0\u200c", " \u034f\u200c\u00ad"]
)
def test_a_gap_of_any_width_does_not_part_a_sentence_that_fits(gap: str) -> None:
    sentence = f"Der große Hund,{gap * 9000}der im Hof wohnt, bellt{gap * 9000}laut in der Nacht."
    [segment] = segments_of(sentence, max_tokens=80)
    assert segment.source == sentence
    assert segment.model_source == "Der große Hund, der im Hof wohnt, bellt laut in der Nacht."


def test_a_gap_between_letters_takes_nothing_from_the_room_of_the_words_around_it() -> None:
    words = "Der große Hund bellt laut und der kleine Hund hört ihm zu"
    segments = segments_of(words + " " * 9000 + words, max_tokens=60)
    assert [segment.model_source for segment in segments] == [words, words]


HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_hash_in_a_sentence_is_a_segment_of_its_own_that_no_model_reads() -> None:
    before, found, after = segments_of(f"Der Wert {HASH}  wurde geprüft.")
    assert (found.source, found.model_source, found.translatable) == (HASH, "", False)
    assert [each.unreadable for each in (before, found, after)] == [False, True, False]
    assert (before.model_source, after.model_source) == ("Der Wert", "wurde geprüft.")
    assert {each.sentence for each in (before, found, after)} == {0}
    assert found.joint == "  "


def test_a_text_of_nothing_but_encoded_data_is_one_segment_of_no_sentence() -> None:
    [segment] = segments_of(HASH * 100)
    assert segment.unreadable
    assert segment.sentence == -1


def test_a_long_address_is_a_segment_of_its_own_and_nothing_is_wrong_with_it() -> None:
    address = "https://talbote.example/" + "artikel-und-mehr/" * 100
    segments = segments_of(f"Siehe ({address}), bitte.")
    assert [segment.source for segment in segments] == ["Siehe (", address, "), bitte."]
    assert [segment.translatable for segment in segments] == [True, False, True]
    assert not any(segment.unreadable for segment in segments)
    assert {segment.joint for segment in segments} == {""}


def test_a_short_address_with_a_hash_in_it_stays_in_its_sentence() -> None:
    sentence = f"Siehe https://talbote.example/{HASH} oder frag."
    assert models_of(sentence) == [sentence]


def test_what_is_in_another_script_is_read_only_by_a_model_that_may_know_it() -> None:
    text = "Он сказал: «Привет».\n\nDer Hund heißt Белка und bellt."
    foreign, german = segments_of(text, latin_alone=True)
    assert (foreign.unreadable, foreign.translatable) == (True, False)
    assert german.model_source == "Der Hund heißt Белка und bellt."
    assert all(segment.translatable for segment in segments_of(text))


def test_blanks_and_decorations_are_no_letters_to_the_model() -> None:
    assert models_of("Neu: Rabatte! \u034f \u200c \u00ad\u034f \u200c \u00ad\u3164")[0] == "Neu: Rabatte!"
    assert models_of("Der H\u0335\u0301\u0323u\u0335\u0301\u0323nd be\u0336l\u0336lt.") == ["Der Hund bellt."]
    assert models_of("Việt Nam, e\u0301cole, ṩ") == ["Việt Nam, école, ṩ"]


def test_joiners_stay_where_they_mean_something() -> None:
    assert models_of("Wort می\u200cخواهم 👩\u200d👧 Wort") == ["Wort می\u200cخواهم 👩\u200d👧 Wort"]


def test_hard_wrapped_lines_become_one_and_hyphenation_is_undone() -> None:
    text = (
        "Der Minister für Verteidi-\ngung sprach gestern in Ost-\nund Westdeutschland über Nordrhein-\n"
        "Westfalen und die deutsch-\nfranzösische Freundschaft."
    )
    assert models_of(text) == [
        "Der Minister für Verteidigung sprach gestern in Ost- und Westdeutschland über Nordrhein-Westfalen "
        "und die deutsch-französische Freundschaft."
    ]


def test_invisible_characters_are_dropped_and_odd_spaces_made_plain() -> None:
    assert models_of("Kim\u00a0habe Si\u00adcher\u200bheit u\u0308ber alles\ufeff gestellt.") == [
        "Kim habe Sicherheit über alles gestellt."
    ]


def test_a_headline_without_space_after_its_colon_gets_one_for_the_model_only() -> None:
    (segment,) = segments_of("Nordkorea:Schoigu trifft Kim")
    assert (segment.source, segment.model_source) == (
        "Nordkorea:Schoigu trifft Kim",
        "Nordkorea: Schoigu trifft Kim",
    )


def test_list_markers_and_table_gaps_are_reproduced_exactly() -> None:
    text = (
        "Einkauf\n\n- Äpfel\n- Birnen\n\n1. Waschen\n2. Schneiden\n\nVerein | Tore | Punkte\nKiel | 3 | 9\n"
    )
    segments = segments_of(text)
    rendered = "".join((segment.source.upper() if segment.translatable else segment.source) + segment.joint
                       for segment in segments)  # fmt: skip
    assert rendered == text.upper()
    assert [segment.source for segment in segments if not segment.translatable] == [
        "-",
        "-",
        "1.",
        "2.",
        "3",
        "9",
    ]


def test_joints_keep_paragraphs_and_replace_hard_wraps_and_missing_spaces() -> None:
    text = "Erster Satz ist hier zu Ende.Zweiter Satz geht weiter.\n\nNeuer Absatz mit einem Satz."
    assert [segment.joint for segment in segments_of(text)] == [" ", "\n\n", ""]


def test_leading_white_space_has_a_segment_of_its_own() -> None:
    first, second = segments_of("\n  Guten Tag")
    assert (first.source, first.separator, first.translatable) == ("", "\n  ", False)
    assert (second.source, second.start, second.sentence) == ("Guten Tag", 3, 0)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_no_text_has_no_sentence(text: str) -> None:
    assert join_segments(segments_of(text)) == text
    assert not models_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "." * 200_000,
        ". " * 100_000,
        '."' * 100_000,
        "a\n" * 50_000,
        "ä" * 200_000 + "\nb",
        " " * 200_000 + "b",
        "\n" * 200_000,
        "a\u0301" * 50_000,
        "1. a\n" * 20_000,
        "Wort, " * 30_000,
        "a|" * 100_000,
    ],
    ids=lambda text: repr(text[:4]),
)
def test_monotonous_texts_do_not_cost_their_square(text: str) -> None:
    """The suite's own time limit ends a quadratic reading."""
    assert join_segments(segments_of(text)) == text


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_every_article_survives(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for max_tokens in (40, 400):
        segments = segments_of(text, max_tokens=max_tokens)
        assert join_segments(segments) == text
        assert all(in_bytes(s.model_source) <= max_tokens for s in segments if s.translatable)


def test_the_mail_is_read_as_sentences_not_lines() -> None:
    sources = models_of((ROOT / "tests/articles/rundbrief.txt").read_text(encoding="utf-8"))
    assert (
        "Wer sich vorstellen kann, die Kasse zu führen oder die Warteliste zu betreuen, meldet sich bitte "
        "bis zum 10. Dezember bei uns." in sources
    )
    assert "Die Ost- und die Nordseite sind damit fertig, im Frühjahr folgt der Rest." in sources
    assert "12. Dezember: Jahresabschluss mit Punsch" in sources


def test_the_page_is_read_without_its_frame() -> None:
    text = read_html((ROOT / "tests/articles/seite.html").read_text(encoding="utf-8")).text
    sources = models_of(text)
    assert sources[0] == "Brücke über die Sahle wieder offen"
    assert "Die Linie 4 hält ab sofort wieder am Markt." in sources
    assert not any(word in text for word in ("Impressum", "Startseite", "zaehler"))


@pytest.mark.skipif(not SEED.exists(), reason="the seed article lies beside the checkout, not in it")
def test_the_seed_article_has_29_sentences() -> None:
    text = SEED.read_text(encoding="utf-8")
    segments = segments_of(text)
    units = [segment.source for segment in segments if any(map(str.isalpha, segment.source))]
    sources = [segment.model_source for segment in segments if segment.translatable]
    assert join_segments(segments) == text
    assert len(units) == 29
    assert [s.sentence for s in segments if s.translatable] == list(range(28))
    assert units[-2:] == ["01.06.2023 | 43:26 min", "Quelle: dpa, AFP, Reuters"]
    assert sources[0] == "Nordkorea und Russland: Kim Jong Un trifft Schoigu"
    assert sources[-1] == "Quelle: dpa, AFP, Reuters"  # the date and running time are copied
    assert "Offizieller Anlass von Schoigus Besuch ist der 70. Jahrestag des Endes im Koreakrieg." in sources
