"""Is this a text we can work on? Asked once at the door, before any reading."""

from __future__ import annotations

import re

from service.errors import EmptyText, InvalidText, TextTooLong, UrlNotFetched
from service.text.furniture import has_letters

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters that no text editor writes: C0 without white space and escape, DEL, C1 without NEL.
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x7f-\x84\x86-\x9f\ufffe\uffff]")
_CONTROL_SHARE = 0.01
_REPLACED_SHARE = 0.1


def check_text(text: str, *, max_characters: int) -> str:
    """The text itself, unchanged, when it can be worked on.

    Raises `EmptyText` (nothing but white space, punctuation or digits), `TextTooLong`,
    `InvalidText` (NUL, lone surrogates, mostly control or replacement characters) and
    `UrlNotFetched` (one http(s) address and nothing else). No message quotes the text.
    """
    if len(text) > max_characters:
        raise TextTooLong(
            f"The text has {len(text)} characters; the limit is {max_characters}. Send it in parts."
        )
    stripped = text.strip()
    if not stripped:
        raise EmptyText("The text is empty or only white space. Send the text of an article.")
    if "\x00" in text:
        raise InvalidText(
            f"Character {text.index(chr(0))} of the text is NUL: this looks like a binary file. "
            "Send plain text or HTML."
        )
    if found := _SURROGATE.search(text):
        raise InvalidText(
            f"Character {found.start()} of the text is a lone surrogate (U+{ord(found[0]):04X}), "
            "which no Unicode text may hold. Send well-formed Unicode."
        )
    if len(_CONTROL.findall(text)) > max(2, _CONTROL_SHARE * len(text)):
        raise InvalidText(
            "Too many control characters: this looks like a binary file. Send plain text or HTML."
        )
    if text.count("\ufffd") > max(4, _REPLACED_SHARE * len(text)):
        raise InvalidText(
            "Too many replacement characters: the text was decoded in the wrong encoding. Send UTF-8."
        )
    if _URL.fullmatch(stripped):
        raise UrlNotFetched(
            "This is a web address, and the server never fetches pages: an address could point into its "
            "own network. Paste the article's text, or send the page's HTML as text/html."
        )
    if not has_letters(stripped):
        raise EmptyText(
            "The text has no letters, only punctuation, digits or signs: there is nothing to translate."
        )
    return text
