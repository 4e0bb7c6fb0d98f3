"""What the sentence splitter may know of a language."""

from __future__ import annotations

import re
from dataclasses import dataclass

EXCLAIMING = frozenset({"Yahoo", "Jeopardy", "Joomla", "Wham", "oOh"})
"""Names written with an exclamation mark, which end a sentence only before a sentence starter."""


@dataclass(frozen=True, slots=True)
class Orthography:
    """`never_ends`: abbreviations that something always follows (`Dr.`, `z.B.`).
    `may_end`: abbreviations that end a sentence only where the next word starts one (`usw. Die`).
    Both are written without the last stop and without spaces; an entry in lower case stands for
    all its spellings, one with a capital (`Mo`, `So`) only for itself.
    `listing`: those of `may_end` that close a list, and with it a sentence before any capital unless an
    adjective stands before them (`aktuelle usw. Fragen`).
    `introducing`: those of `may_end` that go on before a quotation (`u. a. „Faust“`).
    `starters`: function words that, with a capital, begin a sentence; an elided one has its apostrophe.
    `openings`: how else a sentence begins: an imperative, an adverb.
    `particles`: starters that are also part of names and say nothing after an initial (`J. De Vries`).
    `numbered`: words whose number is a name or a count (`Platz 1`, `knapp 20`) and no ordinal, where
    `ordinal_stops`.
    `conjunctions`: what follows a suspended hyphen (`Ost- und West`), in lower case.
    `ordinal_stops`: whether `27.` is how a number says "27th". `abbreviated_endings`: how compounds of
    an abbreviation end (`Goethestr.`). `small_starts`: whether a sentence may begin in lower
    case behind a word that is no abbreviation (`whole_words.py`, German only)."""

    never_ends: frozenset[str] = frozenset()
    may_end: frozenset[str] = frozenset()
    listing: frozenset[str] = frozenset()
    introducing: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    openings: re.Pattern[str] | None = None
    particles: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    conjunctions: frozenset[str] = frozenset()
    ordinal_stops: bool = True
    abbreviated_endings: tuple[str, ...] = ()
    small_starts: bool = False


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())
