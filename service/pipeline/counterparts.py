"""Which quantities of a source and its translation belong together, and which of those that do have
changed their sign or their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from service.text.quantities import Quantity

Partners = tuple[Quantity, Quantity]


@dataclass(slots=True)
class Counterparts:
    """`missing` stands in the source alone, `added` in the target alone."""

    pairs: list[Partners] = field(default_factory=list)
    missing: list[Quantity] = field(default_factory=list)
    added: list[Quantity] = field(default_factory=list)


def match_quantities(source: Sequence[Quantity], target: Sequence[Quantity]) -> Counterparts:
    if not source or not target:
        return Counterparts(missing=list(source), added=list(target))
    left = list(target)
    found = Counterparts(added=left)
    others = []
    for quantity in source:
        partner = next((each for each in left if _same(quantity, each) and _same_sign(quantity, each)), None)
        if partner is None:
            others.append(quantity)
        else:
            left.remove(partner)
            found.pairs.append((quantity, partner))
    missing: list[Quantity] = []
    for quantity in others:
        partner = next((each for each in left if _same(quantity, each)), None)
        if partner is not None:
            left.remove(partner)
            found.pairs.append((quantity, partner))
        elif not _take_clock(quantity, left):
            missing.append(quantity)
    for quantity in [each for each in left if each.kind == "time"]:
        if _take_clock(quantity, missing):
            left.remove(quantity)
    _pair_off("month", missing, left)  # `03.10.` and `03/10`
    _pair_off("code", missing, left)  # `B 96` and `federal highway 96`
    _pair_off("code", left, missing)
    # Said twice on one side and once on the other is a matter of style.
    found.missing = [each for each in missing if not _is_among(each, target)]
    found.added = [each for each in left if not _is_among(each, source)]
    return found


def _same(one: Quantity, other: Quantity) -> bool:
    """Whether they share a meaning."""
    if one.kind != other.kind or one.letters != other.letters:
        return False
    return any(value in other.values for value in one.values)


def _same_sign(one: Quantity, other: Quantity) -> bool:
    return one.negative == other.negative


def _is_among(quantity: Quantity, others: Sequence[Quantity]) -> bool:
    return any(_same(quantity, other) for other in others)


def _pair_off(kind: str, those: list[Quantity], numbers: list[Quantity]) -> None:
    """Those of one kind with plain numbers of the other side."""
    for quantity in [each for each in those if each.kind == kind]:
        number = next(
            (
                each
                for each in numbers
                if each.kind == "number" and not set(quantity.values).isdisjoint(each.values)
            ),
            None,
        )
        if number is not None:
            those.remove(quantity)
            numbers.remove(number)


def _take_clock(quantity: Quantity, others: list[Quantity]) -> bool:
    """A time written without `Uhr` or `p.m.` on the other side reads as plain numbers."""
    if quantity.kind != "time":
        return False
    for value in quantity.values:
        hour, minute = divmod(int(value), 60)
        for shown in (hour, (hour - 12) % 24):
            wanted = [shown, minute] if minute else [shown]
            together = next((each for each in others if _with_point(shown, minute) in each.values), None)
            if minute and together is not None:  # `11.45`
                others.remove(together)
                return True
            partners = [
                next((each for each in others if each.kind == "number" and number in each.values), None)
                for number in wanted
            ]
            if all(partner is not None for partner in partners):
                zero = next((each for each in others if each.values == (0,)), None)  # `14:00`
                for partner in (*partners, zero):
                    if partner in others:
                        others.remove(partner)
                return True
    return False


def _with_point(hour: int, minute: int) -> Fraction:
    return hour + Fraction(minute, 100)


_BELOW_ZERO = re.compile(
    r"\b(?:unter|minus|negativ\w*|below|negative|sub-?zero|freezing|Frost)\b", re.IGNORECASE
)
_LESS = re.compile(
    r"(?:\bminus|negativ|verlust|verl[io]|rückgang|rückgäng|\bsank|\bsink|gesunken|\bfiel|\bfäll|gefallen|"
    r"schrumpf|weniger|fewer|niedrig|defizit|abschlag|einbu[sß]|reduzier|senk|\bab\b|"
    r"below|negative|\bloss|\blos[et]|\bfall|\bfell|drop|\bdown|declin|decreas|\bless|lower|deficit|shed|slip|"
    r"shr[iau]nk|reduc|\bcut|contract|discount|behind)",
    re.IGNORECASE,
)
_DEGREES = re.compile(r"\s?(?:Grad|degrees?|°)", re.IGNORECASE)


def changed_signs(found: Counterparts, source: str, target: str) -> list[Partners]:
    """Pairs of which one is below zero and the other not, and its text says in no other way that it is."""
    changed = []
    for one, other in found.pairs:
        if one.negative == other.negative or _is_twice(found.pairs, one):
            continue
        degrees = _DEGREES.match(source, one.end) or _DEGREES.match(target, other.end)
        words = _BELOW_ZERO if degrees else _LESS
        if not words.search(target if one.negative else source):
            changed.append((one, other))
    return changed


def _is_twice(pairs: Sequence[Partners], quantity: Quantity) -> bool:
    """`zwischen -5 und 5`: which is which cannot be told."""
    return sum(_same(one, quantity) for one, _ in pairs) > 1


_SCORE = re.compile(
    r"(?<![\d.,:/–-])(?P<left>\d{1,2})\s?(?P<mark>[:–-])\s?(?P<right>\d{1,2})(?![\d:/–-]|[.,]\d)"
)
_LOST = re.compile(
    r"verl(?:or|ier)|unterl[ai]g|niederlage|geschlagen|pleite|\blos[et]|\bloss|defeat|beat|behind|down|trail|"
    r"rückstand|schlappe|fell",
    re.IGNORECASE,
)


def swapped_scores(source: str, target: str) -> list[tuple[str, str]]:
    """`2:1` that became `1-2`. A lost match is told from the winner's side in English, from the loser's
    in German."""
    if ":" not in source:
        return []
    there = [(match["left"], match["right"]) for match in _SCORE.finditer(target)]
    here = [(match["left"], match["right"]) for match in _SCORE.finditer(source) if match["mark"] == ":"]
    if not here or not there or _LOST.search(source) or _LOST.search(target):
        return []
    return [
        (f"{left}:{right}", f"{right}-{left}")
        for left, right in here
        if left != right
        and (right, left) in there
        and (left, right) not in there
        and (right, left) not in here
    ]


_ABOUT = r"(?:\w{1,12}\s){0,2}[€$£]?\s?$"
_FROM_TO = {
    "de": (re.compile(rf"\bvon\s{_ABOUT}"), re.compile(rf"\bauf\s{_ABOUT}")),
    "en": (re.compile(rf"\bfrom\s{_ABOUT}"), re.compile(rf"\bto\s{_ABOUT}")),
}
_FURTHEST = 40


def swapped_changes(
    source: str,
    target: str,
    quantities: tuple[Sequence[Quantity], Sequence[Quantity]],
    languages: tuple[str, str],
) -> list[Partners]:
    """`von 3 auf 5` that became `from 5 to 3`: the two starts."""
    here = list(_changes(source, quantities[0], languages[0]))
    there = list(_changes(target, quantities[1], languages[1])) if here else []
    return [
        (start, other_start)
        for start, end in here
        for other_start, other_end in there
        if _same(start, other_end) and _same(end, other_start) and not _same(start, other_start)
    ]


def _changes(text: str, quantities: Sequence[Quantity], language: str) -> Iterator[Partners]:
    """Start and end of what rose or fell, in whatever order the text has them."""
    start, end = _FROM_TO[language]
    numbers = [each for each in quantities if each.kind == "number"]
    for one, other in pairwise(numbers):
        lead, between = text[max(0, one.start - _FURTHEST) : one.start], text[one.end : other.start]
        if len(between) > _FURTHEST:
            continue
        if start.search(lead) and end.search(between):
            yield one, other
        elif end.search(lead) and start.search(between):
            yield other, one
