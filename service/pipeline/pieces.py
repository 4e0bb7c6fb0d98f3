"""A sentence in parts that are translated one by one, and the parts put together again."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from service.backends.protocol import Hypothesis
from service.text.furniture import has_letters
from service.text.protected import protected_spans

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Part:
    """source[start:end]; white space at its ends stays where it is."""

    text: str
    start: int
    translated: bool

    @property
    def inner(self) -> str:
        return self.text.strip()


class Pieces:
    """A sentence parted at what must stay as it is."""

    def __init__(self, source: str, kept: Sequence[str] = ()) -> None:
        self._source = source
        self._parts: list[_Part] = []
        at = 0
        for start, end in [*protected_spans(source, kept), (len(source), len(source))]:
            between = source[at:start]
            self._parts.append(_Part(between, at, has_letters(between)))
            self._parts.append(_Part(source[start:end], start, translated=False))
            at = end

    @property
    def translatable(self) -> list[str]:
        return [part.inner for part in self._parts if part.translated]

    def filled(self, made: Sequence[Hypothesis]) -> Hypothesis:
        """The parts put together again, with the white space they had; where one is missing, none."""
        joined = together(made, self.translatable) if made else Hypothesis("", 0.0, 0, True)
        if made and not joined.target:
            return joined
        hypotheses = iter(made)
        target = ""
        pairs: list[tuple[int, int]] = []  # offsets of characters
        aligned = True
        for part in self._parts:
            if part.translated:
                each = next(hypotheses)
                inner = each.target.strip()
                before = part.text[: len(part.text) - len(part.text.lstrip())]
                after = part.text[len(part.text.rstrip()) :]
                written = before + inner + after
                aligned = aligned and each.alignment is not None
                sources, targets = _starts(part.inner), _starts(inner)
                pairs += [
                    (part.start + len(before) + sources[one], len(target) + len(before) + targets[other])
                    for one, other in each.alignment or ()
                    if one < len(sources) and other < len(targets)
                ]
            else:
                written = part.text
                pairs += [(part.start + start, len(target) + start) for start in _starts(part.text)]
            target += written
        alignment = tuple(_words_of(pairs, self._source, target)) if aligned else None
        return replace(joined, target=target, alignment=alignment)


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
        alignment=_aligned_together(made, sources),
    )


def _aligned_together(
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


def _starts(text: str) -> list[int]:
    return [found.start() for found in _WORD.finditer(text)]


def _words_of(pairs: Sequence[tuple[int, int]], source: str, target: str) -> Iterator[tuple[int, int]]:
    """Pairs of offsets as pairs of the words they lie in; parts may begin within a word."""
    sources, targets = _starts(source), _starts(target)
    yield from sorted(
        {(bisect_right(sources, one) - 1, bisect_right(targets, other) - 1) for one, other in pairs}
    )
