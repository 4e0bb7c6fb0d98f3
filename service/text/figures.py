"""Numbers in figures, Arabic and Roman: `1.234,56`, `$5m`, `3:1`, `XVI.`, `1970s`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from service.text.dates import MONTH
from service.text.numerals import LONGEST_NUMBER, SOFT_UP_TO, Number, magnitude
from service.text.quantity import Language, Quantity, Reading, reading

_DIGITS = {
    "de": r"\d{1,3}(?:[.\u00a0\u202f '’]\d{3})+(?!\d)(?:,\d+)?|\d+(?:,\d+|\.\d{1,2}(?![\d.]))?",
    "en": r"\d{1,3}(?:[,\u00a0\u202f '’]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+|,\d{1,2}(?![\d,]))?",
}
"""Thousands and decimals as the language has them; two digits behind the other sign are decimals, too."""
_MAGNITUDE = (
    r"(?P<magnitude>thousand million|tausend millionen|hundert|hundred|tausend|tsd|thousand|"
    r"millionen|million|milliarden|milliarde|mio|mill|mrd|billionen|billion|trillion|bn|mn|mln|tn|trn|"
    r"bio(?=\.))\b\.?"
)
_DECADE = re.compile(r"\b(?P<digits>\d{2}|\d{4})(?:er\b|['’]?s\b)")
_SEASON = re.compile(
    r"(?<![\d.,/-])(?P<first>(?:1[5-9]|20)\d\d)\s?[/–-]\s?(?P<second>\d{4}|\d{2})(?![\d/-]|[.,]\d)"
)
_FRACTION = re.compile(r"(?<![\w.,/-])(?P<above>[1-9])/(?P<below>[2-9]|10)(?![\w/]|[.,-]\d)")
FRACTION_SIGNS = {
    "½": Fraction(1, 2),
    "¼": Fraction(1, 4),
    "¾": Fraction(3, 4),
    "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3),
}
_FRACTION_SIGN = re.compile(rf"(?P<whole>(?<![\d.,])\d{{1,6}})?\s?(?P<sign>[{''.join(FRACTION_SIGNS)}])")
_PAIR = re.compile(r"(?<![\d.,])(?P<left>\d{1,3})\s?[:–-]\s?(?P<right>\d{1,3})(?![\d,]|\.\d)")
_ROMAN = re.compile(r"\b(?P<roman>(?:X{0,3})(?:IX|IV|V?I{1,3}|V(?=\.))|X{1,3}(?=\.))\b")
_NUMBER = {
    code: re.compile(
        rf"(?<![\w.,])(?P<digits>{digits})(?:[\s-]?{_MAGNITUDE})?(?P<short>[km](?![\w²³]))?", re.IGNORECASE
    )
    for code, digits in _DIGITS.items()
}
_SHARED = {
    code: re.compile(
        rf"\s?(?:-|–|bis|und|oder|auf|to|and|or)\s?(?:zu\s|rund\s|etwa\s|about\s|[€$£])?(?:{digits})[\s-]?{_MAGNITUDE}",
        re.IGNORECASE,
    )
    for code, digits in _DIGITS.items()
}
"""What may follow a number that has its magnitude from the next: `3 bis 5 Millionen`."""
_MAGNITUDE_NEXT = re.compile(rf"[\s-]?{_MAGNITUDE}", re.IGNORECASE)
_SHORT = {"k": 1000, "m": 1_000_000}
_DAY_OF_MONTH = re.compile(rf"(?:st|nd|rd|th|\.)?\s?(?:of\s)?(?:{MONTH})\b", re.IGNORECASE)
_ORDINAL_END = re.compile(r"(?:st|nd|rd|th)\b|\.(?=\s[A-ZÄÖÜa-zäöü])")


def seasons(text: str) -> Iterator[Reading]:
    """`2023/24` and other spans of years; the second year is read in full."""
    for match in _SEASON.finditer(text):
        first, second = int(match["first"]), int(match["second"])
        full = second if second > 99 else first // 100 * 100 + second
        if first < full:
            years = (("first", (first,)), ("second", (full,) if full == second else (full, second)))
            parts = (Quantity.of("number", match.span(side), *values) for side, values in years)
            yield Reading(*match.span(), tuple(parts))


def decades(text: str) -> Iterator[Reading]:
    """`the 1800s` are a century as well, the 19th."""
    for match in _DECADE.finditer(text):
        value = int(match["digits"])
        others = [1900 + value] if value < 100 else [value // 100 + 1] if value % 100 == 0 else []
        yield from reading("number", match.span(), value, *others)


def fractions(text: str) -> Iterator[Reading]:
    """`1/2`; half is soft, because `half` and `halb` are not read."""
    for match in _FRACTION.finditer(text):
        value = Fraction(int(match["above"]), int(match["below"]))
        if value < 1:
            yield from reading("number", match.span(), value, soft=value == Fraction(1, 2))


def fraction_signs(text: str) -> Iterator[Reading]:
    """`2½`"""
    for match in _FRACTION_SIGN.finditer(text):
        value = int(match["whole"] or 0) + FRACTION_SIGNS[match["sign"]]
        yield from reading("number", match.span(), value, soft=value == Fraction(1, 2))


def roman_numerals(text: str) -> Iterator[Reading]:
    for match in _ROMAN.finditer(text):
        roman = match["roman"]
        if len(roman) > 1 and roman != "MI":
            yield from reading("number", match.span(), _roman(roman), soft=True)


def pairs(text: str) -> Iterator[Reading]:
    """Scores, ranges and clock times: two numbers, each on its own."""
    for match in _PAIR.finditer(text):
        if _MAGNITUDE_NEXT.match(text, match.end()):
            continue
        sides = (Quantity.of("number", match.span(side), int(match[side])) for side in ("left", "right"))
        yield Reading(*match.span(), tuple(sides))


def figures(text: str, language: Language) -> Iterator[Reading]:
    for match in _NUMBER[language].finditer(text):
        if len(match["digits"]) > LONGEST_NUMBER:
            continue  # a key or a code, not a quantity
        value = _value(match["digits"], language)
        if match["magnitude"]:
            value *= magnitude(match["magnitude"], language)
        shared = None if match["magnitude"] else _SHARED[language].match(text, match.end())
        if shared is not None:  # `3 bis 5 Millionen`
            together = value * magnitude(shared["magnitude"], language)
            yield from reading("number", match.span(), value, together)
        elif match["short"]:  # `$5m` is money, `5m` may be a length
            yield from reading("number", match.span(), value, value * _SHORT[match["short"].lower()])
        else:
            ordinal = value <= SOFT_UP_TO and _ORDINAL_END.match(text, match.end()) is not None
            ordinal = ordinal and not _DAY_OF_MONTH.match(text, match.end())
            yield from reading("number", match.span(), value, soft=ordinal)


def _value(digits: str, language: str) -> Number:
    if digits.isdecimal():
        return int(digits)
    decimal = "," if language == "de" else "."
    if re.fullmatch(r"\d+[.,]\d{1,2}", digits):
        decimal = digits[-2] if not digits[-2].isdigit() else digits[-3]
    whole, _, part = digits.partition(decimal)
    return Fraction(re.sub(r"\D", "", whole) + (f".{part}" if part else ""))


def _roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
