"""What the model reads: a stretch of source with its hard line breaks and invisible marks undone."""

from __future__ import annotations

import re
import unicodedata

from service.text.abbreviations import orthography
from service.text.sentences import LINE_BREAK

_BREAK = re.compile(LINE_BREAK)
# `Verteidi-` at a line's end; the groups are the word so far, and the word the next line begins with.
_HYPHENATED = re.compile(rf"(?<![^\W\d_])(?P<head>[^\W\d_]++)-[^\S\n\r]*{LINE_BREAK}\s*(?P<tail>[^\W\d_]+)")
_RANGE = re.compile(rf"(?<=\d)(?P<dash>[-–])[^\S\n\r]*{LINE_BREAK}\s*(?=\d)")
_SOFT_HYPHEN = re.compile(rf"\u00ad(?:[^\S\n\r]*{LINE_BREAK}\s*)?")
_CONTROLS = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_UNSHOWN = "\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u206f\u3164\ufeff\uffa0"
INVISIBLE = f"[{_CONTROLS}{_UNSHOWN}\u00ad\u200c\u200d\u2061-\u2065]"
"""A pattern of what takes no room, or as blanks of Hangul nothing but room."""
_DROPPED = re.compile(f"[{_UNSHOWN}]+")
_JOINERS = re.compile("(?:(?<=[A-Za-zÀ-ɏ])|(?<!\\S))[\u200c\u200d]+")
"""They mean something within words of some scripts and of an emoji only."""
_DRAWN = re.compile("[\u0305\u0332-\u0338\u033f]")
"""Lines through letters and below them."""
_STACKED = re.compile("(?<=[A-Za-z])[\u0300-\u036f]{3,}")
"""More marks than a letter has in any language, taken apart."""
_DECORATED = re.compile(rf"{_DRAWN.pattern}|[\u0300-\u036f]{{2}}")
_CONTROL = re.compile(f"[{_CONTROLS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_GLUED_COLON = re.compile(r"(?<=[a-zäöüß]{2}):(?=[A-ZÄÖÜ][a-zäöüß])")
_ODD = re.compile(rf"{INVISIBLE}|[\x09-\x0d\x1c-\x1f\x85\u2028\u2029\ud800-\udfff]")
"""One of these is in all that the patterns above look for."""
_ADJECTIVE = re.compile(r"(?:.*isch|deutsch|.*lich|.*al|.*iv)", re.IGNORECASE)
_ADJECTIVE_TAIL = re.compile(r".{3,}(?:isch|lich|iv|al)(?:e[nrsm]?)?")


def unwrap(source: str, language: str) -> str:
    """One line in NFC: line breaks and odd spaces are single spaces, `Verteidi-⏎gung` is one word,
    soft hyphens, zero-width marks, control characters and what letters are decorated with are gone, lone
    surrogates are U+FFFD."""
    text = source
    if not text.isascii() or not text.isprintable():
        if _ODD.search(text):
            text = _SOFT_HYPHEN.sub("", text)
            text = _JOINERS.sub("", _DROPPED.sub("", text))
            if _BREAK.search(text):
                text = _HYPHENATED.sub(lambda found: _rejoin(found, language), text)
                text = _RANGE.sub(r"\g<dash>", text)
            text = _CONTROL.sub("", text)
            text = _SURROGATE.sub("\ufffd", text)
        text = unicodedata.normalize("NFC", text)
        if _DECORATED.search(text):
            apart = _STACKED.sub("", unicodedata.normalize("NFD", text))
            text = unicodedata.normalize("NFC", _DRAWN.sub("", apart))
    text = " ".join(text.split())
    return _GLUED_COLON.sub(": ", text) if ":" in text else text


def unwrap_inside(source: str, language: str) -> str:
    """As `unwrap`, with the white space at its ends."""
    read = unwrap(source, language)
    if not read:
        return source
    start = len(source) - len(source.lstrip())
    return source[:start] + read + source[len(source.rstrip()) :]


def _rejoin(found: re.Match[str], language: str) -> str:
    head, tail = found["head"], found["tail"]
    if tail[0].isupper():
        return f"{head}-{tail}"  # Nordrhein-⏎Westfalen
    if tail in orthography(language).conjunctions:
        return f"{head}- {tail}"  # Ost-⏎und Westdeutschland
    if len(head) == 1 or (_ADJECTIVE.fullmatch(head) and _ADJECTIVE_TAIL.fullmatch(tail)):
        return f"{head}-{tail}"  # E-⏎mail, russisch-⏎nordkoreanisch
    return head + tail
