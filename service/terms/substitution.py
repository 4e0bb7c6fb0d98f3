"""A term put where the alignment says that its word was translated otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.terms.glossary import TermMatch

_WORD = re.compile(r"\S+")
_LONGEST = 3
"""Words that may be taken out for one word of a term; a wider stretch holds what is not its own."""
_VOWELS = "aeiou"


def substitute(
    source: str, target: str, alignment: Sequence[tuple[int, int]], match: TermMatch
) -> str | None:
    """The target with the term instead of the words made of source[match.start:match.end]; None where
    the alignment does not name one stretch of words that were made of nothing else.

    English: the term takes the plural of the word it replaces, its capital at the beginning, and the
    article before it becomes `a` or `an` as the term sounds.
    """
    place = _stretch(source, target, alignment, match)
    if place is None:
        return None
    start, end = place
    term = fitted(match.term.target, target[start:end])
    if not target[:start].strip(" \"'“„«»(["):
        term = term[0].upper() + term[1:]
    before = target[:start]
    if article := re.search(r"\b([Aa])n?(\s)$", before):
        fitting = article[1] + ("n" if term[0].lower() in _VOWELS else "") + article[2]
        before = before[: article.start()] + fitting
    return before + term + target[end:]


def replaced(source: str, target: str, alignment: Sequence[tuple[int, int]], match: TermMatch) -> str:
    """The words of the target that were made of the match; empty where the alignment names none."""
    place = _stretch(source, target, alignment, match)
    return target[place[0] : place[1]] if place else ""


def fitted(term: str, instead_of: str) -> str:
    """The English term in the plural, where the words it stands for are."""
    return _plural(term) if _is_plural(instead_of) and not _is_plural(term) else term


def _stretch(
    source: str, target: str, alignment: Sequence[tuple[int, int]], match: TermMatch
) -> tuple[int, int] | None:
    sources = [found.span() for found in _WORD.finditer(source)]
    words = [found.span() for found in _WORD.finditer(target)]
    wanted = {n for n, (start, end) in enumerate(sources) if start < match.end and end > match.start}
    own = sorted({t for s, t in alignment if s in wanted and t < len(words)})
    if not own or own[-1] - own[0] + 1 > _LONGEST * len(wanted):
        return None
    inside = range(own[0], own[-1] + 1)
    if any(s not in wanted for s, t in alignment if t in inside):
        return None
    start, end = words[own[0]][0], words[own[-1]][1]
    while start < end and not target[start].isalnum():
        start += 1
    while end > start and not target[end - 1].isalnum():
        end -= 1
    return (start, end) if start < end else None


def _is_plural(text: str) -> bool:
    if not text.strip():
        return False
    last = text.rsplit(maxsplit=1)[-1]
    return len(last) > 3 and last.endswith("s") and not last.endswith(("ss", "us", "is", "’s", "'s"))


def _plural(term: str) -> str:
    if term.endswith(("s", "x", "z", "ch", "sh")):
        return term + "es"
    if term.endswith("y") and term[-2:-1].lower() not in _VOWELS:
        return term[:-1] + "ies"
    return term + "s"
