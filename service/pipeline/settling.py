"""From a first hypothesis to what is kept of a segment: checked, repaired, with its terms and its tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from service.backends.protocol import GenerationOptions, Hypothesis
from service.errors import GenerationFailed, Unavailable
from service.pipeline.alternatives import Presentable, distinct
from service.pipeline.likelihood import Likelihood
from service.pipeline.off_loop import off_loop
from service.pipeline.pieces import Pieces, together
from service.pipeline.result import TermUse
from service.pipeline.tagging import MOST_MARKS, tagged
from service.pipeline.terming import (
    missing_terms,
    realigned,
    showing,
    substituted,
    term_uses,
    without_terms,
)
from service.pipeline.verification import (
    LENGTH_CHECKED_FROM,
    Fault,
    Judgement,
    clauses,
    judge,
    other_options,
)
from service.terms.glossary import Glossary, Term, TermMatch
from service.text.frame import Frame, join_pieces, same_tags
from service.text.lengths import expected_length
from service.text.occurrences import occurrences
from service.text.protected import protected_spans
from service.text.script import foreign_words
from service.text.segment import Segment
from service.text.serials import serials
from service.text.shouting import in_capitals, in_small_letters
from service.text.wrapping import unwrap, unwrap_inside

Generate = Callable[[Sequence[str], GenerationOptions], Awaitable[list[Hypothesis]]]


_STEMMING = 20
"""A stem costs some 100 microseconds, twenty times what `off_loop` reckons with."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The hypothesis kept for a segment and what is to be said about it. `written` is its text as it
    goes out, with the segment's tags; `alternatives` are others that go out beside it."""

    hypothesis: Hypothesis
    judgement: Judgement
    written: str
    redecoded: bool = False
    retagged: bool = False
    terms: tuple[TermUse, ...] = ()
    alternatives: tuple[str, ...] = ()


class Settler:
    """`kept` are the strings that the caller wants to have back as they are, `alternatives` the most that are
    wanted of each segment. Serial numbers are kept too, and if the model reads `latin_alone` words in other
    scripts."""

    def __init__(
        self,
        generate: Generate,
        options: GenerationOptions,
        *,
        kept: Sequence[str] = (),
        glossary: Glossary | None = None,
        likelihood: Likelihood,
        alternatives: int = 0,
        latin_alone: bool = False,
    ) -> None:
        self._alternatives, self._latin_alone = alternatives, latin_alone
        self._likelihood = likelihood
        self._generate, self._options = generate, options
        self._languages = (options.source_language, options.target_language)
        self._glossary = glossary
        # The model reads strings with their line breaks and odd spaces undone; they go out as they came. Of
        # one that is nothing but signs which are not shown nothing is left to look for.
        read = {unwrap(each, options.source_language): each for each in kept}
        self._spellings = {string: each for string, each in read.items() if string.strip()}

    async def settle(self, segment: Segment, tokens: int, first: Hypothesis) -> Settled:
        """Repairs that the engine refuses or fails are given up; the doubt is told, nothing is lost."""
        source = segment.calm_source
        kept = [*self._spellings, *(segment.frame.kept if segment.frame else ())]
        written = segment.model_source
        kept += [*serials(written), *(foreign_words(written) if self._latin_alone else ())]
        if segment.shouted:
            kept += list(map(in_small_letters, kept))
        task = _Task(segment, source, tokens, tuple(kept), first.score)
        settled = await self._repaired(task, first)
        glossary, empty = self._glossary, Fault.EMPTY in settled.judgement.faults
        matches: list[TermMatch] = []
        if glossary is not None:
            # Finding stems is slow; a segment of ordinary length goes to the thread for short texts.
            matches = await off_loop(_STEMMING * len(task.source), lambda: task.matches(glossary))
            if empty:
                settled = replace(settled, terms=term_uses(matches, matches))
            elif matches:
                settled = await self._with_terms(task, settled, glossary, matches)
        if empty:
            return replace(settled, written=segment.source)
        if segment.shouted:
            made = task.cased(settled.hypothesis)
            settled = replace(settled, hypothesis=made, written=" ".join(made.target.split()))
        settled = await self._tagged(task, settled)
        if self._spellings:
            settled = replace(settled, written=self._respelled(task, settled.written))
        if not self._alternatives or not first.others:
            return settled
        return replace(settled, alternatives=await self._other_ways(task, settled, first.others, matches))

    async def _other_ways(
        self, task: _Task, settled: Settled, others: Sequence[Hypothesis], matches: Sequence[TermMatch]
    ) -> tuple[str, ...]:
        judge = partial(self._judge, task)
        presentable = Presentable(task.source, task.segment.frame, judge, self._glossary, matches, task.cased)

        def found() -> tuple[str, ...]:
            written = (self._respelled(task, each) for each in presentable.written(others))
            return distinct(written, other_than=settled.written)[: self._alternatives]

        cost = _STEMMING if matches else 1
        return await off_loop(cost * len(others) * len(task.source), found)

    def _respelled(self, task: _Task, written: str) -> str:
        """Strings to keep as the source has them, where that is not how the model read them."""
        source = task.segment.frame.plain if task.segment.frame else task.segment.source
        for read, spelled in self._spellings.items():
            if read != spelled and spelled in source:
                for at in reversed(occurrences(read, written)):
                    written = written[:at] + spelled + written[at + len(read) :]
        return written

    async def _repaired(self, task: _Task, first: Hypothesis) -> Settled:
        best, redecoded = first, False
        found = self._judge(task, first)
        if found.worth_another_try:
            for attempt in self._attempts(task, found):
                try:
                    again = await attempt
                except (GenerationFailed, Unavailable):
                    break
                found_again = self._judge(task, again)
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

    def _compared(self, task: _Task, hypothesis: Hypothesis) -> Judgement:
        return judge(task.source, hypothesis, *self._languages, task.kept)

    def _judge(self, task: _Task, hypothesis: Hypothesis) -> Judgement:
        """A few words alone are more or less likely than a sentence without being wrong."""
        found = self._compared(task, hypothesis)
        if expected_length(task.source, *self._languages) < LENGTH_CHECKED_FROM:
            return found
        if not self._likelihood.is_far_below(hypothesis.score, instead_of=task.first_score):
            return found
        return replace(found, faults=found.faults | {Fault.UNLIKELY})

    async def _with_terms(
        self, task: _Task, settled: Settled, glossary: Glossary, matches: Sequence[TermMatch]
    ) -> Settled:
        """First the model is shown the term within the source, so that it inflects and orders the rest
        by it; then the alignment says which words to exchange. Either must leave the checks no worse."""
        missing = missing_terms(glossary, matches, settled.hypothesis.target)
        inserted: set[TermMatch] = set()
        if missing:
            shown = await self._shown(task, settled.hypothesis, missing)
            left = missing if shown is None else missing_terms(glossary, matches, shown.target)
            if shown is not None and len(left) < len(missing):
                settled, accepted = self._exchanged(task, settled, shown)
                if accepted:
                    inserted |= set(missing) - set(left)
                    missing = left
        for match in reversed(missing):
            exchanged = substituted(task.source, settled.hypothesis, match)
            if exchanged is not None:
                settled, accepted = self._exchanged(task, settled, exchanged)
                if accepted:
                    inserted.add(match)
        uses = term_uses(matches, missing_terms(glossary, matches, settled.hypothesis.target), inserted)
        return replace(settled, judgement=without_terms(settled.judgement, uses), terms=uses)

    async def _shown(self, task: _Task, first: Hypothesis, missing: Sequence[TermMatch]) -> Hypothesis | None:
        source, shifts = showing(task.source, first, missing)
        try:
            [made] = await self._generate([source], self._options)
        except (GenerationFailed, Unavailable):
            return None
        return realigned(made, shifts)

    def _exchanged(self, task: _Task, settled: Settled, other: Hypothesis) -> tuple[Settled, bool]:
        """The other hypothesis in place of the one kept, and whether it is: the checks may find nothing
        worse in it."""
        found = self._judge(task, other)
        if not _no_worse(found, settled):
            return settled, False
        written = " ".join(other.target.split())
        return replace(settled, hypothesis=other, judgement=found, written=written), True

    async def _tagged(self, task: _Task, settled: Settled) -> Settled:
        """The tags where the alignment puts them; else every stretch between two tags is translated on
        its own; else, when even that fails, the tags stand at the ends."""
        frame = task.segment.frame
        if frame is None:
            return settled
        written = tagged(frame, settled.hypothesis, task.source)
        if written is not None:
            return replace(settled, written=written)
        target = " ".join(settled.hypothesis.target.split())
        apart = None
        if len(frame.marks) <= MOST_MARKS:
            apart = await self._apart(task, frame, settled)
        return apart or replace(settled, written=frame.around(target), retagged=True)

    async def _apart(self, task: _Task, frame: Frame, settled: Settled) -> Settled | None:
        language = self._options.source_language
        read = [unwrap_inside(piece.plain, language) for piece in frame.pieces()]
        if task.segment.shouted:
            read = list(map(in_small_letters, read))
        pieces = [Pieces(piece, task.kept) for piece in read]
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
        written = join_pieces(frame, list(map(task.recased, targets)))
        found = self._compared(task, whole)
        # A few words are less likely than a sentence; what is said of that is said of the sentence.
        found = replace(found, faults=found.faults | (settled.judgement.faults & {Fault.UNLIKELY}))
        if written is None or not _no_worse(found, settled) or not same_tags(frame, written):
            return None
        terms = tuple(
            replace(use, applied=use.applied and self._holds(use, whole.target)) for use in settled.terms
        )
        return replace(
            settled,
            hypothesis=task.cased(whole),
            judgement=without_terms(found, terms),
            written=written,
            retagged=True,
            terms=terms,
        )

    def _holds(self, use: TermUse, target: str) -> bool:
        assert self._glossary is not None  # noqa: S101 -- only a glossary makes term uses
        return self._glossary.times(Term(use.source, use.target), target) > 0


def _no_worse(found: Judgement, settled: Settled) -> bool:
    return Fault.EMPTY not in found.faults and not settled.judgement.better_than(found)


@dataclass(frozen=True, slots=True)
class _Task:
    segment: Segment
    source: str
    tokens: int
    kept: tuple[str, ...]
    first_score: float

    def cased(self, hypothesis: Hypothesis) -> Hypothesis:
        return replace(hypothesis, target=self.recased(hypothesis.target))

    def recased(self, target: str) -> str:
        """In capitals if the segment is; what stays as it is, as the segment has it."""
        if not self.segment.shouted:
            return target
        spans = protected_spans(self.source, self.kept)
        return in_capitals(target, {self.source[a:b]: self.segment.model_source[a:b] for a, b in spans})

    def matches(self, glossary: Glossary) -> list[TermMatch]:
        """What stays as it is holds no terms. Of capitals each may be the one a term begins with."""
        spans = protected_spans(self.source, self.kept)
        return [
            match
            for match in glossary.matches(self.segment.model_source)
            if not any(start < match.end and match.start < end for start, end in spans)
        ]
