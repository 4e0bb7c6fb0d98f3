from hypothesis import given
from hypothesis import strategies as st

from service.text.extractive import select_sentences

NEWS = [
    "Die neue Schleuse im Hafen geht erst im kommenden Jahr in Betrieb.",
    "Die neue Schleuse im Hafen geht erst im nächsten Jahr in Betrieb.",
    "Ist das nicht ein wenig spät für alle Beteiligten?",
    "Risse im Tor der Schleuse sind der Grund für die Verzögerung.",
    "Nein.",
    "Die Kosten der Schleuse steigen damit auf mehr als zweihundert Millionen Euro.",
    "Am Abend gab es im Rathaus noch belegte Brote und Tee für alle.",
]


def select(sentences: list[str], count: int | None = 3, max_words: int | None = None) -> list[int]:
    return select_sentences(sentences, count=count, max_words=max_words, language="de")


def test_the_first_sentence_leads_and_its_repetition_is_left_out() -> None:
    assert select(NEWS, count=2) == [0, 3]
    assert 1 not in select(NEWS, count=4)


def test_of_two_sentences_alike_the_plainer_one_is_taken() -> None:
    plain = "Die Stadt will die alte Brücke über den Fluss im Mai neu bauen."
    dense = "Die Stadtverwaltung beabsichtigt die Generalsanierung des Flussquerungsbauwerks im Frühjahr."
    other = "Am Abend gab es im Rathaus noch belegte Brote und Tee für alle Gäste."
    assert select([dense, plain, other], count=1) == [1]


def test_questions_and_fragments_are_left_out() -> None:
    chosen = select(NEWS, count=7)
    assert 2 not in chosen
    assert 4 not in chosen


def test_questions_are_taken_when_there_is_nothing_else() -> None:
    assert select(["Wer ist da?", "Was soll das?"], count=1) == [0]
    assert select(["Nein.", "Wer ist da?"], count=2) == [0]


def test_words_are_limited() -> None:
    chosen = select(NEWS, count=None, max_words=25)
    assert sum(len(NEWS[index].split()) for index in chosen) <= 25
    assert len(chosen) == 2


def test_where_no_sentence_fits_the_shortest_is_taken() -> None:
    assert select(NEWS, count=3, max_words=5) == [3]


def test_nothing_gives_nothing() -> None:
    assert select([]) == []
    assert select(["", "..."]) == []
    assert select(NEWS, count=0) == []


def test_three_are_taken_when_nobody_says_how_many() -> None:
    assert len(select(NEWS, count=None)) == 3


def test_twenty_thousand_sentences_are_no_trouble() -> None:
    """The suite's own time limit ends a quadratic selection."""
    many = [f"Der Satz mit der Nummer {i} handelt von {i % 97} Dingen im Land." for i in range(20_000)]
    assert len(select(many, count=5)) == 5
    assert len(select(many, count=20_000)) == 20_000


@given(st.lists(st.text(max_size=60), max_size=40), st.integers(1, 10), st.integers(1, 100))
def test_any_choice_is_in_order_within_limits_and_repeatable(
    sentences: list[str], count: int, max_words: int
) -> None:
    chosen = select(sentences, count=count, max_words=max_words)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= count
    assert all(0 <= index < len(sentences) for index in chosen)
    assert chosen == select(sentences, count=count, max_words=max_words)
    if len(chosen) > 1:
        assert sum(len(sentences[index].split()) for index in chosen) <= max_words


def test_a_sentence_that_stands_twice_is_chosen_once() -> None:
    said = "Der Stadtrat hat die Sanierung der alten Brücke beschlossen."
    again = "DER STADTRAT hat die Sanierung der alten Brücke beschlossen!"
    other = "Die Arbeiten an der Brücke beginnen im Mai und dauern drei Monate."
    assert select_sentences([said, again, other, said], count=3, max_words=None, language="de") == [0, 2]
