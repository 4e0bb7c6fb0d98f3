"""Words without their endings, so that `Brücke` and `Brücken` are found to be one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

_LANGUAGES = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish",
    "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_LONGEST_WORD = 80
_stemming = threading.Lock()


class Word(NamedTuple):
    """text[start:end] and its stem."""

    start: int
    end: int
    stem: str


def stemmed_words(text: str, language: str) -> Iterator[Word]:
    """Hyphens and apostrophes within a word do not part it."""
    for found in _WORD.finditer(text):
        yield Word(found.start(), found.end(), stem(found[0], language))


def stem(word: str, language: str) -> str:
    """By the Snowball rules of the language; for a language without rules, and for what is too long for a
    word, the text in lower case."""
    return word.casefold() if len(word) > _LONGEST_WORD else _stem(word, language)


@lru_cache(maxsize=8192)
def _stem(word: str, language: str) -> str:
    folded = word.casefold()
    name = _LANGUAGES.get(language)
    if name is None:
        return folded
    with _stemming:  # a stemmer keeps the word it works on in itself
        stemmed = str(_stemmer(name).stemWord(folded))
    return _without_verb_ending(stemmed) if language == "de" else stemmed


def _without_verb_ending(stemmed: str) -> str:
    """Snowball's rules for German are those of its nouns and adjectives: of `sanieren` they leave `sani`,
    of `saniert` the whole."""
    if len(stemmed) < 4 or not stemmed.endswith("t"):
        return stemmed
    return stemmed[:-3] if stemmed.endswith("iert") else stemmed[:-1]


@lru_cache
def _stemmer(name: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(name)
