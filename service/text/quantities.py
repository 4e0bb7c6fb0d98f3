"""Numbers, dates, times, units and currencies of a German or English text, in one form for both.

`1.234,56` and `1,234.56` are one value, so are `vier Millionen` and `4m`, `14.30 Uhr` and `2:30 p.m.`,
`70. Jahrestag` and `70th anniversary`, `27.07.` and `July 27`. What is vague (`Hunderte`) or an article
(`eine`) is no quantity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.clock_times import clock_times, spoken_times, times_past_and_to
from service.text.codes import codes
from service.text.dates import months, numeric_dates
from service.text.figures import (
    FRACTION_SIGNS,
    decades,
    figures,
    fraction_signs,
    fractions,
    pairs,
    roman_numerals,
    seasons,
)
from service.text.number_words import number_words
from service.text.quantity import Language, Quantity, Reading
from service.text.signs import with_sign
from service.text.units import CURRENCIES, read_units
from service.text.words import words_in

_DIGIT = re.compile(r"\d")
_ROMANS = re.compile("[IVX]{2}")
_FRACTION_SIGN = re.compile(f"[{''.join(FRACTION_SIGNS)}]")
_HOURS = {
    "de": frozenset({"mitternacht", "mittag", "halb"}),
    "en": frozenset({"noon", "midday", "midnight", "half"}),
}
_MINUTES = {
    "de": re.compile("(?:viertel|fünf|zehn|zwanzig)\\s(?:nach|vor)"),
    "en": re.compile("(?:quarter|five|ten|twenty)\\s(?:past|after|to)"),
}
_DECADE_ENDS = frozenset({"er", "s"})
_CODE = re.compile("[A-ZÄÖÜ][ \u00a0-]?\\d")
_DATE = re.compile(r"\.\s?\d\d?\.")
_PAIR = re.compile(r"[:/–-]\s?\d")

__all__ = ["CURRENCIES", "Quantity", "read_quantities", "read_units"]


def read_quantities(text: str, language: str) -> list[Quantity]:
    """In the order of the text; `language` is "de" or "en", any other is read as English."""
    taken = bytearray(len(text))
    found: list[Quantity] = []
    for start, end, quantities in _readings(text, "de" if language == "de" else "en"):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            found += (with_sign(text, quantity) for quantity in quantities)
    return sorted(found, key=lambda quantity: quantity.start)


def _readings(text: str, language: Language) -> Iterator[Reading]:
    """The most specific first; what it covers is not read again. A reader whose sign or word is nowhere in
    the text is not asked: most sentences have no figure, and looking is cheaper than reading."""
    words = words_in(text)
    has_figures = _DIGIT.search(text) is not None
    has_pairs = has_figures and _PAIR.search(text) is not None
    if has_figures:
        yield from clock_times(text, language)
    if not _HOURS[language].isdisjoint(words):
        yield from spoken_times(text, language)
    if _MINUTES[language].search(text.lower()):
        yield from times_past_and_to(text, language)
    if has_figures and _CODE.search(text):
        yield from codes(text, language)
    if has_figures and language == "de" and _DATE.search(text):
        yield from numeric_dates(text)
    yield from months(text, language)
    if has_pairs:
        yield from seasons(text)
    if has_figures and not _DECADE_ENDS.isdisjoint(words):
        yield from decades(text)
    if _ROMANS.search(text):
        yield from roman_numerals(text)
    if has_pairs:
        yield from fractions(text)
    if _FRACTION_SIGN.search(text):
        yield from fraction_signs(text)
    if has_pairs:
        yield from pairs(text)
    if has_figures:
        yield from figures(text, language)
    yield from number_words(text, language)
