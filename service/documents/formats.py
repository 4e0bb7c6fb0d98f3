"""The kinds of files that are read, told by the end of their name and checked by what they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from service.documents.document import Document
from service.documents.docx import DocxFile
from service.documents.markdown import MarkdownFile
from service.documents.plain import HtmlFile, TextFile
from service.documents.srt import SrtFile
from service.documents.xliff import XliffFile
from service.errors import DocumentInvalid, TextTooLong, UnsupportedMedia


@dataclass(frozen=True, slots=True)
class Format:
    """`media_type` is what it is served as. `wrapped` are those whose text is a small part of them."""

    read: Callable[[bytes], Document]
    media_type: str
    wrapped: bool = False


_HTML = Format(HtmlFile, "text/html")
_MARKDOWN = Format(MarkdownFile, "text/markdown")
_XLIFF = Format(XliffFile, "application/xliff+xml", wrapped=True)
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

FORMATS = {
    ".txt": Format(TextFile, "text/plain"),
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".docx": Format(DocxFile, _DOCX, wrapped=True),
    ".srt": Format(SrtFile, "application/x-subrip"),
    ".xlf": _XLIFF,
    ".xliff": _XLIFF,
}

_MOST_BYTES_PER_CHARACTER = 2
"""Of text in Europe's languages, in any encoding but UTF-32."""

_ARCHIVE, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def extension_of(name: str) -> str:
    """Raises `UnsupportedMedia` with the kinds there are."""
    extension = PurePath(name.replace("\\", "/")).suffix.lower()
    if extension not in FORMATS:
        raise UnsupportedMedia(f"Files of this kind are not read here; send {', '.join(FORMATS)}.")
    return extension


def read_document(content: bytes, name: str, *, max_characters: int = 500_000) -> Document:
    """Raises `UnsupportedMedia` for a kind that is not read, `TextTooLong` for text that is certainly longer
    than `max_characters`, before time is spent on it, and `DocumentInvalid` for a file that is damaged,
    hostile, or not of the kind that its name says."""
    extension = extension_of(name)
    if not FORMATS[extension].wrapped and len(content) > _MOST_BYTES_PER_CHARACTER * max_characters:
        raise TextTooLong(f"The file is longer than the {max_characters:,} characters accepted here.")
    if extension != ".docx" and content.startswith((_ARCHIVE, _OLD_OFFICE)):
        raise DocumentInvalid(f"The file is not what its name says: it is an archive, not {extension}.")
    if extension == ".docx" and content.startswith(_OLD_OFFICE):
        raise DocumentInvalid(
            "The file is an old or an encrypted Word file; save it as .docx without password."
        )
    return FORMATS[extension].read(content)
