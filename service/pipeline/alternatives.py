"""Other ways to say it: those of a model's hypotheses that can be handed out, and texts made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.backends.protocol import Hypothesis
from service.pipeline.result import TranslatedSegment
from service.pipeline.tagging import tagged
from service.pipeline.terming import missing_terms, substituted, term_uses, without_terms
from service.pipeline.verification import Judgement
from service.terms.glossary import Glossary, TermMatch
from service.text.frame import Frame

MOST_ALTERNATIVES = 5
"""Each may take one beam more; further down the list they differ in little but punctuation."""


@dataclass(frozen=True, slots=True)
class Presentable:
    """What is asked of a hypothesis that is handed out beside the translation of `source`: its terms, its
    tags, and that `judge` finds nothing wrong. None is repaired by decoding anew: what comes of that is the
    translation itself. They go out as `cased` has them."""

    source: str
    frame: Frame | None
    judge: Callable[[Hypothesis], Judgement]
    glossary: Glossary | None = None
    matches: Sequence[TermMatch] = ()
    cased: Callable[[Hypothesis], Hypothesis] = lambda made: made

    def written(self, hypotheses: Sequence[Hypothesis]) -> Iterator[str]:
        """Those that meet it, with the segment's tags."""
        for each in hypotheses:
            made = self._with_terms(each)
            if made is None or self._is_doubted(made):
                continue
            made = self.cased(made)
            written = " ".join(made.target.split())
            if self.frame is not None:
                written = tagged(self.frame, made, self.source) or ""
            if written:
                yield written

    def _with_terms(self, made: Hypothesis) -> Hypothesis | None:
        if self.glossary is None:
            return made
        for match in reversed(missing_terms(self.glossary, self.matches, made.target)):
            exchanged = substituted(self.source, made, match)
            if exchanged is None:
                return None
            made = exchanged
        return None if missing_terms(self.glossary, self.matches, made.target) else made

    def _is_doubted(self, made: Hypothesis) -> bool:
        return bool(without_terms(self.judge(made), term_uses(self.matches, ())).findings())


def combined(segments: Sequence[TranslatedSegment]) -> Iterator[list[str]]:
    """The targets of the first alternative to all of them together, then of the second and so on: of each
    segment its own n-th, or its translation where it has none."""
    for n in range(max((len(each.alternatives) for each in segments), default=0)):
        yield [each.alternatives[n] if n < len(each.alternatives) else each.target for each in segments]


def alternative_texts(segments: Sequence[TranslatedSegment], text: str) -> tuple[str, ...]:
    """To `text`, the translation that the segments are, with all that stands between them."""
    texts = (
        "".join(target + each.segment.joint for target, each in zip(targets, segments, strict=True))
        for targets in combined(segments)
    )
    return distinct(texts, other_than=text)


def distinct(texts: Iterator[str], *, other_than: str) -> tuple[str, ...]:
    return tuple(text for text in dict.fromkeys(texts) if text != other_than)
