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
        "Lesen Sie gern, oder hören Sie lieber zu?",
        "Hier geht es zur Sache, und zwar sofort.",
        "Über den Autor des Buches wurde lange gestritten.",
        "Max Muster ist Redakteur beim Talboten und wurde am Montag verhaftet.",
        "Verpassen konnte den Auftritt niemand.",
        "Dieses Video ist ein Beweis, sagt die Anklage.",
        "Die Firma will Newsletter künftig nur noch mit Zustimmung versenden.",
        "Mehr Menschen finden Arbeit, und viele hören damit auf zu suchen.",
        "Die Zustimmung zum Vertrag kann das Parlament jederzeit widerrufen.",
        "Sie können ihre Zustimmung jederzeit widerrufen, sagte der Minister.",
        "Aus Talheim berichtet die Polizei von zwei Unfällen.",
        "Anmerkungen der Redaktion fanden die Forscher in jedem dritten Text.",
        "Startseiten sind für Verlage wieder wichtiger geworden.",
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
        "Abonnieren Sie unseren kostenlosen Newsletter.",
        "Melden Sie sich hier für unseren Newsletter an.",
        "Mit dem Newsletter „Talblick“ erhalten Sie jeden Freitag die besten Geschichten der Woche.",
        "Der Newsletter für Talheim: Jeden Morgen die wichtigsten Nachrichten in Ihrem Postfach.",
        "Täglich die wichtigsten Nachrichten per E-Mail: Jetzt anmelden.",
        "Ich bin damit einverstanden, dass mir externe Inhalte angezeigt werden.",
        "Diese Website verwendet Cookies.",
        "Sie können Ihre Einwilligung jederzeit in den Einstellungen widerrufen.",
        "Dieser Inhalt wird von YouTube bereitgestellt.",
        "Hier geht es zum Liveticker.",
        "Mehr Hintergründe zur Brücke finden Sie hier.",
        "Den ganzen Artikel lesen Sie mit unserem Abo.",
        "Anmerkung der Redaktion: In einer früheren Version stand ein falsches Datum.",
        "Hören Sie hier den Podcast zum Thema.",
        "Den Podcast hören Sie überall, wo es Podcasts gibt.",
        "Dieses Video ist bis 04.11.2024 verfügbar.",
        "Haben Sie einen Fehler entdeckt? Schreiben Sie uns.",
        "Aus Talheim berichtet unser Korrespondent Max Muster",
        "Max Muster ist freier Journalist und lebt in Talheim.",
        "Erika Beispiel, Jahrgang 1980, ist Redakteurin im Ressort Wirtschaft.",
        "Max Muster schreibt seit 2010 für den Talboten.",
        "Zur Person: Erika Beispiel ist Redakteurin des Talboten.",
        "dpa-infocom, dpa:231104-99-812345/3",
        "Startseite > Talheim > Verkehr",
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
@pytest.mark.parametrize(
    "unit",
    [
        "Sie ",
        "Newsletter ",
        "Max Muster ",
        "jederzeit ",
        "A&",
        "A& ",
        "A/",
        "Ab ",
        "A.",
        "dpa/",
        "Von ",
        "a ",
    ],
)
def test_no_line_takes_longer_than_its_length(unit: str) -> None:
    for start in ("Text: ", "Von ", "x Foto: ", "Quelle: ", "Mit Material von ", ""):
        line = (start + unit * 400)[:319] + "!"
        is_credit(line)
        is_caption(line)


@pytest.mark.timeout(20)
def test_tens_of_thousands_of_credit_lines_take_no_square() -> None:
    assert len(read_article("Von Max Muster\n" * 30_000).blocks) == 30_000
