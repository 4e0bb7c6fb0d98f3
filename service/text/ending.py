"""How a sentence ends, and how one that does not is made to."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…。！？][\"'“”‘’»«›‹)\]]*$")
_DANGLING = " \t\n,;:–—-"


def is_finished(sentence: str) -> bool:
    """A stop, a question or exclamation mark or an ellipsis, whatever closes after it."""
    return _END.search(sentence.rstrip()[-12:]) is not None


def finished(sentence: str) -> str:
    """With a full stop where it had no end: list items have none, and models lose some."""
    if is_finished(sentence):
        return sentence.rstrip()
    kept = sentence.rstrip(_DANGLING)
    return f"{kept}." if kept else sentence
