"""Where a string stands in a text as a whole word."""

from __future__ import annotations


def occurrences(string: str, text: str) -> list[int]:
    """Offsets, in order, without overlaps. An end of the string that is a letter or a digit is no part of
    a longer word there. Found without a pattern, whose compilation would take longer than the search."""
    found: list[int] = []
    at = text.find(string)
    while at >= 0:
        end = at + len(string)
        whole = stands_alone(text, at, end)
        if whole:
            found.append(at)
        at = text.find(string, end if whole else at + 1)
    return found


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether an end of text[start:end] that is a letter or a digit is no part of a longer word."""
    return not (text[start].isalnum() and _is_word(text[start - 1 : start])) and not (
        text[end - 1].isalnum() and _is_word(text[end : end + 1])
    )


def _is_word(sign: str) -> bool:
    """As `\\w` has it; the empty string, beyond the ends of a text, is none."""
    return sign.isalnum() or sign == "_"
