"""What a line says about itself; above all, that a sentence of the article is none of it."""

import pytest

from service.text.article import BlockKind, read_article
from service.text.furniture import is_caption, is_credit, looks_tabular


@pytest.mark.parametrize(
    "line",
    [
        "Jetzt müssen 200 Betriebe Insolvenz anmelden.",
        "Hier lernen Kinder seit 1920 lesen.",
        "Weitere Themen waren der Krieg in der Ukraine und die Rente.",
        "Weitere Meldungen über Schäden lagen der Polizei zunächst nicht vor.",
        "Mehr dazu wollte der Sprecher am Montag nicht sagen.",
        "Auch interessant ist der Blick auf die Zahlen.",
        "Der Newsletter der Partei lässt sich nun abbestellen.",
        "Stand: Der Angeklagte schweigt weiter zu den Vorwürfen.",
        "Protokoll: Die Abgeordneten stritten bis in die Nacht.",
        "Text: Der Vertrag sieht vor, dass beide Seiten zahlen.",
        "Themen: Die Minister sprachen über Rente, Krieg und Klima.",
        "Redaktion: Sind Sie für eine Mietpreisbremse?",
        "Copyright und Patente sollen künftig strenger geschützt werden, sagte sie.",
        "Mit Material der Bundeswehr wurde die Brücke gebaut.",
        "Veröffentlicht am 3. Mai sorgte der Bericht für Streit.",
        "Von Merkel zu Merz",
    ],
)
def test_a_sentence_or_headline_that_begins_like_a_credit_is_none(line: str) -> None:
    assert not is_credit(line)


@pytest.mark.parametrize(
    "line",
    [
        "Quelle: dpa, AFP, Reuters",
        "Stand: 27.07.2023, 14:32 Uhr",
        "Mit Material von dpa und Reuters",
        "mit Informationen der Nachrichtenagentur AFP",
        "Mit Inhalten von dpa.",
        "Bildrechte: MDR",
        "Bildnachweis: dpa",
        "VON MAX MÜLLER",
        "Von Max Müller (dpa)",
        "Von Max Müller, Berlin",
        "Ein Essay von Anna Weber",
        "Text: Max Müller",
        "Redaktion: M. Meier",
        "Copyright 2023 by Talbote",
        "© dpa",
        "(dpa/afp)",
        "Veröffentlicht am 3. Mai 2023",
        "Aktualisiert am 27.07.2023, 14:32 Uhr",
        "Themen: Ukraine, Russland, Krieg",
        "Von: post@talbote.example",
        "An: alle Mitglieder",
        "Jetzt anmelden",
        "Jetzt kostenlos abonnieren!",
        "Hier können Sie unseren Newsletter abonnieren.",
        "Dann abonnieren Sie jetzt unseren kostenlosen Newsletter mit den wichtigsten Nachrichten des Tages.",
        "Bitte aktivieren Sie JavaScript.",
        "Wir verwenden Cookies, um unser Angebot zu verbessern. Mit der Nutzung stimmen Sie zu.",
        "Dieser Artikel wurde zuerst am 3. Mai 2023 veröffentlicht.",
        "Weitere Themen",
        "Weitere Artikel zum Thema",
        "Mehr zum Thema: Ukraine",
        "Lesen Sie auch: Wie es weitergeht",
    ],
)
def test_what_the_page_says_about_itself_is_a_credit(line: str) -> None:
    assert is_credit(line)


@pytest.mark.parametrize(
    "line",
    [
        "Am Montag bot sich den Helfern ein schlimmes Bild: Häuser ohne Dach, Autos im Schlamm.",
        "Ermittler fanden ein Bild: den Schlüssel zum Fall.",
        "Video: Die Polizei wertet die Aufnahmen aus und sucht Zeugen.",
    ],
)
def test_a_sentence_about_a_picture_is_no_caption(line: str) -> None:
    assert not is_caption(line)


@pytest.mark.parametrize(
    "line",
    [
        "Der Minister in Berlin (Foto: dpa)",
        "Der Minister in Berlin. Foto: Max Müller/dpa",
        "Der Minister am Montag Foto: dpa",
        "Kim Jong Un | Bild: AFP",
        "Montage: zwei Männer",
        "Bild: Ein Haus steht.",
        "Video: So reagierte der Kanzler",
        "Eine Brücke (Archivbild)",
    ],
)
def test_a_line_beside_a_picture_is_a_caption(line: str) -> None:
    assert is_caption(line)


def test_prose_with_double_spaces_is_no_table() -> None:
    for line in (
        "Der   Stadtrat  hat  am  Montag   beschlossen,  die  alte  Brücke",
        "Der Rat hat am Montag den  Haushalt beschlossen und  gedankt.",
        "Die Opposition stimmte  dagegen, wie erwartet.",
    ):
        assert not looks_tabular(line, alone=False)
    for line in ("1.  FC Bayern   34   77", "Kiel\t3\t4", "Name    Ort", "a | b | c"):
        assert looks_tabular(line, alone=False)


def test_a_wrapped_line_that_reads_like_a_byline_stays_in_its_sentence() -> None:
    text = (
        "Der Stadtrat hat am Montag über die Sanierung der alten Brücke\n"
        "gestritten, und die Liste der Gutachten reicht inzwischen schon\n"
        "Von Brandt und Schmidt\n"
        "bis heute.\n"
    )
    blocks = read_article(text).blocks
    assert [block.kind for block in blocks] == [BlockKind.BODY]


def test_a_byline_under_a_long_headline_stays_a_byline() -> None:
    text = (
        "Der Stadtrat hat am Montag über die Sanierung der Brücke gestritten\n"
        "Von Max Müller\n\n"
        "Es war eine lange Sitzung, und am Ende stand ein Beschluss.\n\nNun wird gebaut, und zwar bald.\n"
    )
    kinds = [block.kind for block in read_article(text).blocks]
    assert kinds[:2] == [BlockKind.TITLE, BlockKind.CREDIT]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (
            "Kartoffelsuppe\n\nZutaten für 4 Personen:\n\nEin Kilo Kartoffeln schälen und kochen.",
            "Kartoffelsuppe",
        ),
        ("Programm am Montag\n\n20.00 Uhr Tagesschau\n\n20.15 Uhr Tatort aus Kiel", "Programm am Montag"),
    ],
)
def test_what_announces_a_list_or_a_time_is_no_headline(text: str, title: str) -> None:
    assert read_article(text).title == title


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", ["A&", "A& ", "A/", "Ab ", "A.", "dpa/", "Von ", "a "])
def test_no_line_takes_longer_than_its_length(unit: str) -> None:
    for start in ("Text: ", "Von ", "x Foto: ", "Quelle: ", "Mit Material von ", ""):
        line = (start + unit * 200)[:159] + "!"
        is_credit(line)
        is_caption(line)


@pytest.mark.timeout(20)
def test_tens_of_thousands_of_credit_lines_take_no_square() -> None:
    assert len(read_article("Von Max Muster\n" * 30_000).blocks) == 30_000
