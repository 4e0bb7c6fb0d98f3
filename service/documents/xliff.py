"""XLIFF 1.2, 2.0 and 2.1: a target for every source, inline tags kept, what is approved left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from service.documents.document import Media, readable
from service.documents.inline import INLINE_TAGS
from service.documents.units import Units
from service.documents.xliff_inline import InlineElements
from service.documents.xml import XML_LANG, local_name, parse_xml, write_xml
from service.errors import DocumentInvalid
from service.text.furniture import has_letters

_FIRST = "urn:oasis:names:tc:xliff:document:1.2"
_SECOND = "urn:oasis:names:tc:xliff:document:2."
_DONE = frozenset("final signed-off translated reviewed".split())
"""States of a target that somebody has answered for; XLIFF 2's `translated` may be a machine's."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """`holder` is what source and target are children of; `content` is the source, or in 1.2 its
    segmentation."""

    holder: etree._Element
    content: etree._Element
    inline: InlineElements


class XliffFile:
    media: Media = "xml"
    tags = INLINE_TAGS

    def __init__(self, content: bytes) -> None:
        self._root = parse_xml(content)
        namespace = etree.QName(self._root).namespace or ""
        if local_name(self._root) != "xliff" or not (namespace == _FIRST or namespace.startswith(_SECOND)):
            raise DocumentInvalid("The file is no XLIFF 1.2, 2.0 or 2.1.")
        self._namespace, self._is_first = namespace, namespace == _FIRST
        self._read_units = list(self._found())
        self._units = Units([unit.inline.markup for unit in self._read_units])
        self.source = self._units.source
        self.characters = sum(readable(unit.inline.markup) for unit in self._read_units)
        self.language = self._language()

    def part_at(self, offset: int) -> int | None:
        return self._units.number_at(offset)

    def write(self, translation: str, language: str) -> bytes:
        for unit, markup in zip(self._read_units, self._units.split(translation), strict=True):
            self._write(unit, markup, language)
        if self._is_first:
            for file in self._root.iter(f"{{{self._namespace}}}file"):
                file.set("target-language", language)
        else:
            self._root.set("trgLang", language)
        return write_xml(self._root)

    def _language(self) -> str | None:
        named = self._root.get("srcLang")
        for file in self._root.iter(f"{{{self._namespace}}}file"):
            named = named or file.get("source-language")
        return str(named).lower() if named else None

    def _child(self, element: etree._Element, name: str) -> etree._Element | None:
        found: etree._Element | None = element.find(f"{{{self._namespace}}}{name}")
        return found

    def _found(self) -> Iterator[_Unit]:
        holder_name = "trans-unit" if self._is_first else "segment"
        for holder in _translated(self._root, f"{{{self._namespace}}}{holder_name}"):
            source = self._child(holder, "source")
            if source is None or self._is_done(holder):
                continue
            segmented = self._child(holder, "seg-source") if self._is_first else None
            content = source if segmented is None else segmented
            if has_letters("".join(content.itertext())):
                yield _Unit(holder, content, InlineElements(content))

    def _is_done(self, holder: etree._Element) -> bool:
        target = self._child(holder, "target")
        if target is None or not "".join(target.itertext()).strip():
            return False
        if self._is_first:
            return holder.get("approved") == "yes" or target.get("state") in _DONE
        return holder.get("state") in _DONE - {"translated"}

    def _write(self, unit: _Unit, markup: str, language: str) -> None:
        target = self._child(unit.holder, "target")
        if target is None:
            nsmap = {unit.content.prefix: self._namespace}
            target = etree.Element(f"{{{self._namespace}}}target", nsmap=nsmap)
            unit.holder.insert(unit.holder.index(unit.content) + 1, target)
            target.tail = unit.content.tail
        for child in list(target):
            target.remove(child)
        target.text = None
        unit.inline.write(target, markup)
        if self._is_first:
            target.set("state", "needs-review-translation")
            target.set("state-qualifier", "mt-suggestion")
            if target.get(XML_LANG) is not None:
                target.set(XML_LANG, language)
        else:
            unit.holder.set("state", "translated")


def _translated(root: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The elements of that name, but for those that are to be left alone by the nearest `translate` at or
    above them."""
    told = ["yes"]
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            told.pop()
            continue
        own = element.get("translate")
        told.append(own if own in {"yes", "no"} else told[-1])
        if element.tag == tag and told[-1] == "yes":
            yield element
