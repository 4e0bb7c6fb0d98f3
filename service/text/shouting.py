"""Sentences in capitals alone. Models take them apart letter by letter and make little of them, so they
read them in small letters; what they write goes out in capitals again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.text.protected import protected_spans, without_protected

_FEWEST_LETTERS = 8
"""`NATO` and `BMW AG` are always written so, and models know them."""

_DOTLESS = frozenset({"az", "tr"})
"""Languages in which the small letter of `I` is another."""

_AS_IT_IS: Mapping[str, str] = {}


def is_shouted(text: str, language: str) -> bool:
    """Whether all letters are capitals (but for `ß`), eight or more, and each has one small letter. Those of
    addresses and placeholders do not count."""
    if language in _DOTLESS:
        return False
    own = without_protected(text).replace("ß", "")
    if not own.isupper() or len(own.lower()) != len(own):
        return False
    return sum(map(str.isalpha, own)) >= _FEWEST_LETTERS


def calmed(text: str, language: str) -> str:
    """What is shouted in small letters, all else as it is.

    The bundled model came to no end with 64 of the first 120 sentences of FLORES-200 dev in capitals, and to
    one with each of them in small letters."""
    return in_small_letters(text) if is_shouted(text, language) else text


def in_small_letters(text: str) -> str:
    """But for addresses and placeholders."""
    return _recased(text, str.lower)


def in_capitals(text: str, spelled: Mapping[str, str]) -> str:
    """But for addresses and placeholders; `spelled` says how strings are written that no rule gives back:
    `großmann` may have been `GROßMANN`."""
    return _recased(text, str.upper, spelled)


def _recased(text: str, case: Callable[[str], str], spelled: Mapping[str, str] = _AS_IT_IS) -> str:
    parts, at = [], 0
    for start, end in protected_spans(text, tuple(spelled)):
        parts += [case(text[at:start]), spelled.get(text[start:end], text[start:end])]
        at = end
    return "".join([*parts, case(text[at:])])
