"""How the caller wants words translated, and where a text has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from service.errors import GlossaryInvalid
from service.text.occurrences import occurrences, stands_alone
from service.text.stems import Word, stemmed_words

MOST_TERMS = 10_000
_WORDS = re.compile(r"[\w'’-]+(?:\s[\w'’-]+)*")
"""A term of anything else, `C++`, is found as it is written."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line breaks, and halves of characters, which no file holds."""

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
    capitals: tuple[bool, ...]


@dataclass(frozen=True)
class Glossary:
    """Raises `GlossaryInvalid` for a term that is empty, too long, on several lines or twice there, and
    for too many of them. What a text costs does not grow with the number of terms."""

    terms: tuple[Term, ...]
    source_language: str
    target_language: str
    _patterns: dict[tuple[str, ...], list[_Pattern]] = field(init=False, repr=False, compare=False)
    _word_counts: dict[str, list[int]] = field(init=False, repr=False, compare=False)
    _literals: dict[str, Term] = field(init=False, repr=False, compare=False)
    _literal_lengths: dict[str, list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_terms(self.terms)
        patterns: dict[tuple[str, ...], list[_Pattern]] = {}
        literals: dict[str, Term] = {}
        for term in self.terms:
            if not _WORDS.fullmatch(term.source):
                literals[term.source] = term
                continue
            words = list(stemmed_words(term.source, self.source_language))
            if not words:
                continue
            capitals = tuple(term.source[word.start].isupper() for word in words)
            same = patterns.setdefault(tuple(word.stem for word in words), [])
            if all(each.capitals != capitals for each in same):
                same.append(_Pattern(term, capitals))
        object.__setattr__(self, "_patterns", patterns)
        object.__setattr__(self, "_word_counts", _longest_first((stems[0], len(stems)) for stems in patterns))
        object.__setattr__(self, "_literals", literals)
        object.__setattr__(
            self, "_literal_lengths", _longest_first((each[0], len(each)) for each in literals)
        )

    def matches(self, text: str) -> list[TermMatch]:
        """In order, without overlaps, the longest term first. A term written with a capital is found in
        words with a capital only: `Band` is not in `das Band, das sie band`."""
        found = list(self._as_written(text))
        taken = [(match.start, match.end) for match in found]
        words = [
            word
            for word in stemmed_words(text, self.source_language)
            if not any(start < word.end and word.start < end for start, end in taken)
        ]
        at = 0
        while at < len(words):
            count, term = self._at(text, words, at)
            if term is not None:
                found.append(TermMatch(term, words[at].start, words[at + count - 1].end))
            at += count
        return sorted(found, key=lambda match: match.start)

    def _as_written(self, text: str) -> Iterator[TermMatch]:
        """The terms that are not of words only."""
        at = 0
        while self._literals and at < len(text):
            for length in self._literal_lengths.get(text[at], ()):
                term = self._literals.get(text[at : at + length])
                end = at + len(term.source) if term is not None else at
                if term is not None and stands_alone(text, at, end):
                    yield TermMatch(term, at, end)
                    at = end
                    break
            else:
                at += 1

    def _at(self, text: str, words: Sequence[Word], at: int) -> tuple[int, Term | None]:
        """The longest term that begins with this word, and of how many words it is."""
        for count in self._word_counts.get(words[at].stem, ()):
            there = words[at : at + count]
            for pattern in self._patterns.get(tuple(word.stem for word in there), ()):
                if all(
                    text[word.start].isupper() or not capital
                    for word, capital in zip(there, pattern.capitals, strict=True)
                ):
                    return count, pattern.term
        return 1, None

    def times(self, term: Term, target: str) -> int:
        """How often a form of the term's target stands in the text."""
        if not _WORDS.fullmatch(term.target):
            return len(occurrences(term.target, target))
        wanted = [word.stem for word in stemmed_words(term.target, self.target_language)]
        stems = [word.stem for word in stemmed_words(target, self.target_language)]
        size = len(wanted)
        return sum(stems[at : at + size] == wanted for at in range(len(stems) - size + 1))


@dataclass(frozen=True, slots=True)
class TermList:
    """Terms as a caller gives them, for whatever the request translates."""

    terms: tuple[Term, ...]

    def __len__(self) -> int:
        return len(self.terms)

    def glossary(self, source: str, target: str) -> Glossary:
        """The terms ready for use."""
        return _compiled(self.terms, source, target)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Terms for one pair of languages."""

    source_language: str
    target_language: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """Terms as they were stored, for several pairs of languages."""

    dictionaries: tuple[Dictionary, ...]

    def __len__(self) -> int:
        return sum(len(each.terms) for each in self.dictionaries)

    def glossary(self, source: str, target: str) -> Glossary | None:
        """The terms for these languages ready for use; None where there are none for them."""
        for each in self.dictionaries:
            if (each.source_language, each.target_language) == (source, target):
                return _compiled(each.terms, source, target)
        return None


@lru_cache(maxsize=4)  # a glossary of 10,000 terms takes some 10 MB
def _compiled(terms: tuple[Term, ...], source: str, target: str) -> Glossary:
    return Glossary(terms, source, target)


def check_terms(terms: Iterable[Term]) -> None:
    """Raises `GlossaryInvalid`; no message repeats a term."""
    seen: set[str] = set()
    for number, term in enumerate(terms, 1):
        if number > MOST_TERMS:
            raise GlossaryInvalid(f"A glossary has at most {MOST_TERMS:,} terms.")
        for side, text in (("source", term.source), ("target", term.target)):
            if not text.strip():
                raise GlossaryInvalid(f"Term {number}: the {side} is empty.")
            if len(text) > LONGEST_TERM:
                raise GlossaryInvalid(f"Term {number}: the {side} is over {LONGEST_TERM} characters.")
            if _UNFIT.search(text):
                raise GlossaryInvalid(f"Term {number}: the {side} has line breaks or control characters.")
        if term.source in seen:
            raise GlossaryInvalid(f"Term {number}: its source stands in the glossary before.")
        seen.add(term.source)


def _longest_first(lengths: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """The lengths of what begins alike."""
    known: dict[str, set[int]] = {}
    for beginning, length in lengths:
        known.setdefault(beginning, set()).add(length)
    return {beginning: sorted(each, reverse=True) for beginning, each in known.items()}
