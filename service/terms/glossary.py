"""How the caller wants words translated, and where a text has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from service.errors import GlossaryInvalid
from service.text.stems import Word, stemmed_words

MOST_TERMS = 10_000
_WORDS = re.compile(r"[\w'’-]+(?:\s[\w'’-]+)*")
"""A term of anything else, `C++`, is found as it is written."""

LONGEST_TERM = 200
"""In characters, on each side."""


@dataclass(frozen=True, slots=True)
class Term:
    """`source` in any of its inflected forms is to become `target`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class TermMatch:
    """text[start:end] is a form of the term's source."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Pattern:
    term: Term
    stems: tuple[str, ...]
    capitals: tuple[bool, ...]


@dataclass(frozen=True)
class Glossary:
    """Raises `GlossaryInvalid` for a term that is empty, too long, on several lines or twice there, and
    for too many of them."""

    terms: tuple[Term, ...]
    source_language: str
    target_language: str
    _patterns: dict[str, list[_Pattern]] = field(init=False, repr=False, compare=False)
    _literal: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_terms(self.terms)
        patterns: dict[str, list[_Pattern]] = {}
        literals = [term.source for term in self.terms if not _WORDS.fullmatch(term.source)]
        for term in self.terms:
            words = list(stemmed_words(term.source, self.source_language))
            if not words or not _WORDS.fullmatch(term.source):
                continue
            capitals = tuple(term.source[word.start].isupper() for word in words)
            pattern = _Pattern(term, tuple(word.stem for word in words), capitals)
            patterns.setdefault(pattern.stems[0], []).append(pattern)
        for same_start in patterns.values():
            same_start.sort(key=lambda each: -len(each.stems))
        object.__setattr__(self, "_patterns", patterns)
        longest_first = sorted(literals, key=len, reverse=True)
        literal = re.compile("|".join(map(_alone, longest_first))) if literals else None
        object.__setattr__(self, "_literal", literal)

    def matches(self, text: str) -> list[TermMatch]:
        """In order, without overlaps, the longest term first. A term written with a capital is found in
        words with a capital only: `Band` is not in `das Band, das sie band`."""
        found = self._literals(text)
        taken = [(match.start, match.end) for match in found]
        words = [
            word
            for word in stemmed_words(text, self.source_language)
            if not any(start < word.end and word.start < end for start, end in taken)
        ]
        at = 0
        while at < len(words):
            pattern = self._at(text, words, at)
            if pattern is None:
                at += 1
                continue
            last = at + len(pattern.stems)
            found.append(TermMatch(pattern.term, words[at].start, words[last - 1].end))
            at = last
        return sorted(found, key=lambda match: match.start)

    def _literals(self, text: str) -> list[TermMatch]:
        if self._literal is None:
            return []
        terms = {term.source: term for term in self.terms}
        return [TermMatch(terms[each[0]], *each.span()) for each in self._literal.finditer(text)]

    def _at(self, text: str, words: Sequence[Word], at: int) -> _Pattern | None:
        for pattern in self._patterns.get(words[at].stem, ()):
            there = words[at : at + len(pattern.stems)]
            if tuple(word.stem for word in there) == pattern.stems and all(
                text[word.start].isupper() or not capital
                for word, capital in zip(there, pattern.capitals, strict=True)
            ):
                return pattern
        return None

    def times(self, term: Term, target: str) -> int:
        """How often a form of the term's target stands in the text."""
        if not _WORDS.fullmatch(term.target):
            return len(re.findall(_alone(term.target), target))
        wanted = [word.stem for word in stemmed_words(term.target, self.target_language)]
        stems = [word.stem for word in stemmed_words(target, self.target_language)]
        size = len(wanted)
        return sum(stems[at : at + size] == wanted for at in range(len(stems) - size + 1))


@dataclass(frozen=True, slots=True)
class TermList:
    """Terms as a caller gives them. Without languages they are for whatever the request translates."""

    terms: tuple[Term, ...]
    source_language: str | None = None
    target_language: str | None = None

    def glossary(self, source: str, target: str) -> Glossary | None:
        """The terms ready for use; None where they are for other languages."""
        if (self.source_language or source, self.target_language or target) != (source, target):
            return None
        return _compiled(self.terms, source, target)


@lru_cache(maxsize=4)  # a glossary of 10,000 terms takes some 10 MB
def _compiled(terms: tuple[Term, ...], source: str, target: str) -> Glossary:
    return Glossary(terms, source, target)


def check_terms(terms: Iterable[Term]) -> None:
    """Raises `GlossaryInvalid`; no message repeats a term."""
    seen: set[str] = set()
    for number, term in enumerate(terms):
        if number >= MOST_TERMS:
            raise GlossaryInvalid(f"A glossary has at most {MOST_TERMS:,} terms.")
        for side, text in (("source", term.source), ("target", term.target)):
            if not text.strip():
                raise GlossaryInvalid(f"Term {number}: the {side} is empty.")
            if len(text) > LONGEST_TERM:
                raise GlossaryInvalid(f"Term {number}: the {side} is over {LONGEST_TERM} characters.")
            if not text.isprintable():
                raise GlossaryInvalid(f"Term {number}: the {side} has line breaks or control characters.")
        if term.source in seen:
            raise GlossaryInvalid(f"Term {number}: its source stands in the glossary before.")
        seen.add(term.source)


def _alone(text: str) -> str:
    before = r"(?<!\w)" if text[0].isalnum() else ""
    after = r"(?!\w)" if text[-1].isalnum() else ""
    return before + re.escape(text) + after
