"""From a first hypothesis to what is kept of a segment: checked, repaired, with its terms and its tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from service.backends.protocol import GenerationOptions, Hypothesis
from service.errors import GenerationFailed, Unavailable
from service.pipeline.likelihood import Likelihood
from service.pipeline.pieces import Pieces, together
from service.pipeline.result import TermUse
from service.pipeline.verification import (
    LENGTH_CHECKED_FROM,
    Fault,
    Judgement,
    clauses,
    judge,
    other_options,
)
from service.terms.glossary import Glossary, Term, TermMatch
from service.terms.substitution import fitted, replaced, substitute
from service.text.frame import Frame, join_pieces, same_tags
from service.text.lengths import expected_length
from service.text.placement import place
from service.text.segment import Segment

Generate = Callable[[Sequence[str], GenerationOptions], Awaitable[list[Hypothesis]]]


MOST_MARKS = 200
"""Tags that are looked for a place in one segment. No sentence has more; a hostile one would be translated in
thousands of pieces."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The hypothesis kept for a segment and what is to be said about it. `written` is its text as it
    goes out, with the segment's tags."""

    hypothesis: Hypothesis
    judgement: Judgement
    written: str
    redecoded: bool = False
    retagged: bool = False
    terms: tuple[TermUse, ...] = ()


class Settler:
    """`kept` are the strings that the caller wants to have back as they are."""

    def __init__(
        self,
        generate: Generate,
        options: GenerationOptions,
        *,
        kept: Sequence[str] = (),
        glossary: Glossary | None = None,
        likelihood: Likelihood,
    ) -> None:
        self._likelihood = likelihood
        self._generate, self._options = generate, options
        self._kept, self._glossary = tuple(kept), glossary

    async def settle(self, segment: Segment, tokens: int, first: Hypothesis) -> Settled:
        """Repairs that the engine refuses or fails are given up; the doubt is told, nothing is lost."""
        task = _Task(segment, tokens, (*self._kept, *(segment.frame.kept if segment.frame else ())))
        settled = await self._repaired(task, first)
        if Fault.EMPTY in settled.judgement.faults:
            return replace(settled, written=segment.source)
        if self._glossary is not None:
            settled = await self._with_terms(task, settled, self._glossary)
        return await self._tagged(task, settled)

    async def _repaired(self, task: _Task, first: Hypothesis) -> Settled:
        best, redecoded = first, False
        found = self._with_likelihood(task, first, self._judge(task, first), first.score)
        if found.worth_another_try:
            for attempt in self._attempts(task, found):
                try:
                    again = await attempt
                except (GenerationFailed, Unavailable):
                    break
                found_again = self._with_likelihood(task, again, self._judge(task, again), first.score)
                if found_again.better_than(found):
                    best, found, redecoded = again, found_again, True
                if not found.worth_another_try:
                    break
        return Settled(best, found, " ".join(best.target.split()), redecoded)

    def _attempts(self, task: _Task, found: Judgement) -> Iterator[Coroutine[None, None, Hypothesis]]:
        """Ways to do it again, as they fit: around what must stay as it is; decoded in another way; in
        parts, for what was lost, looped or copied (a wrong number gets no better in parts)."""
        if any(each.doubt == "placeholder" for each in found.discrepancies):
            yield self._around(task)
        if found.faults or any(each.doubt != "placeholder" for each in found.discrepancies):
            yield self._in_parts([task.source], other_options(self._options, found, task.tokens))
        parts = clauses(task.source)
        if found.faults and len(parts) > 1:
            yield self._in_parts(parts, self._options)

    async def _in_parts(self, sources: Sequence[str], options: GenerationOptions) -> Hypothesis:
        return together(await self._generate(sources, options), sources)

    async def _around(self, task: _Task) -> Hypothesis:
        """The text between the protected strings is translated, they themselves are copied."""
        pieces = Pieces(task.source, task.kept)
        return pieces.filled(await self._generate(pieces.translatable, self._options))

    def _with_likelihood(
        self, task: _Task, hypothesis: Hypothesis, found: Judgement, first: float
    ) -> Judgement:
        """A few words alone are more or less likely than a sentence without being wrong."""
        expected = expected_length(task.source, self._options.source_language, self._options.target_language)
        if expected < LENGTH_CHECKED_FROM or not self._likelihood.is_far_below(
            hypothesis.score, instead_of=first
        ):
            return found
        return replace(found, faults=found.faults | {Fault.UNLIKELY})

    def _judge(self, task: _Task, hypothesis: Hypothesis) -> Judgement:
        options = self._options
        return judge(task.source, hypothesis, options.source_language, options.target_language, task.kept)

    async def _with_terms(self, task: _Task, settled: Settled, glossary: Glossary) -> Settled:
        """First the model is shown the term within the source, so that it inflects and orders the rest
        by it; then the alignment says which words to exchange. Either must leave the checks no worse."""
        matches = glossary.matches(task.source)
        if not matches:
            return settled
        missing = _missing(glossary, matches, settled.hypothesis.target)
        inserted: set[TermMatch] = set()
        if missing:
            shown = await self._shown(task, settled.hypothesis, missing)
            if shown is not None and self._no_worse(task, shown, settled):
                left = _missing(glossary, matches, shown.target)
                if len(left) < len(missing):
                    settled = self._exchanged(task, settled, shown)
                    inserted |= set(missing) - set(left)
                    missing = left
        for match in reversed(missing):
            exchanged = self._substituted(task, settled, match)
            if exchanged is not None and self._no_worse(task, exchanged, settled):
                settled = self._exchanged(task, settled, exchanged)
                inserted.add(match)
        missing = _missing(glossary, matches, settled.hypothesis.target)
        uses = [
            TermUse(match.term.source, match.term.target, match not in missing, match in inserted)
            for match in matches
        ]
        return replace(settled, judgement=_without_terms(settled.judgement, uses), terms=tuple(uses))

    async def _shown(self, task: _Task, first: Hypothesis, missing: Sequence[TermMatch]) -> Hypothesis | None:
        """The source with the terms in it, translated; a term in the plural where the first translation
        had one."""
        source = task.source
        for match in reversed(missing):
            said = replaced(task.source, first.target, first.alignment or (), match)
            source = source[: match.start] + fitted(match.term.target, said) + source[match.end :]
        try:
            made = (await self._generate([source], self._options))[0]
        except (GenerationFailed, Unavailable):
            return None
        return replace(made, alignment=_shifted(made.alignment, _shifts(task.source, missing)))

    def _substituted(self, task: _Task, settled: Settled, match: TermMatch) -> Hypothesis | None:
        kept = settled.hypothesis
        if kept.alignment is None:
            return None
        target = substitute(task.source, kept.target, kept.alignment, match)
        if target is None:
            return None
        same_words = len(target.split()) == len(kept.target.split())
        return replace(kept, target=target, alignment=kept.alignment if same_words else None)

    def _no_worse(self, task: _Task, other: Hypothesis, settled: Settled) -> bool:
        found = self._judge(task, other)
        return Fault.EMPTY not in found.faults and not settled.judgement.better_than(found)

    def _exchanged(self, task: _Task, settled: Settled, other: Hypothesis) -> Settled:
        written = " ".join(other.target.split())
        return replace(settled, hypothesis=other, judgement=self._judge(task, other), written=written)

    async def _tagged(self, task: _Task, settled: Settled) -> Settled:
        """The tags where the alignment puts them; else every stretch between two tags is translated on
        its own; else, when even that fails, the tags stand at the ends."""
        frame = task.segment.frame
        if frame is None:
            return settled
        kept = settled.hypothesis
        target = " ".join(kept.target.split())
        if len(frame.marks) > MOST_MARKS:
            return replace(settled, written=frame.around(target), retagged=True)
        written = place(frame, target, kept.alignment, source_words=len(task.source.split()))
        if written is not None and same_tags(frame, written):
            return replace(settled, written=written)
        apart = await self._apart(task, frame, settled)
        return apart or replace(settled, written=frame.around(target), retagged=True)

    async def _apart(self, task: _Task, frame: Frame, settled: Settled) -> Settled | None:
        pieces = [Pieces(piece.plain, task.kept) for piece in frame.pieces()]
        sources = [source for piece in pieces for source in piece.translatable]
        try:
            made = await self._generate(sources, self._options)
        except (GenerationFailed, Unavailable):
            return None
        whole = together(made, sources)
        if not whole.target:
            return None
        hypotheses = iter(made)
        targets = [piece.filled(list(islice(hypotheses, len(piece.translatable)))).target for piece in pieces]
        whole = replace(whole, target=" ".join("".join(targets).split()))
        written = join_pieces(frame, targets)
        if written is None or not self._no_worse(task, whole, settled) or not same_tags(frame, written):
            return None
        terms = tuple(
            replace(use, applied=use.applied and self._holds(use, whole.target)) for use in settled.terms
        )
        return replace(self._exchanged(task, settled, whole), written=written, retagged=True, terms=terms)

    def _holds(self, use: TermUse, target: str) -> bool:
        assert self._glossary is not None  # noqa: S101 -- only a glossary makes term uses
        return self._glossary.times(Term(use.source, use.target), target) > 0


@dataclass(frozen=True, slots=True)
class _Task:
    segment: Segment
    tokens: int
    kept: tuple[str, ...]

    @property
    def source(self) -> str:
        return self.segment.model_source


def _missing(glossary: Glossary, matches: Sequence[TermMatch], target: str) -> list[TermMatch]:
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


def _without_terms(found: Judgement, uses: Sequence[TermUse]) -> Judgement:
    """A name that the caller's own term brought in is none to doubt."""
    wanted = " ".join(use.target for use in uses if use.applied)
    discrepancies = [
        replace(each, added=tuple(name for name in each.added if name not in wanted))
        if each.doubt == "name"
        else each
        for each in found.discrepancies
    ]
    return replace(found, discrepancies=tuple(d for d in discrepancies if d.added or d.missing))


def _shifts(source: str, shown: Sequence[TermMatch]) -> list[tuple[int, int, int]]:
    """(first word, words in the source, words of the term) of each exchange."""
    shifts = []
    for match in shown:
        first = len(source[: match.start].split())
        if match.start and not source[match.start - 1].isspace():
            first -= 1
        words = len(source[match.start : match.end].split())
        shifts.append((first, words, len(match.term.target.split())))
    return shifts


def _shifted(
    alignment: tuple[tuple[int, int], ...] | None, shifts: Sequence[tuple[int, int, int]]
) -> tuple[tuple[int, int], ...] | None:
    """Word numbers of the source with the terms shown in it, back to those of the source itself."""
    if alignment is None:
        return None

    def original(word: int) -> int:
        moved = 0
        for first, words, shown in shifts:
            if word < first + moved:
                break
            if word < first + moved + shown:
                return first + min(word - first - moved, words - 1)
            moved += shown - words
        return word - moved

    return tuple(sorted({(original(source), target) for source, target in alignment}))
