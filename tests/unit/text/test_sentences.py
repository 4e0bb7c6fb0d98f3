"""Where German sentences end. `|` in an example is the boundary; the space after it is in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.sentences import split_sentences
from service.text.whole_words import is_whole_word


def split(text: str, language: str = "de") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


TRAPS = [
    "Super Laden!!| immer wieder gerne.",
    "Was soll das??| das geht nicht.",
    "Ich kam nur schwer weg...| Verdiente fünf Sterne!",
    "Der... Mann kam nicht.",
    "Er dachte an … Peter.",
    "Der 70. Jahrestag wurde gefeiert.| Alle kamen.",
    "Am 27. Juli endete der Krieg.",
    "Der 38. Breitengrad teilt das Land.",
    "Er kam am 3. Oktober 1990.| Danach ging er.",
    "Sie wurde 2. und er nur 3. Der Rest war weit zurück.".replace("3. Der", "3.| Der"),
    "Das gilt z. B. für Berlin.| Dort regnet es.",
    "Das gilt z.B. Der Fall ist klar.",
    "Man nennt sie, z. B. Die Linke, oft zuerst.",
    "Er sagte, d. h. Frau Meier sagte es.",
    "Das kostet 5 Mio. Euro.| Zu viel?",
    "Es waren 5 Mio.| Die Kasse ist leer.",
    "Der Gewinn lag bei 3 Mrd. Dollar.",
    "Dr. Müller und Prof. Dr. Schmidt kamen.",
    "Nach Abs. 2 Satz 1 gilt das.| Nach Abs. 3 nicht.",
    "Siehe Nr. 5 und S. 12 im Heft.",
    "„Ich komme gleich.“| Dann ging er.",
    "„Kommst du?“, fragte sie.| Er nickte.",
    "„Kommst du?“ fragte sie leise.",
    "»Das war gut.«| Alle lachten.",
    '"Das war gut."| Alle lachten.',
    '"Wer ist da?"| Niemand antwortete.',
    "Er rief „Halt!“ und lief davon.",
    "Sie ging.| „Warte“, rief er.",
    "Sie ging.| »Warte«, rief er.",
    "Sie ging (leise.)| Er blieb.",
    "Das ist (!) Absicht.",
    "Ludwig XIV. regierte lange.",
    "Unter Ludwig XIV. Frankreich zu sehen, war teuer.",
    "Er diente Friedrich II.| Der König dankte es ihm.",
    "Im II. Weltkrieg wurde die Stadt zerstört.",
    "J. Edgar Hoover und Johann S. Bach.",
    "Plan B scheiterte.| Plan C auch.",
    "Es gab Brot, Käse usw.| Die Gäste aßen.",
    "Es gab Brot usw.| Peter aß.",
    "Sie arbeitet bei der Siemens AG.| Die Firma wächst.",
    "Die Siemens AG. Tochterfirmen sind ausgenommen.",
    "Er wohnt in der Goethestr. Nummer fünf.",
    "Das war ca. 300 v. Chr. in Rom.",
    "Das geschah 44 v. Chr.| Die Folgen kennt man.",
    "Um 19.30 Uhr beginnt es.| Um 22 Uhr endet es.",
    "Es waren 1.300 Leute da.| 2019 waren es mehr.",
    "Der Krieg endete 1953.| Danach kam Ruhe.",
    "So war es in den 1950er Jahren.| Heute nicht.",
    "Wie schafft sie es, nie zu verschwinden?|01.06.2023 | 43:26 min".replace("023 | 43", "023 \x00 43"),
    "Das war der erste Satz.|Nächster Satz.",
    "Er hatte genug!|Danach schwieg er.",
    "Mehr auf www.Beispiel.De oder unter a.B@example.org heute.",
    "Tja … das war es.",
    "Und dann ... Peter schwieg.",
    "Und dann ...| Das war alles.",
    "Was?!| Das glaube ich nicht.",
    "Der Wert (vgl. Abb. 3) steigt.",
    "St. Pauli gewinnt gegen 1. FC Köln.",
    "1. Der Vertrag gilt ab sofort.",
    "II. Die Parteien sind sich einig.",
    "Er kam Mo. bis Fr. ins Büro.",
    "Das Haus hat 120 qm. Wohnfläche gibt es genug.",
    "Sie kommt aus den U.S.A. nach Bonn.",
    "Sie kam aus den U.S.A.| Er nicht.",
    "Der ehem. Minister und sein Stellv. Peter Kuhn kamen.",
    "Das stimmt.| – Nein, sagte sie.",
    "War nie da.| ich warte noch immer.",
    "Das Essen war kalt.| nie wieder dieses Hotel!",
    "Nie wieder dieses Hotel!| wir waren entsetzt.",
    "Was möchten Sie trinken?| ok, dann nehme ich Tee.",
    "Das macht sie doch.| iPhone und Tablet bleiben aus.",
    "Die Abstimmung ist zu Ende.| (das Haus nimmt den Antrag an)",
    "Die Miete versteht sich einschl. der Heizung.",
    "Es ging um allgem. und besondere Pflichten.",
    "Das Kind war gesetzl. vertreten und schwieg.",
    "Die Firma Szabo Kft. hat ihren Sitz in Pest.",
    "Sie trat bei Wer wird Millionär? im Ersten auf.",
    "Die Show Jetzt erst recht! lief am Abend.",
    "Das Makro println! gibt eine Zeile aus.",
    "Die Zahl lag bei knapp 85.000.| Helfer sind in Sorge.",
    "Der 10.000. Besucher bekam Blumen.",
    "Er holte den 500. Sieg und 70.000. Punkt.",
    "Das Rennen beginnt um 13.00.| Zuschauer sind willkommen.",
    "Bitte kommen Sie zu Gate 24.| Durchsagen gibt es keine.",
    "Das ist das Massen-Modell 3.| Anleger freuen sich.",
    "Die Strecke misst 40 km.| Radfahrer brauchen zwei Stunden.",
    "Sie warnen vor VPNs.| Sicherheit geht vor.",
    "Es gibt alles auf DVD.| Filme sind sein Leben.",
    "Das betrifft aktuelle usw. Fragen.",
    "Er setzt nur auf Gewalt...| Gewerkschafter sind empört.",
    "Tja... Peter schwieg.",
    "Der Laden ist zu..| Personal fehlt.",
    "Das Geld nahm ihm Karl S. ab.| Zeugen sahen es.",
    'Sie schrieb "Das ist das Ende der ganzen Geschichte!"| Karl lachte.',
    'Sie sah "Das ist das Ende!" Karl zuliebe.',
    'Sie rief "Bleib doch stehen!"| "Karl bleibt nie stehen."',
    "Es gab Brot, Käse, u.s.w.| Innigste Grüße!",
    "Ende des Absatzes\n\n|Neue Zeile ohne Punkt davor",
]


@pytest.mark.parametrize("marked", TRAPS)
def test_german_traps(marked: str) -> None:
    marked = marked.replace("\n\n|", "|\n\n")
    text = marked.replace("|", "").replace("\x00", "|")
    expected = [part.strip().replace("\x00", "|") for part in marked.split("|")]
    assert split(text) == expected


def test_english_numbers_end_sentences_and_titles_do_not() -> None:
    text = "Mr. Smith was 27. Then he left the U.S. for good. It rained at 5 p.m. The end."
    assert split(text, "en") == [
        "Mr. Smith was 27.",
        "Then he left the U.S. for good.",
        "It rained at 5 p.m.",
        "The end.",
    ]


def test_a_language_without_rules_of_its_own_is_still_split() -> None:
    assert split("Dit is een zin. Hier is er nog een!", "nl") == ["Dit is een zin.", "Hier is er nog een!"]
    assert split("今天很好。明天呢？", "zh") == ["今天很好。", "明天呢？"]


def test_a_small_letter_begins_no_sentence_where_whole_words_are_not_known() -> None:
    assert len(split("He came from the Benelux. it was late.", "en")) == 1


@pytest.mark.parametrize(
    "token",
    "einschl versch russ gesetzl angebl durchschn allgem polit Blvd Kft MwSt USA XIV".split(),
)
def test_an_abbreviation_is_no_whole_word(token: str) -> None:
    assert not is_whole_word(token, frozenset())


@pytest.mark.parametrize(
    "word",
    "werden gearbeitet Union Wachstum Arbeitsplan wichtig Ausfall Holzmann Europa nicht war".split(),
)
def test_a_word_that_ends_sentences_is_whole(word: str) -> None:
    assert is_whole_word(word, frozenset({"Nicht", "War"}))


def test_a_single_line_break_ends_nothing_and_a_blank_line_does() -> None:
    assert split("Der Hund\nbellt laut\r\n\r\nDie Katze") == ["Der Hund\nbellt laut", "Die Katze"]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u2029", "."])
def test_hardly_any_text_is_no_trouble(text: str) -> None:
    assert split(text) == ([text.strip()] if text.strip() else [])


alphabet = st.one_of(
    st.sampled_from(list("aB1 .!?…\n\r\t„“\"»«'()-–:;,\u2028\u2029\x0c\x85\u0301\u00a0")),
    st.characters(),
    st.sampled_from(["\ud800", "\udfff"]),
)
texts = st.lists(
    st.one_of(alphabet, st.sampled_from(["Dr. ", "z. B. ", "27. Juli ", ". Der ", '." Er ', "\r\n"]))
).map("".join)


@given(texts, st.sampled_from(["de", "en", "fr", "xx"]))
def test_spans_are_ordered_trimmed_and_leave_only_white_space_out(text: str, language: str) -> None:
    position = 0
    for start, end in split_sentences(text, language):
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    "parts",
    [
        ["Das war ein Sieg!", "🏆 Die Fans jubeln."],
        ["Er kam.\u200b", "Die Tür war zu."],
        ["Er ging.²", "Danach war Ruhe."],
        ["Er ging.[3]", "Danach war Ruhe."],
        ["Das ist das Ende.", "• Die Bahn streikt.", "• Das Wetter wird schön."],
        ["+++ Die Bahn streikt.", "+++ Das Wetter wird schön. +++"],
        ["Das steht in § 4 Satz 2 Halbs. 1 EStG."],
        ["Das baut die Fa. Müller."],
    ],
)
def test_signs_around_a_stop_do_not_hide_it(parts: list[str]) -> None:
    text = " ".join(parts)
    assert [text[start:end] for start, end in split_sentences(text)] == parts
