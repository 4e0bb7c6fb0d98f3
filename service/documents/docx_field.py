"""Fields of Word (page numbers, references, links): from `begin` to `end`, over several runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from service.documents.xml import local_name


@dataclass(frozen=True, slots=True)
class Field:
    """`opening` are the runs up to the one that separates the instruction from the result, `closing` the one
    that ends it."""

    opening: Sequence[etree._Element]
    result: Sequence[etree._Element]
    closing: Sequence[etree._Element]

    @property
    def elements(self) -> list[etree._Element]:
        return [*self.opening, *self.result, *self.closing]

    @property
    def is_link(self) -> bool:
        """Its result is text; that of any other is a number, a date or a copy, which Word makes anew."""
        told = "".join(
            each.text or "" for run in self.opening for each in run if local_name(each) == "instrText"
        )
        return told.strip().upper().startswith("HYPERLINK")


def whole_fields(parent: etree._Element) -> Iterator[etree._Element | Field]:
    """The children in order, with each field that begins and ends among them as one."""
    children = list(parent)
    marks = [_mark(child) for child in children]
    ends = _ends(marks)
    index = 0
    while index < len(children):
        end = ends.get(index)
        if end is None:
            yield children[index]
            index += 1
            continue
        split = next((n for n in range(index, end) if marks[n] == "separate"), end - 1)
        yield Field(children[index : split + 1], children[split + 1 : end], children[end : end + 1])
        index = end + 1


def _mark(run: etree._Element) -> str:
    for child in run if local_name(run) == "r" else ():
        if local_name(child) == "fldChar":
            return next(
                (str(value) for name, value in child.attrib.items() if name.endswith("fldCharType")), ""
            )
    return ""


def _ends(marks: Sequence[str]) -> dict[int, int]:
    """Index of a field's beginning -> that of its end."""
    ends: dict[int, int] = {}
    open_fields: list[int] = []
    for index, mark in enumerate(marks):
        if mark == "begin":
            open_fields.append(index)
        elif mark == "end" and open_fields:
            ends[open_fields.pop()] = index
    return ends
