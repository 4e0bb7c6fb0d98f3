"""Quotation marks, and whether what they hold is a title rather than speech."""

from __future__ import annotations

OPENERS = "\"'`„“”»«‚‘’›‹([¿¡"
"""What may stand before the first word of a sentence."""

_CLOSING = {"„": '“”"', "“": "”", '"': '"', "»": "«", "«": "»", "‚": "‘’'", "›": "‹", "‹": "›"}
_LONGEST_TITLE = 60
_MOST_WORDS = 5
"""Of a title with `!` or `?` behind which its sentence goes on with a capital. Longer ones are speech."""


def is_title(text: str, start: int, stop: int, after: int) -> bool:
    """Whether the marks in text[stop:after] belong to a quoted title in the middle of a sentence that begins
    at `start`: `bei „Wer wird Millionär?“ Kandidat`, `das Lied „Hey! Baby“`. Speech has a colon, a comma
    or nothing before it, or a mark at its own end."""
    opened = _opened(text, max(start, stop - _LONGEST_TITLE), stop)
    if opened < 0:
        return False
    before = text[max(start, opened - 2) : opened].rstrip()
    if not before or before[-1] in ':,;.!?…–—-“”«»"':
        return False
    closing = _CLOSING[text[opened]]
    end = next((at for at in range(after, min(len(text), after + _LONGEST_TITLE)) if text[at] in closing), -1)
    if end == after:
        return len(text[opened:stop].split()) <= _MOST_WORDS
    return end > after and text[end - 1] not in ".!?…," and text[end + 1 : end + 2] != ","


def _opened(text: str, start: int, stop: int) -> int:
    """Where the quotation begins that is still open at `stop`; -1 where none is."""
    opened = -1
    for at in range(start, stop):
        mark = text[at]
        if opened >= 0 and mark in _CLOSING[text[opened]]:
            opened = -1
        elif opened < 0 and mark in _CLOSING and (at == 0 or text[at - 1] in " (["):
            opened = at
    return opened
