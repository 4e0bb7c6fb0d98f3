"""Letters of another script than the one a model reads."""

from __future__ import annotations

import re
from collections.abc import Collection

from service.text.language import is_written_in_latin

# Neither Latin letters with their marks nor other shapes of them: full width, mathematical, phonetic.
_BEYOND = (
    "[^\\0-\u036f\u1d00-\u1eff\u2000-\u214f\u2c60-\u2c7f\ua720-\ua7ff\ufb00-\ufb06\uff00-\uff5a"
    "\U0001d400-\U0001d7ff]"
)
_BEYOND_LATIN = re.compile(_BEYOND)
_WORDS = re.compile(rf"(?!\d){_BEYOND}(?<=\w)(?:{_BEYOND}|[\s·-])*{_BEYOND}")


def reads_latin_alone(source_languages: Collection[str]) -> bool:
    """Whether a model of these languages has seen hardly a letter of another script."""
    return all(map(is_written_in_latin, source_languages))


def is_mostly_foreign(text: str) -> bool:
    """More than half of the letters are none of the Latin script, as in 2 of 550,035 German sentences, two
    Roman numerals in Greek letters."""
    beyond = sum(map(str.isalpha, _BEYOND_LATIN.findall(text)))
    return beyond > 0 and 2 * beyond > sum(map(str.isalpha, text))


def foreign_words(text: str) -> list[str]:
    """Words that are not in Latin letters, neighbours together; a single letter (`α`) is none. People leave
    them as they are: in 550,035 German sentences there are 22, all of them in the English ones too."""
    return _WORDS.findall(text) if _BEYOND_LATIN.search(text) else []
