"""Stretches that no language writes: hashes, keys, encoded files, sequences of letters. A model reads them
letter by letter, takes ten times as long as for words, and makes something up."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

Span = tuple[int, int]

_USUAL = {
    "a": "abcdefghiklmnprstuvwxyz",
    "b": "aegijlorstuy",
    "c": "acehiklorstuy",
    "d": "adeghilmnorstuvy",
    "e": "abcdefghiklmnopqrstuvwxyz",
    "f": "aefgilnorstu",
    "g": "aeghiklnorstu",
    "h": "aeiklmnorstuwy",
    "i": "abcdefghklmnoprstuvxz",
    "j": "aeou",
    "k": "aeilnorstu",
    "l": "abcdefgiklmnopstuvwy",
    "m": "abegilmopstuy",
    "n": "abcdefghijklmnorstuvwyz",
    "o": "abcdefghiklmnoprstuvwxyz",
    "p": "aefhiloprstuy",
    "q": "u",
    "r": "abcdefghiklmnoprstuvwyz",
    "s": "abcdefghiklmnoprstuwyz",
    "t": "abcefghilmnorstuwyz",
    "u": "abcdefghiklmnprst",
    "v": "aeio",
    "w": "aehinorsu",
    "x": "aeipt",
    "y": "aeilmopst",
    "z": "aeiotuw",
}
"""What follows each letter, marks left out: pairs that are one in 10,000 or more of the 52,444,308 within the
words of German and English texts by people. They are 372 of the 676 there could be, and 99.4 % of those
there are."""

_DIGITS = "0123456789"
_SIGNS = frozenset(_DIGITS).union(_USUAL)
_ODD = frozenset(
    (one, other)
    for one in _SIGNS
    for other in _SIGNS
    if (one in _DIGITS) != (other in _DIGITS) or (one in _USUAL and other not in _USUAL[one] + _DIGITS)
)
_NEIGHBOURS = frozenset(
    (one, other) for one in _SIGNS for other in _SIGNS if one not in _DIGITS or other not in _DIGITS
)

_ODD_SHARE = 0.3
"""Share of the pairs that are odd: not usual, or a letter beside a digit; two digits do not count.

Of 1,363,792 lines of German and English (training corpus, FLORES-200 dev, our articles) 1,218 words are
asked. A UUID and the run of all digits and letters have so many, in either language; the rest 28 % at most.
Of 358,100 lines asked as a whole none has; the most is 29 %, in a list of formats. Of 997 FLORES sentences in
each language none has when its spaces are taken out; of 1,000 times 60 letters of random words in each of 26
languages three in Polish.

Of 2,000 made of each kind, all hexadecimal numbers and UUIDs have, all base64 of 64 signs and 99.8 % with 40;
of random letters 91 % with 32, 98 % with 64 and 99.9 % with 128. Base64 of UTF-16 is mostly missed; the model
reads it."""

_FEWEST_SIGNS = 32
"""Letters and digits of the shortest word that is asked: those of an MD5 hash or a UUID."""

_FEW_DIFFERENT = 6
"""So few different ones has a sequence of bases or a long cry. The words above have 9 at least; 333,785
German sentences without their spaces 8, in their first 40 letters."""

_FEWEST_IN_ALL = 100
"""Letters and digits from which all that is left, in words of whatever length, is asked as a whole."""

_BLOCK = "[acgtunACGTUN]{8,}+"
_ASKED = re.compile(rf"(?<!\S){_BLOCK}(?:\s++{_BLOCK}){{3,}}(?!\S)|\S{{{_FEWEST_SIGNS},}}")
"""Long words, and sequences of bases in blocks, as databases print them."""
_MARKS = re.compile("[\u0300-\u036f]+")


def wordless_spans(text: str, left_out: Sequence[Span] = ()) -> list[Span]:
    """In order: the whole text, or those of its words that are none, neighbours together, without white
    space at either end. What lies in the spans `left_out`, in order, is not asked, and parts words."""
    if len(text) < _FEWEST_SIGNS:
        return []
    spans: list[Span] = []
    for start, end in _between(text, left_out):
        for word in _ASKED.finditer(text, start, end):
            if not _is_wordless(word[0]):
                continue
            if spans and text[spans[-1][1] : word.start()].isspace():
                spans[-1] = (spans[-1][0], word.end())
            else:
                spans.append(word.span())
    rest = " ".join(text[start:end] for start, end in _between(text, sorted([*left_out, *spans])))
    if _is_odd(rest):
        stripped = text.strip()
        start = text.index(stripped)
        return [(start, start + len(stripped))]
    return spans


def _between(text: str, spans: Sequence[Span]) -> list[Span]:
    ends = [(0, 0), *spans, (len(text), len(text))]
    return [(before, after) for (_, before), (after, _) in pairwise(ends)]


def _is_odd(text: str) -> bool:
    if len(text) < _FEWEST_IN_ALL:
        return False
    written = _plain(text)
    return _signs(written)[0] >= _FEWEST_IN_ALL and _odd_share(written) >= _ODD_SHARE


def _is_wordless(word: str) -> bool:
    written = _plain(word)
    number, different = _signs(written)
    if number < _FEWEST_SIGNS or not any(map(_USUAL.__contains__, written)):
        return False
    return different <= _FEW_DIFFERENT or _odd_share(written) >= _ODD_SHARE


def _plain(text: str) -> str:
    """Small letters without marks; other scripts stay as they are and are not counted."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def _signs(written: str) -> tuple[int, int]:
    """How many letters and digits there are, and how many different ones."""
    counts = [number for sign, number in Counter(written).items() if sign in _SIGNS]
    return sum(counts), len(counts)


def _odd_share(written: str) -> float:
    pairs = Counter(pairwise(written))
    neighbours = sum(number for pair, number in pairs.items() if pair in _NEIGHBOURS)
    odd = sum(number for pair, number in pairs.items() if pair in _ODD)
    return odd / max(1, neighbours)
