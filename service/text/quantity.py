"""One number, time, month or code of a text, and how a reader hands it over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from service.text.numerals import Number

Kind = Literal["number", "time", "month", "code"]
Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """`values` are the readings it may have, most likely first: `the Seventies` are 70 or 1970. Times are
    in minutes after midnight, months from 1 to 12. `soft` quantities are small numbers in words and codes
    such as `CO2`, which good translations add and drop. `negative` is the sign; `values` are without it.
    `letters` are those of a code. text[start:end] is where it stands."""

    kind: Kind
    values: tuple[Number, ...]
    soft: bool
    start: int
    end: int
    negative: bool = False
    letters: str = ""

    @classmethod
    def of(
        cls,
        kind: Kind,
        span: tuple[int, int],
        *values: Number,
        soft: bool = False,
        letters: str = "",
    ) -> Self:
        return cls(kind, values, soft, *span, letters=letters)

    @property
    def meanings(self) -> frozenset[tuple[str, str, Number]]:
        """Two quantities that share one may be the same."""
        return frozenset((self.kind, self.letters, value) for value in self.values)


class Reading(NamedTuple):
    """What text[start:end] says, if nothing more specific says it: `27.07.` is a day and a month."""

    start: int
    end: int
    quantities: tuple[Quantity, ...]


def reading(kind: Kind, span: tuple[int, int], *values: Number, soft: bool = False) -> Iterator[Reading]:
    yield Reading(*span, (Quantity.of(kind, span, *values, soft=soft),))
