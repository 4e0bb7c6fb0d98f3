"""English numbers in words: `two hundred and fifty`, `twenty-first`, `two thirds`, `half a million`."""

from __future__ import annotations

from fractions import Fraction

from service.text.numerals import CARDINALS, DECADES, DOZEN, MAGNITUDES, PARTS, Number, Spoken

_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        1,
    )
} | {
    "thirtieth": 30, "fortieth": 40, "fiftieth": 50, "sixtieth": 60, "seventieth": 70, "eightieth": 80,
    "ninetieth": 90, "hundredth": 100,
    "once": 1, "twice": 2, "double": 2, "both": 2, "triple": 3, "threefold": 3,
}  # fmt: skip


def firsts(words: frozenset[str]) -> frozenset[str]:
    """Those that a number may start with; an article only where there is something to count with it."""
    found = words & _STARTS
    return found if _COUNTED.isdisjoint(words) else found | (words & _ARTICLES)


def english_number(spoken: list[str]) -> Spoken | None:
    if spoken[:2] == ["half", "a"] and spoken[2:] and spoken[2] in _BIG:
        return 3, Fraction(_BIG[spoken[2]], 2)
    if (
        spoken[0] in {"a", "one"}
        and spoken[1:2]
        and spoken[1] in _SPANS
        and spoken[2:5] == ["and", "a", "half"]
    ):
        return 5, Fraction(3, 2)
    if spoken[0] in _ORDINALS:
        return 1, _ORDINALS[spoken[0]]
    value: Number | None
    value, taken = _cardinal(spoken)
    if spoken[0] in {"a", "an", "one"} and len(spoken) > 1 and (spoken[1] in PARTS or spoken[1] in _BIG):
        value, taken = 1, 1
    if value is None:
        return None
    rest = spoken[taken:]
    if rest[:3] == ["and", "a", "half"]:
        value, taken, rest = value + Fraction(1, 2), taken + 3, rest[3:]
    if rest and rest[0] in PARTS:
        return taken + 1, Fraction(value, PARTS[rest[0]])
    while rest and rest[0] in _BIG:
        value, taken, rest = value * _BIG[rest[0]], taken + 1, rest[1:]
    return taken, value


def other_reading(spoken: list[str]) -> int | None:
    """`a third` may be the next one, and `two quarters` may be half a year: the number without its part."""
    if len(spoken) < 2 or spoken[-1] not in PARTS:
        return None
    if spoken[0] in {"a", "an", "one"} and spoken[-1] != "quarter":
        return PARTS[spoken[-1]]
    return _cardinal(spoken)[0] if spoken[-1] == "quarters" else None


_STARTS = frozenset({*CARDINALS["en"], *_ORDINALS, *DECADES, "half"})
_ARTICLES = frozenset({"a", "an"})
_BIG = {
    "dozen": DOZEN,
    **{word: 10 ** MAGNITUDES[word] for word in ("hundred", "thousand", "million", "billion", "trillion")},
}
_COUNTED = frozenset({*_BIG, *PARTS, "half"})
_SPANS = frozenset({"minute", "hour", "day", "week", "month", "year", "century"})


def _cardinal(spoken: list[str]) -> tuple[int | None, int]:
    """`twenty-one`, `two hundred and fifty`."""
    total = taken = 0
    while taken < len(spoken):
        word = spoken[taken]
        if taken and word in _ORDINALS and total >= 20 and total % 10 == 0:
            if _ORDINALS[word] < 10:  # `twenty-first`, but `thirty seconds` are plural
                return total + _ORDINALS[word], taken + 1
            break
        if word in CARDINALS["en"]:
            number = CARDINALS["en"][word]
            fits = total % 100 == 0 or (total % 10 == 0 and 0 < number < 10)
            if taken and not fits:
                break
            total += number
        elif word == "hundred" and 0 < total < 10:
            total *= 100
        elif word == "and" and total and total % 100 == 0 and _starts_number(spoken[taken + 1 :]):
            taken += 1
            continue
        else:
            break
        taken += 1
    return (total, taken) if taken else (None, 0)


def _starts_number(spoken: list[str]) -> bool:
    return bool(spoken) and spoken[0] in CARDINALS["en"]
