"""One number, time or month of a text, and how a reader hands it over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

Kind = Literal["number", "time", "month"]
Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """`values` are the readings it may have, most likely first: `the Seventies` are 70 or 1970. Times are
    in minutes after midnight, months from 1 to 12. `soft` quantities are small numbers in words, which
    good translations add and drop. text[start:end] is where it stands."""

    kind: Kind
    values: tuple[Fraction, ...]
    soft: bool
    start: int
    end: int


class Reading(NamedTuple):
    """What text[start:end] says, if nothing more specific says it: `27.07.` is a day and a month."""

    start: int
    end: int
    quantities: tuple[Quantity, ...]


def reading(
    kind: Kind, span: tuple[int, int], *values: int | Fraction, soft: bool = False
) -> Iterator[Reading]:
    yield Reading(*span, (quantity(kind, span, *values, soft=soft),))


def quantity(kind: Kind, span: tuple[int, int], *values: int | Fraction, soft: bool = False) -> Quantity:
    return Quantity(kind, tuple(Fraction(value) for value in values), soft, *span)
