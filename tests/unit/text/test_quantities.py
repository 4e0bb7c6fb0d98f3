"""Numbers of German and English texts in one form."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.clock_times import clock_times, spoken_times, times_past_and_to
from service.text.codes import codes
from service.text.dates import months, numeric_dates
from service.text.figures import decades, figures, fraction_signs, fractions, pairs, roman_numerals, seasons
from service.text.number_words import number_words
from service.text.quantities import read_quantities, read_units


def values(text: str, language: str) -> list[Fraction]:
    return [quantity.values[0] for quantity in read_quantities(text, language)]


@pytest.mark.parametrize(
    ("german", "english"),
    [
        ("1.234,56 Euro", "€1,234.56"),
        ("vier Millionen Menschen", "4 million people"),
        ("221 Milliarden Dollar", "$221bn"),
        ("2,4 Mio. Euro und 1,2 Mrd. Euro", "2.4 million euros and 1.2 billion euros"),
        ("70. Jahrestag", "70th anniversary"),
        ("14.30 Uhr", "2:30 p.m."),
        ("21.40 Uhr", "9.40pm"),
        ("am 27. Juli 1953", "on 27 July 1953"),
        ("1 300 Briefe", "1,300 letters"),
        ("Heinrich VIII.", "Henry VIII"),
        ("zwei Drittel", "two thirds"),
        ("dreieinhalb Jahre", "three and a half years"),
        ("eine halbe Million", "half a million"),
        ("einundzwanzig", "twenty-one"),
        ("zweihundertfünfzig", "two hundred and fifty"),
        ("3:1", "3-1"),
        ("20 bis 30 Prozent", "20 to 30 per cent"),
        ("die zwanzigjährige Geschichte", "twenty years of history"),
        ("im neunzehnten Jahrhundert", "in the nineteenth century"),
        ("zum einundzwanzigsten Mal", "for the twenty-first time"),
        ("um halb acht", "at half past seven"),
        ("in den Achtzigerjahren", "in the eighties"),
        ("die Zwölf-Millionen-Metropole", "the twelve-million metropolis"),
        ("zwei Dutzend", "two dozen"),
        ("ein halbes Dutzend", "half a dozen"),
        ("anderthalb Jahre", "a year and a half"),
        ("die anderthalbstündige Führung", "one and a half hours of tour"),
        ("drei Viertel", "three quarters"),
        ("Dreiviertelstunde", "three quarters of an hour"),
        ("1/4 Liter", "¼ litre"),
        ("2½ Stunden", "two and a half hours"),
        ("Viertel nach acht", "a quarter past eight"),
        ("um zehn vor acht", "at ten to eight"),
        ("2023/24", "2023-24"),
        ("Saison 2023/2024", "2023/24 season"),
        ("3 Bio. Euro", "€3 trillion"),
        ("250 Tsd.", "250,000"),
        ("A 7", "A7"),
        ("G-20-Gipfel", "G20 summit"),
    ],
)
def test_both_languages_read_the_same_values(german: str, english: str) -> None:
    assert values(german, "de") == values(english, "en") != []


def test_a_numeric_date_is_a_day_a_month_and_a_year() -> None:
    found = read_quantities("01.06.2023", "de")
    assert [(each.kind, each.values[0]) for each in found] == [("number", 1), ("month", 6), ("number", 2023)]


@pytest.mark.parametrize("text", ["Hunderte kamen.", "Zehntausende gingen.", "Hundreds of thousands came."])
def test_what_is_vague_is_no_quantity(text: str) -> None:
    assert read_quantities(text, "en" if "of" in text else "de") == []


def test_a_billion_is_not_the_same_in_both_languages() -> None:
    assert values("eine Billion", "de") == [10**12]
    assert values("a billion", "en") == [10**9]


def test_small_numbers_in_words_are_soft_and_figures_are_not() -> None:
    [word] = read_quantities("zwölf Tote", "de")
    [figure] = read_quantities("12 Tote", "de")
    assert (word.soft, figure.soft) == (True, False)


def test_units_have_one_name_in_both_languages() -> None:
    german = read_units("15 Prozent, 3 Kilometer, 4 Tonnen, 5 Euro, 2 Stunden")
    english = read_units("15 per cent, 3 kilometres, 4 tonnes, €5, 2 hours")
    assert german == english == {"percent", "length:km", "mass:t", "EUR", "span:hour"}


@given(st.text(), st.sampled_from(["de", "en"]))
def test_any_text_is_read_and_every_span_lies_in_it(text: str, language: str) -> None:
    for quantity in read_quantities(text, language):
        assert 0 <= quantity.start < quantity.end <= len(text)
        assert quantity.values


_FRAGMENTS = (
    "5 12 2023 1.200 1,5 70er 1990s '90s 3:1 2023/24 1/2 ½ XIV. IV 27.07. 3. 05. . , / : – - ( Uhr 14Uhr "
    "14.30 5h a.m. pm p.m o'clock o’clocKs 9.40pm Mitternacht HALB acht noon half past seven zehn vor "
    "quarter to Viertel nach A7 A 320 F-16 g20 Juli JULI Juliwoche May mai Mai2 Maitag Aug. um zwei "
    "zweihundert ein einer dritte anderthalb twenty a an third million dozen week and both Zwanzigerjahre "
    "nineties the zwei_ _drei ACHT İ ſ K"
).split()


@given(st.lists(st.tuples(st.sampled_from(_FRAGMENTS), st.sampled_from(["", " ", "\u00a0"])), max_size=12))
def test_whatever_is_asked_first_no_reading_is_missed(fragments: list[tuple[str, str]]) -> None:
    """A reader that is not asked would have found nothing."""
    text = "".join(fragment + gap for fragment, gap in fragments)
    in_either_way = [clock_times, spoken_times, times_past_and_to, codes, months, figures, number_words]
    either = [seasons, decades, roman_numerals, fractions, fraction_signs, pairs]
    for language in ("de", "en"):
        taken = {at for each in read_quantities(text, language) for at in range(each.start, each.end)}
        readings = [reading for reader in in_either_way for reading in reader(text, language)]
        readings += [reading for reader in either for reading in reader(text)]
        readings += numeric_dates(text) if language == "de" else ()
        for start, end, quantities in readings:
            assert not taken.isdisjoint(range(start, end)), (text[start:end], quantities)


@given(st.integers(13, 10**9))
def test_a_number_reads_the_same_with_either_languages_thousands(number: int) -> None:
    english = f"{number:,}"
    assert values(english, "en") == values(english.replace(",", "."), "de") == [number]


@pytest.mark.parametrize(
    "text",
    ["Im Auguſt 1848 kam er.", "15 tauſend", "5. JULİ", "9" * 6000, "tausend" * 1100, "²³ ٣ IIII 1.2.3.4"],
)
@pytest.mark.parametrize("language", ["de", "en"])
def test_odd_letters_and_endless_numbers_are_read_without_a_fault(text: str, language: str) -> None:
    read_quantities(text, language)


def test_a_day_beside_its_month_is_no_soft_ordinal() -> None:
    assert [each.soft for each in read_quantities("am 8. Mai 1945", "de")] == [False, False, False]


def test_evening_is_not_morning() -> None:
    [evening] = read_quantities("7 Uhr abends", "de")
    [morning] = read_quantities("7 a.m.", "en")
    assert set(evening.values).isdisjoint(morning.values)


@pytest.mark.parametrize(
    ("text", "language", "negative"),
    [
        ("bei -5 Grad", "de", [True]),
        ("minus fünf Grad", "de", [True]),
        ("5 Grad unter dem Gefrierpunkt", "de", [True]),
        ("−5°C", "en", [True]),
        ("3-5 Tage", "de", [False, False]),
        ("kam - 5 Minuten zu spät", "de", [False]),
        ("Regel- und 5 Ausnahmen", "de", [False]),
    ],
)
def test_a_sign_stands_right_before_its_number(text: str, language: str, negative: list[bool]) -> None:
    assert [each.negative for each in read_quantities(text, language)] == negative


def test_letters_with_a_number_are_one_code() -> None:
    found = read_quantities("Auf der A 7 fuhr ein A320-Schlepper zur F-16.", "de")
    codes = [(each.letters, each.values[0]) for each in found if each.kind == "code"]
    assert codes == [("A", 7), ("A", 320), ("F", 16)]


def test_an_english_article_before_a_number_is_no_code() -> None:
    assert [each.kind for each in read_quantities("A 3 percent rise", "en")] == ["number"]


def test_a_magnitude_is_shared_by_both_ends_of_a_range() -> None:
    first, second = read_quantities("3 bis 5 Millionen", "de")
    assert Fraction(3_000_000) in first.values
    assert second.values == (5_000_000,)


def test_a_letter_whose_lower_case_is_longer_moves_no_number() -> None:
    text = "İİ und zwei, İ dann DREISSIG"
    assert [text[each.start : each.end] for each in read_quantities(text, "de")] == ["zwei", "DREISSIG"]
