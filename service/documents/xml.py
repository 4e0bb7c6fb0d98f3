"""XML from strangers: no document type, so no entities; nothing is fetched; depth and size are bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lxml import etree

from service.errors import DocumentInvalid

_MOST_BYTES = 10_000_000
"""Of nothing but tags; a tree takes up to twenty times that until it is refused."""

_MOST_ELEMENTS = 300_000
"""A Word file of 500,000 characters whose format changes every 50 has a fifth of that."""

_MOST_NAMESPACES = 200
"""Declared around one element; Word has some forty. An element that is made anew looks at all of them."""

_CHUNK = 65_536

_DEEPEST = 200
"""Tables in tables in Word take ten levels each."""
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def parse_xml(content: bytes, *, most_bytes: int = _MOST_BYTES) -> etree._Element:
    """The root. Raises `DocumentInvalid`."""
    if len(content) > most_bytes:
        raise DocumentInvalid(f"The file holds more than the {most_bytes:,} bytes of XML read here.")
    parser = etree.XMLPullParser(
        ("start-ns", "end-ns"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_blank_text=False,
    )
    namespaces = 0
    try:
        for at in range(0, len(content), _CHUNK):
            parser.feed(content[at : at + _CHUNK])
            for event, _ in parser.read_events():
                namespaces += 1 if event == "start-ns" else -1
                if namespaces > _MOST_NAMESPACES:
                    raise DocumentInvalid(
                        f"The file's XML declares more than {_MOST_NAMESPACES} namespaces at once."
                    )
        root: etree._Element = parser.close()
    except (etree.XMLSyntaxError, ValueError):
        raise DocumentInvalid(
            "The file is damaged: its XML cannot be read, or is nested too deeply."
        ) from None
    if root.xpath("count(//*)") > _MOST_ELEMENTS:
        raise DocumentInvalid(f"The file's XML has more than {_MOST_ELEMENTS:,} elements.")
    if root.xpath("/*" * (_DEEPEST + 1)):
        raise DocumentInvalid(f"The file's XML is nested more than {_DEEPEST} deep.")
    if root.getroottree().docinfo.doctype:
        raise DocumentInvalid("The file declares a document type, which is refused: it could hold entities.")
    return root


def write_xml(root: etree._Element) -> bytes:
    """In UTF-8."""
    tree = root.getroottree()
    # lxml reads a declaration that does not say `standalone` as one that says no, which is the default.
    standalone = tree.docinfo.standalone or None
    written: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=standalone)
    return written


def local_name(element: etree._Element) -> str:
    """Empty for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def with_ancestors(elements: Iterable[etree._Element]) -> set[etree._Element]:
    """The elements and all that they stand within, none of it looked at twice."""
    found: set[etree._Element] = set()
    for element in elements:
        above: etree._Element | None = element
        while above is not None and above not in found:
            found.add(above)
            above = above.getparent()
    return found


def shell_of(element: etree._Element) -> etree._Element:
    """The element with its attributes and without what it holds. Of the namespaces declared around it with
    those that it uses: all of them for each new element would cost the most in a file that declares many."""
    used = {etree.QName(name).namespace for name in (element.tag, *element.attrib)}
    nsmap: Mapping[str | None, str] = element.nsmap
    own = {prefix: namespace for prefix, namespace in nsmap.items() if namespace in used}
    return etree.Element(element.tag, attrib=dict(element.attrib), nsmap=own)


def writable(text: str) -> str:
    """Without the characters that XML has no room for."""
    return _UNWRITABLE.sub("", text)


def append_text(parent: etree._Element, text: str) -> None:
    """Behind whatever the parent holds already."""
    text = writable(text)
    last = next(parent.iterchildren(reversed=True), None)  # `len` would count them all
    if last is not None:
        last.tail = (last.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
