"""German numbers in words: `dreieinhalb`, `zweihundertfünfzig`, `zwanzigjährig`, `zwei Drittel`."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from service.text.numerals import (
    CARDINALS,
    DECADES,
    DOZEN,
    LONGEST_NUMBER,
    MAGNITUDES,
    PARTS,
    SMALL,
    TENS,
    Number,
    Spoken,
    magnitude,
)

_LONGEST_WORD = 60
"""Characters of a number in words with what may hang on it (`-jährigen`, `-einhalb`): caches stay small."""

_ONE = frozenset({"eine", "einer", "einem", "einen", "eines"})
_HALF = frozenset({"halbe", "halben", "halbes"})
_QUARTERS = {
    "viertelstunde": Fraction(1, 4),
    "dreiviertelstunde": Fraction(3, 4),
    "dreiviertel": Fraction(3, 4),
}


def firsts(words: frozenset[str]) -> frozenset[str]:
    """Those that a number may start with."""
    return frozenset(
        word for word in words if word[:3] in _BEGINNINGS and len(word) <= _LONGEST_WORD and _may_start(word)
    )


@lru_cache(maxsize=4096)
def _may_start(word: str) -> bool:
    """Words that begin like a number are few and come again and again."""
    return (
        word in DECADES
        or word in _ORDINALS
        or word in _ONE
        or word in _HALF
        or word == "anderthalb"
        or word in _QUARTERS
        or word.endswith("einhalb")
        or _cardinal(word) is not None
        or _derived(word) is not None
    )


def german_number(spoken: list[str]) -> Spoken | None:
    word, following = spoken[0], spoken[1] if len(spoken) > 1 else ""
    value = _with_half(word)
    if word in _QUARTERS:
        return 1, _QUARTERS[word]
    if word in _ONE:
        value = 1
    if word in _HALF:
        value = Fraction(1, 2)
        if following not in MAGNITUDES and following != "dutzend":
            return None
    if value is None:
        return _ordinal(word)
    if following in _HALF and value == 1:
        return None  # `eine halbe Million` is read from `halbe` on
    if following == "dutzend":
        return 2, value * DOZEN
    if following in PARTS:
        return 2, Fraction(value, PARTS[following])
    if following in MAGNITUDES and following not in {"k", "m", "b", "hundert"}:
        return 2, value * magnitude(following, "de")
    return 1, value


def _with_half(word: str) -> Number | None:
    """Cardinals, and `anderthalb`, `dreieinhalb`."""
    if word in {"anderthalb", "eineinhalb"}:
        return Fraction(3, 2)
    if word.endswith("einhalb") and word.removesuffix("einhalb") in SMALL["de"]:
        return SMALL["de"][word.removesuffix("einhalb")] + Fraction(1, 2)
    return _cardinal(word)


def _ordinal(word: str) -> Spoken | None:
    """`zweite`, and what hangs on to a cardinal: `zwanzigjährig`, `dreifach`, `viermal`."""
    if word in _ORDINALS:
        return 1, _ORDINALS[word]
    value = _derived(word)
    return None if value is None else (1, value)


def _derived(word: str) -> Number | None:
    for pattern in (_SUFFIX, _HIGH_ORDINAL):
        if (found := pattern.fullmatch(word)) and (value := _with_half(found[1])) is not None:
            return value
    return None


_SUFFIX = re.compile(
    r"(\w+?)(?:jährig|tägig|stündig|minütig|wöchig|monatig|köpfig|stellig|teilig|fach|mal|malig|prozentig|"
    r"stöckig)(?:e[rnms]?)?"
)
_HIGH_ORDINAL = re.compile(r"(\w{4,}?)(?:st|t)e[rnms]?")
_ORDINALS = {
    stem + ending: number
    for number, stem in enumerate(
        "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft".split(), 1
    )
    for ending in ("e", "er", "en", "em", "es", "ens")
}


_BEGINNINGS = frozenset(
    word[:3] for word in (*CARDINALS["de"], *_ORDINALS, *DECADES, *_HALF, "hundert", "tausend", "anderthalb")
)
"""The first three letters of every number in words."""


def _cardinal(word: str) -> int | None:
    """`einundzwanzig`, `zweihundertfünfzig`, `dreitausend`."""
    return None if len(word) > LONGEST_NUMBER else _short_cardinal(word)


@lru_cache(maxsize=4096)
def _short_cardinal(word: str) -> int | None:
    if word in CARDINALS["de"]:
        return CARDINALS["de"][word]
    for part, factor in (("tausend", 1000), ("hundert", 100)):
        if part in word:
            left, _, right = word.partition(part)
            first = 1 if not left else _cardinal(left)
            rest = 0 if not right else _cardinal(right.removeprefix("und"))
            return None if first is None or rest is None else first * factor + rest
    ones, joined, tens = word.partition("und")
    if joined and ones in SMALL["de"] and tens in TENS["de"]:
        return SMALL["de"][ones] + TENS["de"][tens]
    return None
