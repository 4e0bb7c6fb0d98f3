"""What must come out of a translation as it went in: addresses, placeholders of programs, emoji, and
whatever strings the caller lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

_EMOJI = (
    r"(?:[\U0001f1e6-\U0001f1ff]{2}|(?:[#*0-9]\ufe0f?\u20e3)|"
    r"[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
    r"(?:\u200d[\u2600-\u27bf\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*)*)"
)
_PROTECTED = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}"  # {{person.name}}
    r"|[$#]\{[^{}\n]{1,80}\}"  # ${x}, #{x}
    r"|%(?:\d{1,2}\$)?[sdif@](?!\w)|%\([A-Za-z_]\w{0,40}\)[sdif]"  # %s, %1$s, %(name)s
    r"|(?<![\w{])\{\w{0,40}\}(?!\})"  # {name}, {0}, {}
    r"|`[^`\n]{1,80}`"  # code, as those who write Markdown mark it
    r"|(?:https?://|ftp://|www\.)[^\s<>\"“”„]*[^\s<>\"“”„.,;:!?'’)\]]"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+(?![\w@])"
    r"|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});"  # &amp; in what was sent as plain text
    rf"|{_EMOJI}"
)


def protected_spans(text: str, kept: Sequence[str] = ()) -> list[tuple[int, int]]:
    """In order, without overlaps. `kept` are strings that are protected besides, as whole words."""
    return [found.span() for found in _pattern(tuple(kept)).finditer(text)]


def without_protected(text: str, kept: Sequence[str] = ()) -> str:
    return _pattern(tuple(kept)).sub(" ", text)


def unkept(source: str, target: str, kept: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Protected strings of the source that the target lacks, and those it has beyond the source's."""
    before, after = _counted(source, kept), _counted(target, kept)
    return sorted((before - after).elements()), sorted((after - before).elements())


def _counted(text: str, kept: Sequence[str]) -> Counter[str]:
    return Counter(text[start:end] for start, end in protected_spans(text, kept))


@lru_cache(maxsize=32)
def _pattern(kept: tuple[str, ...]) -> re.Pattern[str]:
    """The longest of the strings first, so that none hides in another."""
    if not kept:
        return _PROTECTED
    longest_first = sorted(set(kept), key=lambda each: (-len(each), each))
    return re.compile("|".join([*map(_whole, longest_first), _PROTECTED.pattern]))


def _whole(kept: str) -> str:
    before = r"(?<!\w)" if kept[0].isalnum() else ""
    after = r"(?!\w)" if kept[-1].isalnum() else ""
    return before + re.escape(kept) + after
