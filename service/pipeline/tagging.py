"""The tags of a segment where the alignment of its translation puts them."""

from __future__ import annotations

from service.backends.protocol import Hypothesis
from service.text.frame import Frame, same_tags
from service.text.placement import place

MOST_MARKS = 200
"""Tags that are looked for a place in one segment. No sentence has more; a hostile one would be translated in
thousands of pieces."""


def tagged(frame: Frame, made: Hypothesis, source: str) -> str | None:
    """The translation of `source` with its tags; None where the alignment does not tell where they belong."""
    if len(frame.marks) > MOST_MARKS:
        return None
    target = " ".join(made.target.split())
    written = place(frame, target, made.alignment, source_words=len(source.split()))
    return written if written is not None and same_tags(frame, written) else None
