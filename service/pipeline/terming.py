"""What of a glossary a translation has, lacks, or got from being shown the term within the source."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from service.backends.protocol import Hypothesis
from service.pipeline.result import TermUse
from service.pipeline.verification import Judgement
from service.terms.glossary import Glossary, TermMatch
from service.terms.substitution import fitted, replaced, substitute

Shifts = Sequence[tuple[int, int, int]]
"""(first word, words in the source, words of the term) of each exchange."""


def missing_terms(glossary: Glossary, matches: Sequence[TermMatch], target: str) -> list[TermMatch]:
    """Those that the translation does not have as often as the source asks for them."""
    left: dict[str, int] = {}
    missing = []
    for match in matches:
        name = match.term.source
        left.setdefault(name, glossary.times(match.term, target))
        if left[name] <= 0:
            missing.append(match)
        left[name] -= 1
    return missing


def term_uses(
    matches: Sequence[TermMatch], missing: Collection[TermMatch], inserted: Collection[TermMatch] = ()
) -> tuple[TermUse, ...]:
    return tuple(
        TermUse(match.term.source, match.term.target, match not in missing, match in inserted)
        for match in matches
    )


def showing(source: str, first: Hypothesis, missing: Sequence[TermMatch]) -> tuple[str, Shifts]:
    """The source with the terms in it, one in the plural where the first translation had a plural, and
    what that does to the numbers of its words."""
    shown = source
    for match in reversed(missing):
        said = replaced(source, first.target, first.alignment or (), match)
        shown = shown[: match.start] + fitted(match.term.target, said) + shown[match.end :]
    shifts = []
    for match in missing:
        before = len(source[: match.start].split())
        if match.start and not source[match.start - 1].isspace():
            before -= 1
        words = len(source[match.start : match.end].split())
        shifts.append((before, words, len(match.term.target.split())))
    return shown, shifts


def realigned(made: Hypothesis, shifts: Shifts) -> Hypothesis:
    """A translation of the source with the terms shown in it, aligned with the words of the source."""
    if made.alignment is None:
        return made

    def original(word: int) -> int:
        moved = 0
        for first, words, shown in shifts:
            if word < first + moved:
                break
            if word < first + moved + shown:
                return first + min(word - first - moved, words - 1)
            moved += shown - words
        return word - moved

    pairs = sorted({(original(source), target) for source, target in made.alignment})
    return replace(made, alignment=tuple(pairs))


def substituted(source: str, made: Hypothesis, match: TermMatch) -> Hypothesis | None:
    """The term instead of the words that the alignment names; None where it names none."""
    target = substitute(source, made.target, made.alignment, match) if made.alignment is not None else None
    if target is None:
        return None
    same_words = len(target.split()) == len(made.target.split())
    return replace(made, target=target, alignment=made.alignment if same_words else None)


def without_terms(found: Judgement, uses: Sequence[TermUse]) -> Judgement:
    """A name that the caller's own term brought in is none to doubt."""
    wanted = " ".join(use.target for use in uses if use.applied)
    discrepancies = [
        replace(each, added=tuple(name for name in each.added if name not in wanted))
        if each.doubt == "name"
        else each
        for each in found.discrepancies
    ]
    return replace(found, discrepancies=tuple(d for d in discrepancies if d.added or d.missing))
