"""Numbers in figures, Arabic and Roman: `1.234,56`, `$5m`, `3:1`, `XVI.`, `1970s`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from service.text.dates import MONTH
from service.text.numerals import LONGEST_NUMBER, SOFT_UP_TO, magnitude
from service.text.quantity import Language, Reading, quantity, reading

_DIGITS = {
    "de": r"\d{1,3}(?:[.\u00a0\u202f '’]\d{3})+(?!\d)(?:,\d+)?|\d+(?:,\d+|\.\d{1,2}(?![\d.]))?",
    "en": r"\d{1,3}(?:[,\u00a0\u202f '’]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+|,\d{1,2}(?![\d,]))?",
}
"""Thousands and decimals as the language has them; two digits behind the other sign are decimals, too."""
_MAGNITUDE = (
    r"(?:[\s-]?(?P<magnitude>thousand million|tausend millionen|hundert|hundred|tausend|tsd|thousand|"
    r"millionen|million|milliarden|milliarde|mio|mill|mrd|billionen|billion|trillion|bn|mn|mln|tn|trn)\b\.?)?(?P<short>[km](?![\w²³]))?"
)
_DECADE = re.compile(r"\b(?P<digits>\d{2}|\d{4})(?:er\b|['’]?s\b)")
_PAIR = re.compile(r"(?<![\d.,])(?P<left>\d{1,3})\s?[:–-]\s?(?P<right>\d{1,3})(?![\d,]|\.\d)")
_ROMAN = re.compile(r"\b(?P<roman>(?:X{0,3})(?:IX|IV|V?I{1,3}|V(?=\.))|X{1,3}(?=\.))\b")
_NUMBER = {
    code: re.compile(rf"(?<![\w.,])(?P<digits>{digits}){_MAGNITUDE}", re.IGNORECASE)
    for code, digits in _DIGITS.items()
}
_SHORT = {"k": 1000, "m": 1_000_000}
_DAY_OF_MONTH = re.compile(rf"(?:st|nd|rd|th|\.)?\s?(?:of\s)?(?:{MONTH})\b", re.IGNORECASE)
_ORDINAL_END = re.compile(r"(?:st|nd|rd|th)\b|\.(?=\s[A-ZÄÖÜa-zäöü])")


def decades(text: str) -> Iterator[Reading]:
    for match in _DECADE.finditer(text):
        value = int(match["digits"])
        yield from reading("number", match.span(), value, *([1900 + value] if value < 100 else []))


def roman_numerals(text: str) -> Iterator[Reading]:
    for match in _ROMAN.finditer(text):
        roman = match["roman"]
        if len(roman) > 1 and roman != "MI":
            yield from reading("number", match.span(), _roman(roman), soft=True)


def pairs(text: str) -> Iterator[Reading]:
    """Scores, ranges and clock times: two numbers, each on its own."""
    for match in _PAIR.finditer(text):
        sides = (quantity("number", match.span(side), int(match[side])) for side in ("left", "right"))
        yield Reading(*match.span(), tuple(sides))


def figures(text: str, language: Language) -> Iterator[Reading]:
    for match in _NUMBER[language].finditer(text):
        if len(match["digits"]) > LONGEST_NUMBER:
            continue  # a key or a code, not a quantity
        value = _value(match["digits"], language)
        if match["magnitude"]:
            value *= magnitude(match["magnitude"], language)
        if match["short"]:  # `$5m` is money, `5m` may be a length
            yield from reading("number", match.span(), value, value * _SHORT[match["short"].lower()])
        else:
            ordinal = value <= SOFT_UP_TO and _ORDINAL_END.match(text, match.end()) is not None
            ordinal = ordinal and not _DAY_OF_MONTH.match(text, match.end())
            yield from reading("number", match.span(), value, soft=ordinal)


def _value(digits: str, language: str) -> Fraction:
    decimal = "," if language == "de" else "."
    if re.fullmatch(r"\d+[.,]\d{1,2}", digits):
        decimal = digits[-2] if not digits[-2].isdigit() else digits[-3]
    whole, _, part = digits.partition(decimal)
    return Fraction(re.sub(r"\D", "", whole) + (f".{part}" if part else ""))


def _roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
