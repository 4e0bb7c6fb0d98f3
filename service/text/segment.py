"""A stretch of source short enough for the model, and what followed it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from service.text.frame import Frame
from service.text.shouting import in_small_letters


@dataclass(frozen=True, slots=True)
class Segment:
    """`source` is text[start:end] exactly as received; `separator` is the text between it and the
    next segment (or the end). Offsets are code points.

    `joint` is what stands in the separator's place in the translation: the separator itself at
    paragraph ends, one space where a hard-wrapped line or a glued sentence ended.
    `model_source` is what the model reads: `source` with hard line breaks joined by one space.
    `translatable` is False where no letter stands in the source (a lone `|`, a rule, numbers only),
    where it is a long address, where it is `unreadable` and where the block is in the target language
    already: such a segment is copied. `unreadable`: no language writes it, or not the model's script.
    `shouted`: in capitals alone, of which the model reads the small letters, `calm_source`.
    `block` is the index of the article block it belongs to (-1 for white space before the first),
    `sentence` numbers the sentences of the article from 0: the pieces of an over-long sentence, and of one
    that holds something unreadable, share the number.

    `frame` holds the inline tags of a segment of a text with markup; then `source`, `separator` and the
    offsets are those of the text with its tags, and `model_source` has none.

    A text that begins with white space has a first segment with an empty source, whose separator
    is that white space.
    """

    source: str
    separator: str
    start: int
    joint: str
    model_source: str
    translatable: bool
    block: int = -1
    sentence: int = -1
    frame: Frame | None = None
    unreadable: bool = False
    shouted: bool = False

    @property
    def calm_source(self) -> str:
        return in_small_letters(self.model_source) if self.shouted else self.model_source

    @property
    def end(self) -> int:
        return self.start + len(self.source)


def join_segments(segments: Iterable[Segment]) -> str:
    """The text the segments were cut from: the exact inverse of `segment_article`."""
    return "".join(segment.source + segment.separator for segment in segments)


def keep_blocks(segments: Sequence[Segment], blocks: Collection[int]) -> list[Segment]:
    """The segments of these blocks as copies of themselves, line breaks included."""
    kept = []
    for index, segment in enumerate(segments):
        if segment.block not in blocks:
            kept.append(segment)
            continue
        inside = index + 1 < len(segments) and segments[index + 1].block == segment.block
        joint = segment.separator if inside else segment.joint
        kept.append(replace(segment, translatable=False, model_source="", joint=joint))
    return kept
