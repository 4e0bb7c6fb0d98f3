"""A dictionary's entries as DeepL writes them, one a line: tab-separated or comma-separated."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from service.errors import GlossaryInvalid
from service.terms.glossary import Term

EntriesFormat = Literal["tsv", "csv"]


def read_entries(entries: str, written: EntriesFormat) -> tuple[Term, ...]:
    """Blank lines are left out, and so are the languages that a table from DeepL's website has in its third
    and fourth columns. Raises `GlossaryInvalid` with the number of the entry, never with its text."""
    rows = _comma_separated(entries) if written == "csv" else _tab_separated(entries)
    terms = tuple(_term(number, row) for number, row in enumerate(rows, 1))
    if not terms:
        raise GlossaryInvalid("A glossary needs at least one entry.", pointer="#/entries")
    return terms


def write_entries(terms: Iterable[Term]) -> str:
    """Tab-separated."""
    return "\n".join(f"{term.source}\t{term.target}" for term in terms)


def _tab_separated(entries: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in entries.splitlines() if line.strip())


def _comma_separated(entries: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(entries.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield row[:2] if len(row) == 4 else row
    except csv.Error:
        raise GlossaryInvalid(f"Line {reader.line_num} is not valid CSV.", pointer="#/entries") from None


def _term(number: int, row: Sequence[str]) -> Term:
    if len(row) != 2:
        raise GlossaryInvalid(f"Entry {number} is not one source and one target.", pointer="#/entries")
    return Term(row[0].strip(), row[1].strip())
