"""What stands within a source of XLIFF: text, elements around text, and native codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from service.documents.inline import Inline
from service.documents.xml import append_text, local_name, shell_of

_AROUND_TEXT = frozenset("g pc mrk".split())
_BEGINS, _ENDS = frozenset({"bpt", "sc"}), frozenset({"ept", "ec"})
"""Codes of two ends that belong together; all other elements are codes on their own."""


@dataclass(frozen=True, slots=True)
class _Pair:
    begin: etree._Element
    end: etree._Element


class InlineElements:
    """`markup` is what the element holds; nothing of the element itself is changed."""

    def __init__(self, element: etree._Element) -> None:
        self._inline = Inline[etree._Element | _Pair]()
        self._take(element)
        self.markup = self._inline.markup

    def write(self, target: etree._Element, translation: str) -> None:
        """Into an empty element."""
        parents = [target]
        for kind, text, payload in self._inline.pieces(translation):
            if kind == "text":
                append_text(parents[-1], text)
            elif isinstance(payload, _Pair):
                parents[-1].append(deepcopy(payload.begin if kind == "open" else payload.end))
            elif payload is not None and kind == "point":
                parents[-1].append(deepcopy(payload))
            elif payload is not None and kind == "open":
                parents[-1].append(shell_of(payload))
                parents.append(parents[-1][-1])
            else:
                parents.pop()

    def _take(self, element: etree._Element) -> None:
        self._inline.text(element.text or "")
        children = list(element)
        ends = _ends(children)
        closing = set(ends.values())
        for index, child in enumerate(children):
            if index in ends:
                self._inline.open(_Pair(_alone(child), _alone(children[ends[index]])))
            elif index in closing:
                self._inline.close()
            elif local_name(child) in _AROUND_TEXT and _is_translated(child):
                self._inline.open(child)
                self._take(child)
                self._inline.close()
            else:
                self._inline.point(_alone(child))
            self._inline.text(child.tail or "")


def _is_translated(element: etree._Element) -> bool:
    return element.get("translate") != "no" and bool("".join(element.itertext()).strip())


def _alone(element: etree._Element) -> etree._Element:
    """A copy without the text behind it."""
    copy = deepcopy(element)
    copy.tail = None
    return copy


def _ends(children: Sequence[etree._Element]) -> dict[int, int]:
    """Index of a code that begins something -> that of the one that ends it; such pairs never overlap."""
    ends: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    names: Counter[str] = Counter()
    for index, child in enumerate(children):
        name = local_name(child)
        if name in _BEGINS:
            opened.append((str(child.get("rid") or child.get("id")), index))
            names[opened[-1][0]] += 1
        elif name in _ENDS:
            wanted = str(child.get("startRef") or child.get("rid") or child.get("id"))
            while names[wanted]:  # each is opened once and closed once, however many there are
                name, begin = opened.pop()
                names[name] -= 1
                if name == wanted:
                    ends[begin] = index
                    break
    return ends
