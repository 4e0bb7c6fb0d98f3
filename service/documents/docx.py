"""Word files: every paragraph with its formatting; tables, headers, notes and text boxes included."""

from __future__ import annotations

from lxml import etree

from service.documents.document import Media, readable
from service.documents.docx_package import Package
from service.documents.docx_paragraph import paragraphs_in
from service.documents.inline import INLINE_TAGS
from service.documents.units import Units
from service.documents.xml import local_name, parse_xml, write_xml
from service.errors import DocumentInvalid

_TYPES = "[Content_Types].xml"
_MAIN = "wordprocessingml.document.main+xml"
_TEXTS = (_MAIN, *(f"wordprocessingml.{kind}+xml" for kind in ("header", "footer", "footnotes", "endnotes")))
_MOST_XML_BYTES = 10_000_000
"""Of all parts together; the text that fits the limit on characters has a tenth of it."""


class DocxFile:
    media: Media = "xml"
    tags = INLINE_TAGS
    language: str | None = None

    def __init__(self, content: bytes) -> None:
        self._package = Package(content)
        self._parts: dict[str, etree._Element] = {}
        left = _MOST_XML_BYTES
        for name in self._text_parts():
            part = self._package.read(name)
            self._parts[name] = parse_xml(part, most_bytes=left)
            left -= len(part)
        self._paragraphs = [each for root in self._parts.values() for each in paragraphs_in(root)]
        self._units = Units([paragraph.markup for paragraph in self._paragraphs])
        self.source = self._units.source
        self.characters = sum(readable(paragraph.markup) for paragraph in self._paragraphs)

    def _text_parts(self) -> list[str]:
        """Those of the archive's parts that hold text, the document first."""
        types = parse_xml(self._package.read(_TYPES))
        kinds = {
            str(each.get("PartName", "")).lstrip("/"): str(each.get("ContentType", ""))
            for each in types
            if local_name(each) == "Override"
        }
        if any("macroEnabled" in kind for kind in kinds.values()) or any(
            name.lower().endswith("vbaproject.bin") for name in self._package.names
        ):
            raise DocumentInvalid("The file has macros, which are refused; save it as a .docx without them.")
        parts = [name for name, kind in kinds.items() if kind.endswith(_TEXTS)]
        parts.sort(key=lambda name: (not kinds[name].endswith(_MAIN), name))
        if not parts or not kinds[parts[0]].endswith(_MAIN):
            raise DocumentInvalid("The file is no Word document (.docx).")
        return parts

    def part_at(self, offset: int) -> int | None:
        return self._units.number_at(offset)

    def write(self, translation: str, language: str) -> bytes:
        translated = self._units.split(translation)
        for paragraph, markup in zip(self._paragraphs, translated, strict=True):
            paragraph.write(markup, language)
        return self._package.rewritten({name: write_xml(root) for name, root in self._parts.items()})
