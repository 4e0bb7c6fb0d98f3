"""A paragraph of a Word file as text with tags, and back. Runs of one format are one stretch of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from service.documents.docx_field import Field, whole_fields
from service.documents.inline import Inline, PointTag
from service.documents.xml import XML_SPACE, local_name, shell_of, with_ancestors, writable
from service.errors import DocumentInvalid
from service.text.furniture import has_letters

NAMESPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
"""As Word writes them, and as the strict variant of the standard has them."""

_CONTAINERS = frozenset("hyperlink ins smartTag sdt sdtContent fldSimple moveTo customXml dir bdo".split())
"""Their runs are text of the paragraph; what else holds runs, such as deleted text, stays as it is."""
_NOT_A_FORMAT = frozenset("lang noProof".split())
"""Word splits runs at these, which a reader does not see."""
_DROPPED = frozenset("proofErr lastRenderedPageBreak".split())
_SIGNS = {"noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}


@dataclass(slots=True)
class Format:
    """Of a run; `properties` are None where it has none of its own."""

    properties: etree._Element | None

    def speak(self, language: str) -> None:
        for told in () if self.properties is None else self.properties:
            if local_name(told) == "lang":
                told.attrib.update({name: language for name in told.attrib if name.endswith("}val")})


@dataclass(slots=True)
class Shell:
    """An element around runs, or None where only what stands at both ends tells that they belong together:
    `before` and `after`, which stand within the element if there is one."""

    element: etree._Element | None
    before: Sequence[etree._Element] = ()
    after: Sequence[etree._Element] = ()


@dataclass(slots=True)
class Point:
    """What is no text: pictures, notes, breaks, bookmarks, fields."""

    elements: list[etree._Element]
    tag: PointTag = "x"


_BREAKS: dict[str, PointTag] = {"br": "br", "cr": "br", "tab": "tab", "ptab": "tab"}
_DEEPEST_FIELD = 50
"""They lie beside one another in the file, so that its depth says nothing of them."""

_STRENGTH: list[PointTag] = ["x", "br", "tab"]


@dataclass(slots=True)
class Stretch:
    """Text of one format, in the pieces that its runs hold. Of tens of thousands none may be copied for each
    that follows it."""

    form: str
    pieces: list[str]

    def add(self, piece: str) -> None:
        self.pieces.append(piece)

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    @property
    def text(self) -> str:
        return "".join(self.pieces)


_Part = Stretch | Point | Shell | None
"""None is the end of a shell."""


class Paragraph:
    def __init__(self, element: etree._Element) -> None:
        self._element = element
        self._namespace = etree.QName(element).namespace
        self._formats: dict[str, Format] = {}
        self._parts: list[_Part] = []
        self._fields_open = 0
        self._take(element)
        self._base = self._commonest()
        self._inline = self._as_inline()
        self.markup = self._inline.markup

    def write(self, translation: str, language: str) -> None:
        """Put the translation of `markup` into the paragraph, in place. Where a run tells its language, for
        the spelling checker, it is the new one."""
        for form in self._formats.values():
            form.speak(language)
        kept = [child for child in self._element if local_name(child) == "pPr"]
        for child in list(self._element):
            self._element.remove(child)
        self._element.extend(kept)
        parents, formats = [self._element], [self._formats[self._base]]
        for kind, text, payload in self._inline.pieces(translation):
            if kind == "text":
                self._append_run(parents[-1], formats[-1], text)
            elif isinstance(payload, Point):
                parents[-1].extend(payload.elements)
            elif isinstance(payload, Format) and kind == "open":
                formats.append(payload)
            elif isinstance(payload, Format):
                formats.pop()
            elif isinstance(payload, Shell) and kind == "open":
                if payload.element is not None:
                    parents[-1].append(payload.element)
                parents.append(parents[-1] if payload.element is None else payload.element)
                parents[-1].extend(payload.before)
            elif isinstance(payload, Shell):
                parents.pop().extend(payload.after)

    def _take(self, element: etree._Element) -> None:
        for child in whole_fields(element):
            if isinstance(child, Field):
                self._take_field(child)
                continue
            name = local_name(child)
            if name == "pPr" or name in _DROPPED:
                continue
            if name == "r":
                self._take_run(child)
            elif name in _CONTAINERS:
                around = [each for each in child if local_name(each).endswith("Pr")]
                self._parts.append(Shell(shell_of(child), before=around))
                self._take(_without(child, around))
                self._parts.append(None)
            else:
                self._point(child)

    def _take_field(self, field: Field) -> None:
        if not field.is_link:
            for each in field.elements:
                self._point(each)
            return
        if self._fields_open == _DEEPEST_FIELD:
            raise DocumentInvalid(f"The file has more than {_DEEPEST_FIELD} fields within one another.")
        holder = etree.Element("result")
        holder.extend(field.result)
        self._parts.append(Shell(None, before=field.opening, after=field.closing))
        self._fields_open += 1
        self._take(holder)
        self._fields_open -= 1
        self._parts.append(None)

    def _take_run(self, run: etree._Element) -> None:
        properties = next((child for child in run if local_name(child) == "rPr"), None)
        form = self._format(properties)
        for child in list(run):
            name = local_name(child)
            if name == "rPr" or name in _DROPPED:
                continue
            if name == "t":
                self._text(form, child.text or "")
            elif name in _SIGNS:
                self._text(form, _SIGNS[name])
            else:
                self._point(self._run(self._formats[form], child), tag=_BREAKS.get(name, "x"))

    def _format(self, properties: etree._Element | None) -> str:
        seen = [] if properties is None else [c for c in properties if local_name(c) not in _NOT_A_FORMAT]
        form = "".join(etree.tostring(each, encoding="unicode", with_tail=False) for each in seen)
        self._formats.setdefault(form, Format(properties))
        return form

    def _text(self, form: str, text: str) -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(last, Stretch) and last.form == form:
            last.add(text)
        elif text:
            self._parts.append(Stretch(form, [text]))

    def _point(self, element: etree._Element, tag: PointTag = "x") -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(last, Point):
            last.elements.append(element)
            last.tag = max(last.tag, tag, key=_STRENGTH.index)
        else:
            self._parts.append(Point([element], tag))

    def _commonest(self) -> str:
        lengths = Counter[str]()
        for part in self._parts:
            if isinstance(part, Stretch):
                lengths[part.form] += len(part)
        self._formats.setdefault("", Format(None))
        return lengths.most_common(1)[0][0] if lengths else ""

    def _as_inline(self) -> Inline[Format | Shell | Point]:
        inline = Inline[Format | Shell | Point]()
        for part in self._parts:
            if part is None:
                inline.close()
            elif isinstance(part, Point):
                inline.point(part, part.tag)
            elif isinstance(part, Shell):
                inline.open(part)
            else:
                text = part.text
                marked = part.form != self._base and text.strip()
                if marked:
                    inline.open(self._formats[part.form])
                inline.text(text)
                if marked:
                    inline.close()
        return inline

    def _append_run(self, parent: etree._Element, form: Format, text: str) -> None:
        run = self._run(form)
        written = etree.SubElement(run, f"{{{self._namespace}}}t")
        written.text = writable(text).replace("\n", " ")
        written.set(XML_SPACE, "preserve")
        parent.append(run)

    def _run(self, form: Format, *children: etree._Element) -> etree._Element:
        run = etree.Element(f"{{{self._namespace}}}r", nsmap={self._element.prefix: self._namespace})
        if form.properties is not None:
            run.append(deepcopy(form.properties))
        run.extend(children)
        return run


def paragraphs_in(root: etree._Element) -> list[Paragraph]:
    """Those with something to translate in them, the others are not touched. Text boxes are paragraphs within
    a paragraph; it keeps them as they are, and they follow it."""
    names = [f"{{{namespace}}}p" for namespace in NAMESPACES]
    texts = (each for each in root.iter() if local_name(each) == "t" and has_letters(each.text or ""))
    around = with_ancestors(texts)
    found = [each for each in root.iter(*names) if each in around]  # before the first is taken apart
    return [Paragraph(element) for element in found]


def _without(element: etree._Element, children: Iterable[etree._Element]) -> etree._Element:
    for child in children:
        element.remove(child)
    return element
