"""Subtitles (SubRip): numbers and times stay, sentences that run over several cues are read as one."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

from service.documents.document import Media, readable
from service.documents.encoding import decode
from service.documents.inline import INLINE_TAGS, Inline
from service.documents.units import Units
from service.errors import DocumentInvalid

_TIME = r"\d{1,3}:\d{2}:\d{2}[,.]\d{1,3}"
_TIMES = re.compile(rf"[ \t]*({_TIME})[ \t]*-->[ \t]*({_TIME})[^\n]{{0,200}}")
_TAG = re.compile(r"</?(?:i|b|u|s|font)\b[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}", re.I)
_SENTENCE_END = re.compile(r"[.!?…:;\"”“»«)\]♪*][ \t]*$")
_SPEAKER = re.compile(r"[-–—][ \t]?\S")
_MOST_CUES = 5
"""A sentence that runs on longer is a list without full stops."""
_LONGEST_GAP = 2.0
"""Seconds between two cues of one sentence."""
_LINE = 42
"""Characters that broadcasters allow a line of subtitles."""


@dataclass(slots=True)
class _Cue:
    """`first` and `last` are the lines of its text in the file; `start` and `end` are in seconds."""

    first: int
    last: int
    start: float
    end: float
    lines: list[str]


@dataclass(slots=True)
class _Group:
    """Cues, or one line of a cue, that are read together; `line` is None for whole cues."""

    cues: list[_Cue]
    line: int | None
    inline: Inline[str | None] = field(default_factory=Inline)


class SrtFile:
    media: Media = "xml"
    tags = INLINE_TAGS
    language: str | None = None

    def __init__(self, content: bytes) -> None:
        text, self._encoding = decode(content)
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        cues = self._cues()
        if not cues:
            raise DocumentInvalid(
                "The file holds no subtitles: no line of times (00:00:01,000 --> 00:00:02,000)."
            )
        self._cues_read = cues
        self._numbers = {cue.first: number for number, cue in enumerate(cues, 1)}
        self._groups = [self._taken(group) for group in _groups(cues)]
        self._units = Units([group.inline.markup for group in self._groups])
        self.source = self._units.source
        self.characters = sum(readable(group.inline.markup) for group in self._groups)

    def part_at(self, offset: int) -> int | None:
        """The cue, counted from 1."""
        group = self._groups[min(self._units.number_at(offset), len(self._groups)) - 1]
        return self._numbers[group.cues[0].first]

    def write(self, translation: str, language: str) -> bytes:  # noqa: ARG002 -- subtitles do not say it
        texts: dict[int, list[str]] = {cue.first: list(cue.lines) for cue in self._cues_read}
        for group, markup in zip(self._groups, self._units.split(translation), strict=True):
            pieces = _cut(group, markup)
            if group.line is not None:
                texts[group.cues[0].first][group.line] = pieces[0]
                continue
            for cue, piece in zip(group.cues, pieces, strict=True):
                texts[cue.first] = _wrapped(piece, cue)
        lines: list[str] = []
        at = 0
        for cue in self._cues_read:
            lines += [*self._lines[at : cue.first], *texts[cue.first]]
            at = cue.last
        return self._encoding.encode(self._line_end.join([*lines, *self._lines[at:]]))

    def _cues(self) -> list[_Cue]:
        cues: list[_Cue] = []
        times = [(n, found) for n, line in enumerate(self._lines) if (found := _TIMES.fullmatch(line))]
        for number, found in times:
            first = last = number + 1
            while last < len(self._lines) and self._lines[last].strip():
                if _TIMES.fullmatch(self._lines[last]):  # no blank line between
                    last -= 1 if last > first and self._lines[last - 1].strip().isdigit() else 0
                    break
                last += 1
            lines = self._lines[first:last]
            if lines:
                cues.append(_Cue(first, last, _seconds(found[1]), _seconds(found[2]), lines))
        return cues

    @staticmethod
    def _taken(group: _Group) -> _Group:
        for number, cue in enumerate(group.cues):
            if number:
                group.inline.text(" ")
                group.inline.point(None)
            text = (
                " ".join(line.strip() for line in cue.lines) if group.line is None else cue.lines[group.line]
            )
            _take(group.inline, text)
        return group


def _groups(cues: list[_Cue]) -> list[_Group]:
    groups: list[_Group] = []
    for cue in cues:
        if len(cue.lines) > 1 and any(_SPEAKER.match(_TAG.sub("", line)) for line in cue.lines[1:]):
            groups += [_Group([cue], line) for line in range(len(cue.lines)) if cue.lines[line].strip()]
        elif groups and _runs_on(groups[-1], cue):
            groups[-1].cues.append(cue)
        else:
            groups.append(_Group([cue], None))
    return groups


def _runs_on(group: _Group, cue: _Cue) -> bool:
    last = group.cues[-1]
    before, text = _TAG.sub("", last.lines[-1]), _TAG.sub("", cue.lines[0])
    return (
        group.line is None
        and len(group.cues) < _MOST_CUES
        and 0 <= cue.start - last.end <= _LONGEST_GAP
        and not _SENTENCE_END.search(before)
        and before.strip() != ""
        and not _SPEAKER.match(text)
    )


def _take(inline: Inline[str | None], text: str) -> None:
    at = 0
    for tag in _TAG.finditer(text):
        if tag.start() > at:
            inline.text(text[at : tag.start()])
        inline.point(tag[0])
        at = tag.end()
    if at < len(text):
        inline.text(text[at:])


def _cut(group: _Group, markup: str) -> list[str]:
    """The text of each cue; by their lengths where the marks left one without."""
    parts: list[list[str]] = [[]]
    for _, text, payload in group.inline.pieces(markup):
        if not text and payload is None:
            parts.append([])
        else:
            parts[-1].append(text or payload or "")
    pieces = [" ".join("".join(part).split()) for part in parts]
    wanted = [len(" ".join(cue.lines)) for cue in group.cues] if group.line is None else [1]
    if len(pieces) == len(wanted) and all(_TAG.sub("", piece).strip() for piece in pieces):
        return pieces
    return _shared_out(" ".join(pieces).split(), wanted)


def _shared_out(words: list[str], wanted: list[int]) -> list[str]:
    pieces: list[str] = []
    for number, length in enumerate(wanted):
        behind = len(wanted) - number - 1
        share = max(1, round(len(words) * length / (sum(wanted[number:]) or 1)))
        taken = words[: min(share, max(1, len(words) - behind))] if behind else words
        pieces.append(" ".join(taken))
        words = words[len(taken) :]
    return pieces


def _wrapped(text: str, cue: _Cue) -> list[str]:
    """On as few lines as a reader is used to, of about one length."""
    widest = max(_LINE, *(len(_TAG.sub("", line)) for line in cue.lines))
    plain = len(_TAG.sub("", text))
    if plain <= widest and len(cue.lines) == 1:
        return [text]
    most = widest * 23 // 20  # rather a line a little too long than a third one
    lines = max(-(-plain // most), min(len(cue.lines), 2) if plain > widest // 2 else 1)
    width = max(widest // 2, -(-len(text) // lines) + 4)
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [text]


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.replace(",", ".").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
