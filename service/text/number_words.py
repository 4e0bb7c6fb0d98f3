"""Numbers said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text import english_numbers, german_numbers
from service.text.numerals import DECADES, SOFT_UP_TO, Number, Spoken
from service.text.quantity import Language, Reading, reading
from service.text.words import words_in

_WORD = re.compile(r"(\b[^\W\d_]+\b)")
_FURTHEST = 8
"""Words that one number is looked for in."""
_NOTHING: Spoken = (0, 0)


def number_words(text: str, language: Language) -> Iterator[Reading]:
    numbers = german_numbers if language == "de" else english_numbers
    firsts = numbers.firsts(words_in(text))
    if not firsts:
        return
    pieces = _WORD.split(text)  # every second one is a word
    words = list(map(str.lower, pieces[1::2]))
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
        span = sum(map(len, pieces[: 2 * index + 1])), sum(map(len, pieces[: 2 * following]))
        yield from reading("number", span, value, *others, soft=soft)


def _other_readings(spoken: list[str], language: Language) -> list[Number]:
    if spoken[0] in DECADES:
        return [1900 + DECADES[spoken[0]]]
    other = english_numbers.other_reading(spoken) if language == "en" else None
    return [] if other is None else [other]


def _spoken(spoken: list[str], language: Language) -> Spoken:
    if spoken[0] in DECADES:
        return 1, DECADES[spoken[0]]
    number = german_numbers.german_number if language == "de" else english_numbers.english_number
    return number(spoken) or _NOTHING
