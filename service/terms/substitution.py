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
    if start == end:
        return None
    replaced, term = target[start:end], match.term.target
    if _is_plural(replaced) and not _is_plural(term):
        term = _plural(term)
    if not target[:start].strip(" \"'“„«»(["):
        term = term[0].upper() + term[1:]
    before = target[:start]
    if article := re.search(r"\b([Aa])n?(\s)$", before):
        fitting = article[1] + ("n" if term[0].lower() in _VOWELS else "") + article[2]
        before = before[: article.start()] + fitting
    return before + term + target[end:]


def _is_plural(text: str) -> bool:
    last = text.rsplit(maxsplit=1)[-1]
    return len(last) > 3 and last.endswith("s") and not last.endswith(("ss", "us", "is", "’s", "'s"))


def _plural(term: str) -> str:
    if term.endswith(("s", "x", "z", "ch", "sh")):
        return term + "es"
    if term.endswith("y") and term[-2:-1].lower() not in _VOWELS:
        return term[:-1] + "ies"
    return term + "s"
