"""A paragraph of a Word file, however its text is cut into runs."""

from __future__ import annotations

from lxml import etree

from service.documents.docx_paragraph import NAMESPACES, Paragraph, Stretch

RUNS = 20_000


class Piece(str):
    """Counts the characters that are copied when it is put behind others."""

    __slots__ = ()
    copied = 0

    def __radd__(self, before: str) -> str:
        Piece.copied += len(before)
        return Piece(str.__add__(before, self))


def test_the_runs_of_one_format_are_one_text() -> None:
    runs = "".join(f"<w:r><w:t>Wort{number} </w:t></w:r>" for number in range(RUNS))
    paragraph = Paragraph(etree.fromstring(f'<w:p xmlns:w="{NAMESPACES[0]}">{runs}</w:p>'))
    assert paragraph.markup == "".join(f"Wort{number} " for number in range(RUNS))


def test_what_was_read_is_not_copied_for_every_run_that_follows() -> None:
    stretch = Stretch("", [Piece("Wort ")])
    for _ in range(RUNS):
        stretch.add(Piece("Wort "))
    assert (len(stretch), stretch.text) == (5 * (RUNS + 1), "Wort " * (RUNS + 1))
    assert Piece.copied == 0
