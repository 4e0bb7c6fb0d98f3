"""The elements that the tags of a text make: where each ends, what it stands in, which flow with the text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from service.text.page import INLINE
from service.text.tags import CDATA, Dialect, Kind, Piece, TagRules

WRITTEN = frozenset({Kind.TEXT, Kind.LITERAL})
"""Pieces that are there to be read."""


def closing_tags(pieces: Sequence[Piece]) -> dict[int, int]:
    """The index of each start tag -> that of the end tag which closes it. Only tags of one name are told
    against each other; one that is never closed is not in it."""
    closed: dict[int, int] = {}
    opened: dict[str, list[int]] = defaultdict(list)
    for index, piece in enumerate(pieces):
        if piece.kind is Kind.OPEN:
            opened[piece.name].append(index)
        elif piece.kind is Kind.CLOSE and opened[piece.name]:
            closed[opened[piece.name].pop()] = index
    return closed


_END_MAY_BE_LEFT_OUT = frozenset("p li dt dd tr td th option colgroup thead tbody tfoot".split())


def left_open(pieces: Sequence[Piece], inline: Collection[int]) -> dict[int, int]:
    """The index of each start tag whose end tag HTML allows to be left out -> that of the last piece before
    the next tag of a block, where the element ends at the latest."""
    ends: dict[int, int] = {}
    following = len(pieces)
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        if piece.kind is Kind.OPEN and piece.name in _END_MAY_BE_LEFT_OUT and following > index + 1:
            ends[index] = following - 1
        if piece.kind not in WRITTEN and index not in inline:
            following = index
    return ends


def inline_tags(raw: str, pieces: Sequence[Piece], dialect: Dialect, rules: TagRules) -> frozenset[int]:
    """Indices of the tags that stand within running text. In HTML the name tells; in XML, and for
    comments and the names of no HTML element, an element is inline where text stands beside it or around
    its parent."""
    parents, beside = _family(raw, pieces)
    inline_elements: dict[int, bool] = {}
    inline: set[int] = set()
    stack = [("", False)]
    for index, piece in enumerate(pieces):
        parent = parents[index]
        mixed = beside[parent] or inline_elements.get(parent, False)
        named = dialect == "html" and piece.name != "" and "-" not in piece.name
        flows = piece.name in INLINE or piece.name == "br" if named else mixed
        if piece.name in rules.splitting or piece.name in rules.joining:
            flows = piece.name not in rules.splitting
        if piece.name == CDATA:
            flows = False  # its text is written without entities, so it is a block of its own
        if piece.kind is Kind.OPEN:
            inline_elements[index + 1] = flows
            stack.append((piece.name, flows))
        elif piece.kind is Kind.CLOSE and len(stack) > 1 and stack[-1][0] == piece.name:
            flows = stack.pop()[1]
        if flows and piece.kind not in WRITTEN:
            inline.add(index)
    return frozenset(inline)


def _family(raw: str, pieces: Sequence[Piece]) -> tuple[list[int], dict[int, bool]]:
    """The element each piece stands in (its opening piece's index + 1; 0: none), and which elements have
    text of their own."""
    parents: list[int] = []
    beside: dict[int, bool] = {0: False}
    stack = [("", 0)]
    for index, piece in enumerate(pieces):
        if piece.kind is Kind.CLOSE and stack[-1][0] == piece.name and len(stack) > 1:
            stack.pop()
        parents.append(stack[-1][1])
        if piece.kind in WRITTEN:
            if raw[piece.start : piece.end].strip():
                beside[stack[-1][1]] = True
        elif piece.kind is Kind.OPEN:
            stack.append((piece.name, index + 1))
            beside[index + 1] = False
    return parents, beside
