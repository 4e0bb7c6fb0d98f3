"""What stands within a paragraph, as markup for the pipeline: pairs of tags, and points between words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from typing import Generic, Literal, TypeVar

from service.text.tags import TagRules

Payload = TypeVar("Payload")
Kind = Literal["text", "open", "close", "point"]

PointTag = Literal["x", "br", "tab"]
"""`x` stands within a sentence, `br` begins a line, `tab` ends the sentence."""

INLINE_TAGS = TagRules(joining=frozenset({"g", "x"}), splitting=frozenset({"tab"}))

_PIECE = re.compile(
    r'<g id="(?P<open>\d{1,9})"[^<>]*>|(?P<close></g>)|<(?:x|br|tab) id="(?P<point>\d{1,9})"/>'
    r'|<code id="(?P<code>\d{1,9})">[^<]*</code>|(?P<text>[^<]+|<)'
)


class Inline(Generic[Payload]):
    """A paragraph as it is taken apart. `payloads` are what its tags stand for, by their ids. Between two
    words a point with a space on either side leaves one space for both; the other is put back."""

    def __init__(self) -> None:
        self.payloads: list[Payload] = []
        self._parts: list[str] = []
        self._spaced: set[int] = set()
        self._point_before: int | None = None

    def text(self, text: str) -> None:
        if self._point_before is not None and text[:1].isspace():
            self._spaced.add(self._point_before)
        self._point_before = None if text else self._point_before
        self._parts.append(escape(text, quote=False))

    def open(self, payload: Payload, *, translated: bool = True) -> None:
        kept = "" if translated else ' translate="no"'
        self._parts.append(f'<g id="{len(self.payloads)}"{kept}>')
        self.payloads.append(payload)

    def close(self) -> None:
        self._parts.append("</g>")

    def point(self, payload: Payload, tag: PointTag = "x") -> None:
        self._parts.append(f'<{tag} id="{len(self.payloads)}"/>')
        self._point_before = len(self.payloads)
        self.payloads.append(payload)

    def code(self, text: str, payload: Payload) -> None:
        """Words that are not translated and that the sentence reads on over."""
        self._parts.append(f'<code id="{len(self.payloads)}">{escape(text, quote=False)}</code>')
        self.payloads.append(payload)

    @property
    def markup(self) -> str:
        return "".join(self._parts)

    def pieces(self, translation: str) -> Iterator[tuple[Kind, str, Payload | None]]:
        """(kind, text, payload) of the translated markup, in order; a tag that closes nothing is left out,
        one left open is closed."""
        opened: list[Payload] = []
        space_due = False
        for found in _PIECE.finditer(translation):
            if (text := found["text"]) is not None:
                text = unescape(text)
                yield "text", f" {text}" if space_due and text[0].isalnum() else text, None
                space_due = False
            elif found["close"]:
                if opened:
                    yield "close", "", opened.pop()
            else:
                number = int(found["open"] or found["point"] or found["code"])
                if number >= len(self.payloads):
                    continue
                payload = self.payloads[number]
                if found["open"]:
                    opened.append(payload)
                yield ("open" if found["open"] else "point"), "", payload
                space_due = number in self._spaced
        while opened:
            yield "close", "", opened.pop()
