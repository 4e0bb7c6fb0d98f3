"""What must come out of a translation as it went in: addresses, placeholders of programs, emoji."""

from __future__ import annotations

import re
from collections import Counter

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
    r"|(?:https?://|ftp://|www\.)[^\s<>\"“”„]*[^\s<>\"“”„.,;:!?'’)\]]"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+(?![\w@])"
    rf"|{_EMOJI}"
)


def protected_spans(text: str) -> list[tuple[int, int]]:
    """In order, without overlaps."""
    return [found.span() for found in _PROTECTED.finditer(text)]


def without_protected(text: str) -> str:
    return _PROTECTED.sub(" ", text)


def unkept(source: str, target: str) -> tuple[list[str], list[str]]:
    """Protected strings of the source that the target lacks, and those it has beyond the source's."""
    before, after = _counted(source), _counted(target)
    return sorted((before - after).elements()), sorted((after - before).elements())


def _counted(text: str) -> Counter[str]:
    return Counter(text[start:end] for start, end in protected_spans(text))
