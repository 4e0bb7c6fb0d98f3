"""Text files and web pages: translated in one piece, in the encoding they came in."""

from __future__ import annotations

import re

from service.documents.document import PlainDocument
from service.documents.encoding import decode

_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)\b[^<>]{0,500}?\b(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_-]{2,40})""", re.I
)
_HEAD_BYTES = 1024
"""As far as browsers look for it."""
_LANGUAGE = re.compile(r"""(<html\b[^<>]{0,500}?\s(?:xml:)?lang\s*=\s*["']?)([A-Za-z-]{2,20})""", re.I)


class TextFile(PlainDocument):
    def __init__(self, content: bytes) -> None:
        text, self._encoding = decode(content)
        super().__init__(text, "text")

    def write(self, translation: str, language: str) -> bytes:  # noqa: ARG002 -- no text says its language
        return self._encoding.encode(translation)


class HtmlFile(PlainDocument):
    def __init__(self, content: bytes) -> None:
        declared = _DECLARED.search(content[:_HEAD_BYTES])
        text, self._encoding = decode(content, declared[1].decode("ascii") if declared else None)
        super().__init__(text, "html")

    def write(self, translation: str, language: str) -> bytes:
        """A character that the page's charset does not have is written as a reference."""
        told = _LANGUAGE.sub(lambda found: found[1] + language, translation, count=2)
        return self._encoding.encode(told, "xmlcharrefreplace")
