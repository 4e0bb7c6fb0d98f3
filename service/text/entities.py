"""Entities of HTML and XML: read, and written again as they were where nobody could read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from html.entities import html5

_OLD = sorted((name for name in html5 if not name.endswith(";")), key=len, reverse=True)
_ENTITY = re.compile(
    r"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};"
    rf"|(?:{'|'.join(_OLD)})(?![\w;=]))"
)
_ESCAPED_ENTITY = re.compile(r"&amp;(#?\w{1,40};)")


def entities(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """(start, end, what it stands for) of each that is known, also of HTML's old ones without a semicolon."""
    for found in _ENTITY.finditer(text, start, end):
        read = unescape(found[0])
        if read != found[0]:
            yield found.start(), found.end(), read


def escaped(text: str, raw: str) -> str:
    """The text with `&`, `<` and `>` as entities. An entity that `raw` has and that nobody here knows, one of
    the document's own, stays as it is."""
    written = escape(text, quote=False)
    if "&amp;" not in written:
        return written
    return _ESCAPED_ENTITY.sub(
        lambda found: f"&{found[1]}" if _is_own(f"&{found[1]}", raw) else found[0], written
    )


def _is_own(entity: str, raw: str) -> bool:
    return entity in raw and unescape(entity) == entity
