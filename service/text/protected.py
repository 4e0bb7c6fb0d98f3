"""What must come out of a translation as it went in: addresses, placeholders of programs, emoji, and
whatever strings the caller lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from service.text.occurrences import occurrences

_EMOJI = (
    r"(?:[\U0001f1e6-\U0001f1ff]{2}|(?:[#*0-9]\ufe0f?\u20e3)|"
    r"[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
    r"(?:\u200d[\u2600-\u27bf\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*)*)"
)
_PROTECTED = re.compile(
    r"\{{2,3}[^{}\n]{1,80}\}{2,3}"  # {{person.name}}, {{{name}}}
    r"|[$#]\{[^{}\n]{1,80}\}"  # ${x}, #{x}
    r"|(?<![\w$])(?<!\d )\$[A-Za-z_]\w{0,40}"  # $name, but not 30 $pro
    r"|%%|%(?:\d{1,2}\$)?[-+0#]{0,4}\d{0,3}(?:\.\d{1,3})?(?:hh?|ll?|z)?[sdiufFxXcgGeo@](?!\w)"  # %s, %1$s
    r"|%\([A-Za-z_]\w{0,40}\)[sdif]|<%[^<>\n]{1,80}%>"  # %(name)s, <%= name %>
    r"|\{\w{1,40},\s?(?:plural|select(?:ordinal)?|choice|number|date|time)\b"  # {n, plural, one {…}}
    r"(?:[^{}\n]|\{(?:[^{}\n]|\{[^{}\n]{0,80}\}){0,200}\}){0,200}\}"
    r"|(?<!\w)__[A-Z0-9][A-Z0-9_]{0,40}__(?!\w)|(?<![\w#])#{2,4}[A-Z0-9_]{1,40}#{2,4}(?![\w#])"  # __T1__
    r"|(?<![\w{])\{\w{0,40}\}(?!\})"  # {name}, {0}, {}
    r"|`[^`\n]{1,80}`"  # code, as those who write Markdown mark it
    r"|(?:https?://|ftp://|www\.)[^\s<>\"“”„]*[^\s<>\"“”„.,;:!?'’)\]]"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+(?![\w@])"
    r"|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});"  # &amp; in what was sent as plain text
    rf"|{_EMOJI}"
)


_SIGN = re.compile("[{%$#@&`\u20e3\u2600-\u27bf\u2b00-\u2bff\U0001f1e6-\U0001faff]")


def may_be_protected(text: str) -> bool:
    """Whether anything is there that every match of the pattern has in it. In nearly no sentence it is, and
    looking for it takes a tenth of the time."""
    return "://" in text or "www." in text or "__" in text or _SIGN.search(text) is not None


def protected_spans(text: str, kept: Sequence[str] = ()) -> list[tuple[int, int]]:
    """In order, without overlaps: of two that overlap the first, of two that begin together the longer.
    `kept` are strings that are protected besides, as whole words."""
    return list(_spans(text, kept))


def without_protected(text: str, kept: Sequence[str] = ()) -> str:
    if not kept and not may_be_protected(text):
        return text
    parts, at = [], 0
    for start, end in _spans(text, kept):
        parts.append(text[at:start])
        at = end
    return " ".join([*parts, text[at:]])


def unkept(source: str, target: str, kept: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Protected strings of the source that the target lacks, and those it has beyond the source's."""
    before, after = _counted(source, kept), _counted(target, kept)
    return sorted((before - after).elements()), sorted((after - before).elements())


def _counted(text: str, kept: Sequence[str]) -> Counter[str]:
    return Counter(text[start:end] for start, end in protected_spans(text, kept))


def _spans(text: str, kept: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The pattern is one for all, and the caller's strings are looked for beside it: a pattern of both
    would have to be compiled for every segment that keeps words of its own."""
    strings = sorted(_kept_spans(text, kept), key=_first_and_longest)
    fixed = _PROTECTED.search(text) if may_be_protected(text) else None
    at = following = 0
    while True:
        while following < len(strings) and strings[following][0] < at:
            following += 1
        if fixed is not None and fixed.start() < at:
            fixed = _PROTECTED.search(text, at)
        candidates = [*strings[following : following + 1], *([fixed.span()] if fixed else [])]
        if not candidates:
            return
        start, at = min(candidates, key=_first_and_longest)
        yield start, at


def _kept_spans(text: str, kept: Sequence[str]) -> Iterator[tuple[int, int]]:
    for string in set(kept):
        yield from ((start, start + len(string)) for start in occurrences(string, text))


def _first_and_longest(span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    return start, -end
