"""Months, and dates in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.quantity import Language, Quantity, Reading, reading
from service.text.words import words_in

_MONTHS = {
    name: number
    for number, names in enumerate(
        "januar jänner january jan|februar february feb|märz march mrz mar|april apr|mai may|juni june jun|"
        "juli july jul|august aug|september sept sep|oktober october okt oct|november nov|"
        "dezember december dez dec".split("|"),
        1,
    )
    for name in names.split()
}
MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_NUMERIC_DATE = re.compile(r"\b(?P<day>[0-3]?\d)\.\s?(?P<month>[01]?\d)\.(?:\s?(?P<year>\d{4}|\d{2}))?(?!\d)")
# Both look back from their first letter, so that the search leaps from one such letter to the next, and find
# other words besides.
_MONTH_NAME = re.compile(r"(?P<month>[ADFJMNOS](?<!\w.)[^\W\d_]{2,8})\b\.?")
_MONTH_COMPOUND = re.compile(
    r"[ADFJMNOS](?<!\w.)(?:anuar|ebruar|ärz|pril|uni|uli(?![aeiou])|ugust(?![aeiu])|eptember|ktober|ovember|ezember)"
    r"(?=[a-zäöü])"
)


def numeric_dates(text: str) -> Iterator[Reading]:
    for match in _NUMERIC_DATE.finditer(text):
        day, month = int(match["day"]), int(match["month"])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            continue
        parts: list[Quantity] = [
            Quantity.of("number", match.span("day"), day),
            Quantity.of("month", match.span("month"), month),
        ]
        if match["year"]:
            year = int(match["year"])
            values = (year,) if year > 99 else (2000 + year, 1900 + year, year)
            parts.append(Quantity.of("number", match.span("year"), *values))
        yield Reading(*match.span(), tuple(parts))


def months(text: str, language: Language) -> Iterator[Reading]:
    has_names = not _MONTHS.keys().isdisjoint(words_in(text))
    for match in _MONTH_NAME.finditer(text) if has_names else ():
        name = match["month"]
        if name.lower() not in _MONTHS or not _is_month(text, match):
            continue
        # `May`, `March` and the short forms are words of their own.
        soft = language == "en" and name.lower() in {"may", "march", "mar", "dec", "jun", "sep"}
        yield from reading("month", match.span("month"), _MONTHS[name.lower()], soft=soft)
    for match in _MONTH_COMPOUND.finditer(text) if language == "de" else ():
        if match[0].lower() in _MONTHS:  # no `Munition`
            yield from reading("month", match.span(), _MONTHS[match[0].lower()], soft=True)


def _is_month(text: str, match: re.Match[str]) -> bool:
    """Short forms need a number beside them; `August Müller` is nobody's birthday."""
    if len(match["month"]) > 3 or match["month"].lower() in {"mai", "may"}:
        return True
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
    return match[0].endswith(".") or before[-1:].isdigit() or before[-1:] == "." or after[:1].isdigit()
