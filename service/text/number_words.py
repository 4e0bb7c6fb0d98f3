"""Numbers said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from service.text import english_numbers, german_numbers
from service.text.numerals import DECADES, SOFT_UP_TO, Spoken
from service.text.quantity import Language, Reading, reading

_WORD = re.compile(r"\b[^\W\d_]+\b")
_FURTHEST = 8
"""Words that one number is looked for in."""
_NOTHING: Spoken = (0, Fraction(0))

_FIRST = {
    "de": re.compile(rf"\b(?:{'|'.join(sorted(german_numbers.BEGINNINGS | DECADES.keys()))})[^\W\d_]*\b"),
    "en": re.compile(rf"\b(?:{'|'.join(sorted(english_numbers.STARTS | DECADES.keys()))})\b"),
}
"""Finds every word in lower case that a number may start with, and others; most words begin otherwise."""


def number_words(text: str, language: Language) -> Iterator[Reading]:
    at = 0
    for first in _FIRST[language].finditer(_lowered(text)):
        if first.start() < at:
            continue
        words = list(islice(_WORD.finditer(text, first.start()), _FURTHEST))
        taken, value = _spoken(words, language) if words else _NOTHING
        if not taken:
            continue
        at = words[taken - 1].end()
        soft = value in (100, 1000) or (value.denominator == 1 and value <= SOFT_UP_TO)
        others = _other_readings([match[0].lower() for match in words[:taken]], language)
        yield from reading("number", (words[0].start(), at), value, *others, soft=soft)


def _lowered(text: str) -> str:
    """As long as the text: one letter has a longer word for its lower case."""
    return text.replace("İ", "I").lower()


def _other_readings(spoken: list[str], language: Language) -> list[Fraction]:
    if spoken[0] in DECADES:
        return [Fraction(1900 + DECADES[spoken[0]])]
    other = english_numbers.other_reading(spoken) if language == "en" else None
    return [] if other is None else [other]


def _spoken(words: list[re.Match[str]], language: Language) -> Spoken:
    word = words[0][0].lower()
    if word in DECADES:
        return 1, Fraction(DECADES[word])
    if not (german_numbers if language == "de" else english_numbers).may_start(word):
        return _NOTHING
    spoken = [match[0].lower() for match in words]
    number = german_numbers.german_number if language == "de" else english_numbers.english_number
    return number(spoken) or _NOTHING
