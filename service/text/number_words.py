"""Numbers said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from service.text import english_numbers, german_numbers
from service.text.numerals import DECADES, SOFT_UP_TO, Spoken
from service.text.quantity import Language, Reading, reading
from service.text.words import words_in

_WORD = re.compile(r"\b[^\W\d_]+\b")
_FURTHEST = 8
"""Words that one number is looked for in."""
_NOTHING: Spoken = (0, Fraction(0))


def number_words(text: str, language: Language) -> Iterator[Reading]:
    numbers = german_numbers if language == "de" else english_numbers
    firsts = numbers.firsts(words_in(text))
    if not firsts:
        return
    matches = list(_WORD.finditer(text))
    words = [match[0].lower() for match in matches]
    following = 0
    for index in [index for index, word in enumerate(words) if word in firsts]:
        if index < following:
            continue
        spoken = words[index : index + _FURTHEST]
        taken, value = _spoken(spoken, language)
        if not taken:
            continue
        following = index + taken
        soft = value.denominator == 1 and (value.numerator <= SOFT_UP_TO or value.numerator in (100, 1000))
        others = _other_readings(spoken[:taken], language)
        span = matches[index].start(), matches[following - 1].end()
        yield from reading("number", span, value, *others, soft=soft)


def _other_readings(spoken: list[str], language: Language) -> list[Fraction]:
    if spoken[0] in DECADES:
        return [Fraction(1900 + DECADES[spoken[0]])]
    other = english_numbers.other_reading(spoken) if language == "en" else None
    return [] if other is None else [other]


def _spoken(spoken: list[str], language: Language) -> Spoken:
    if spoken[0] in DECADES:
        return 1, Fraction(DECADES[spoken[0]])
    number = german_numbers.german_number if language == "de" else english_numbers.english_number
    return number(spoken) or _NOTHING
