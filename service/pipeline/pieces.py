"""A sentence in parts that are translated one by one, and the parts put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.backends.protocol import Hypothesis
from service.text.furniture import has_letters
from service.text.protected import protected_spans


class Pieces:
    """A sentence parted at what must stay as it is."""

    def __init__(self, source: str, kept: Sequence[str] = ()) -> None:
        self._parts: list[tuple[str, bool]] = []
        at = 0
        for start, end in [*protected_spans(source, kept), (len(source), len(source))]:
            between = source[at:start]
            self._parts += [(between, has_letters(between)), (source[start:end], False)]
            at = end

    @property
    def translatable(self) -> list[str]:
        return [part.strip() for part, translate in self._parts if translate]

    def filled(self, made: Sequence[Hypothesis]) -> Hypothesis:
        """The parts put together again, with the white space they had; where one is missing, none."""
        joined = together(made, self.translatable) if made else Hypothesis("", 0.0, 0, True)
        if made and not joined.target:
            return joined
        hypotheses = iter(made)
        texts = [
            part.replace(part.strip(), next(hypotheses).target.strip(), 1) if translate else part
            for part, translate in self._parts
        ]
        return replace(joined, target="".join(texts), alignment=None)


def together(made: Sequence[Hypothesis], sources: Sequence[str]) -> Hypothesis:
    """One hypothesis of the parts of a sentence; where one part is missing, it is none."""
    if len(made) == 1:
        return made[0]
    whole = bool(made) and all(each.target.strip() for each in made)
    return Hypothesis(
        target=" ".join(each.target.strip() for each in made) if whole else "",
        score=sum(each.score for each in made) / max(1, len(made)),
        tokens=sum(each.tokens for each in made),
        complete=all(each.complete for each in made),
        alignment=_together_aligned(made, sources),
    )


def _together_aligned(
    made: Sequence[Hypothesis], sources: Sequence[str]
) -> tuple[tuple[int, int], ...] | None:
    pairs: list[tuple[int, int]] = []
    before, written = 0, 0
    for each, source in zip(made, sources, strict=True):
        if each.alignment is None:
            return None
        pairs += [(before + one, written + other) for one, other in each.alignment]
        before, written = before + len(source.split()), written + len(each.target.split())
    return tuple(pairs)
