"""Do a text and what was made of it name the same numbers, dates, units, currencies and names, and are
addresses and placeholders still what they were?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.pipeline.counterparts import changed_signs, match_quantities, swapped_changes, swapped_scores
from service.text.names import NameTraces, read_names
from service.text.protected import may_be_protected, unkept, without_protected
from service.text.quantities import CURRENCIES, Quantity, read_quantities, read_units

Doubt = Literal["number", "unit", "name", "placeholder"]

_COMPARED = frozenset({"de", "en"})
"""Languages whose ways of writing numbers are known here."""


_MOST_QUANTITIES, _MOST_NAMES = 200, 60
"""A table of figures is no sentence; comparing each with each would take its square."""


class TooMuchToCompare(Exception):
    """More figures or names than a sentence has; whoever asked says that nothing was checked."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`missing` stands in the source alone, `added` in the target alone; where both are there one was
    probably made of the other. They quote the texts and are for the caller of the article only."""

    doubt: Doubt
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """For a warning about a translation."""
        here, there = ", ".join(self.missing), ", ".join(self.added)
        if not there:
            return f"Not found in the translation: {here}."
        if not here:
            return f"In the translation, but not found in the source: {there}."
        return f"The source has {here}, the translation {there}."


def compare_facts(
    source: str, target: str, source_language: str, target_language: str, kept: Sequence[str] = ()
) -> list[Discrepancy]:
    """Between a source and its translation. Where a language is unknown here, only what must come out as
    it went in is compared, `kept` besides what always must."""
    found: list[Discrepancy | None] = []
    protected = bool(kept) or may_be_protected(source) or may_be_protected(target)
    if protected:
        found.append(_placeholders(source, target, kept))
    if {source_language, target_language} <= _COMPARED:
        if protected:
            source, target = without_protected(source, kept), without_protected(target, kept)
        source, target = _without_common_codes(source, target)
        found += [
            _numbers(source, target, source_language, target_language),
            _units(source, target),
            _names(source, target, target_language) if target_language == "en" else None,
        ]
    return [each for each in found if each is not None]


def _placeholders(source: str, target: str, kept: Sequence[str]) -> Discrepancy | None:
    missing, added = unkept(source, target, kept)
    return Discrepancy("placeholder", tuple(missing), tuple(added)) if missing or added else None


_DOTTED = re.compile(r"\d+(?:\.\d+){2,}")


def _without_common_codes(source: str, target: str) -> tuple[str, str]:
    """Without what both have alike of dotted figures (versions, addresses of machines, dates): those are no
    quantities to compare."""
    dotted = _DOTTED.findall(source) if source.count(".") > 1 else ()
    for same in set(dotted).intersection(_DOTTED.findall(target)) if dotted else ():
        source, target = source.replace(same, " "), target.replace(same, " ")
    return source, target


class Evidence:
    """What a text says, for asking of many sentences whether they say more. Leaving out is the job of a
    summary; the sentences are in the text's language unless `written` names another."""

    def __init__(self, text: str, language: str, written: str | None = None) -> None:
        self._languages = {language, written or language}
        self._written = written or language
        self._names = NameTraces(text)
        self._meanings = {meaning for each in read_quantities(text, language) for meaning in each.meanings}

    def unsupported(self, sentence: str) -> list[Discrepancy]:
        if not self._languages <= _COMPARED:
            return []
        numbers = tuple(
            sentence[each.start : each.end]
            for each in read_quantities(sentence, self._written)
            if not each.soft and self._meanings.isdisjoint(each.meanings)
        )
        named = read_names(sentence, self._written)[:_MOST_NAMES]
        names = tuple(name for name in named if not self._names.holds(name))
        found = [Discrepancy("number", added=numbers), Discrepancy("name", added=names)]
        return [each for each in found if each.added]


def _numbers(source: str, target: str, source_language: str, target_language: str) -> Discrepancy | None:
    before, after = read_quantities(source, source_language), read_quantities(target, target_language)
    if not before and not after:
        return None
    if len(before) + len(after) > _MOST_QUANTITIES:
        raise TooMuchToCompare
    found = match_quantities(before, after)
    missing = [source[each.start : each.end] for each in _reported(found.missing, found.added)]
    added = [target[each.start : each.end] for each in _reported(found.added, found.missing)]
    languages = (source_language, target_language)
    for one, other in (
        *changed_signs(found, source, target),
        *swapped_changes(source, target, (before, after), languages),
    ):
        missing.append(_with_sign(source, one))
        added.append(_with_sign(target, other))
    for score, swapped in swapped_scores(source, target) if source_language == "de" else ():
        missing.append(score)
        added.append(swapped)
    return Discrepancy("number", tuple(missing), tuple(added)) if missing or added else None


def _reported(those: Sequence[Quantity], others: Sequence[Quantity]) -> list[Quantity]:
    """`one` and `first` come and go with the grammar, and so do codes; what is soft counts only where the
    other side has something of the kind that it may have become."""
    kinds = {each.kind == "code" for each in others if _counts(each)}
    return [
        each
        for each in those
        if not each.soft or ((each.kind == "code") in kinds and _has_counted(those, each))
    ]


def _has_counted(those: Sequence[Quantity], soft: Quantity) -> bool:
    return any(_counts(each) for each in those if (each.kind == "code") == (soft.kind == "code"))


def _counts(quantity: Quantity) -> bool:
    return quantity.kind != "month" and (quantity.kind == "code" or quantity.values[0] > 1)


def _with_sign(text: str, quantity: Quantity) -> str:
    return ("-" if quantity.negative else "") + text[quantity.start : quantity.end]


def _units(source: str, target: str) -> Discrepancy | None:
    """A currency or unit of one dimension that became another."""
    before, after = read_units(source), read_units(target)
    lost, gained = before - after, after - before
    pairs = [
        (one, other)
        for one in sorted(lost)
        for other in sorted(gained)
        if (one in CURRENCIES and other in CURRENCIES)
        or (":" in one and one.partition(":")[0] == other.partition(":")[0])
    ]
    if not pairs:
        return None
    return Discrepancy("unit", tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


def _names(source: str, target: str, target_language: str) -> Discrepancy | None:
    names = read_names(target, target_language)
    if len(names) > _MOST_NAMES:
        raise TooMuchToCompare
    known = NameTraces(source)
    added = tuple(name for name in names if not known.holds(name))
    return Discrepancy("name", added=added) if added else None
