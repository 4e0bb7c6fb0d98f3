"""Numbers said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from service.text import english_numbers, german_numbers
from service.text.numerals import DECADES, SOFT_UP_TO, Spoken
from service.text.quantity import Language, Reading, reading

_WORD = re.compile(r"\b[^\W\d_]+\b")
_FURTHEST = 8
"""Words that one number is looked for in."""
_NOTHING: Spoken = (0, Fraction(0))


def number_words(text: str, language: Language) -> Iterator[Reading]:
    words = list(_WORD.finditer(text))
    index = 0
    while index < len(words):
        taken, value = _spoken(words, index, language)
        if not taken:
            index += 1
            continue
        span = (words[index].start(), words[index + taken - 1].end())
        soft = value in (100, 1000) or (value.denominator == 1 and value <= SOFT_UP_TO)
        others = _other_readings([match[0].lower() for match in words[index : index + taken]], language)
        yield from reading("number", span, value, *others, soft=soft)
        index += taken


def _other_readings(spoken: list[str], language: Language) -> list[Fraction]:
    if spoken[0] in DECADES:
        return [Fraction(1900 + DECADES[spoken[0]])]
    other = english_numbers.other_reading(spoken) if language == "en" else None
    return [] if other is None else [other]


def _spoken(words: list[re.Match[str]], index: int, language: Language) -> Spoken:
    word = words[index][0].lower()
    if word in DECADES:
        return 1, Fraction(DECADES[word])
    if not (german_numbers if language == "de" else english_numbers).may_start(word):
        return _NOTHING
    spoken = [match[0].lower() for match in words[index : index + _FURTHEST]]
    number = german_numbers.german_number if language == "de" else english_numbers.english_number
    return number(spoken) or _NOTHING
