"""Numbers, dates, times, units and currencies of a German or English text, in one form for both.

`1.234,56` and `1,234.56` are one value, so are `vier Millionen` and `4m`, `14.30 Uhr` and `2:30 p.m.`,
`70. Jahrestag` and `70th anniversary`, `27.07.` and `July 27`. What is vague (`Hunderte`) or an article
(`eine`) is no quantity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

Kind = Literal["number", "time", "month"]


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


_UNITS = {
    "EUR": "€ eur euro euros",
    "USD": "$ usd dollar dollars",
    "GBP": "£ gbp pfund pound pounds sterling",
    "CHF": "chf franken franc francs",
    "JPY": "¥ yen",
    "percent": "% prozent prozentpunkt prozentpunkte prozentpunkten percent percentage pct",
    "length:km": "km kilometer kilometern kilometers kilometre kilometres",
    "length:m": "meter metern meters metre metres",
    "length:cm": "cm zentimeter zentimetern centimeter centimeters centimetre centimetres",
    "length:mm": "mm millimeter millimetern millimeters millimetre millimetres",
    "length:mile": "meile meilen mile miles",
    "mass:kg": "kg kilo kilos kilogramm kilogram kilograms kilogramme kilogrammes",
    "mass:t": "tonne tonnen tonnes ton tons",
    "mass:g": "gramm gram grams gramme grammes",
    "span:second": "sekunde sekunden second seconds",
    "span:minute": "minute minuten minutes",
    "span:hour": "stunde stunden hour hours",
    "span:day": "tag tage tagen day days",
    "span:week": "woche wochen week weeks",
    "span:month": "monat monate monaten month months",
    "span:year": "jahr jahre jahren year years",
}
_UNIT_OF = {word: name for name, words in _UNITS.items() for word in words.split()}
_UNIT_WORD = re.compile(r"[€$£¥%]|[^\W\d_]+")
CURRENCIES = frozenset({"EUR", "USD", "GBP", "CHF", "JPY"})

_MONTHS = {
    name: number
    for number, names in enumerate(
        "januar jänner january jan|februar february feb|märz march mrz mar|april apr|mai may|juni june jun|"
        "juli july jul|august aug|september sept sep|oktober october okt oct|november nov|"
        "dezember december dez dec".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_MAGNITUDES = {
    "hundert": 2, "hundred": 2,
    "tausend": 3, "tsd": 3, "thousand": 3, "k": 3,
    "million": 6, "millionen": 6, "mio": 6, "mill": 6, "m": 6, "mn": 6, "mln": 6,
    "milliarde": 9, "milliarden": 9, "mrd": 9, "billion": 9, "bn": 9, "b": 9,
    "billionen": 12, "trillion": 12, "tn": 12, "trn": 12,
}  # fmt: skip

_SMALL = {
    "de": {
        word: number
        for number, words in enumerate(
            "null|ein eins|zwei zwo|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|dreizehn|vierzehn|"
            "fünfzehn|sechzehn|siebzehn|achtzehn|neunzehn".split("|")
        )
        for word in words.split()
    },
    "en": {
        word: number
        for number, word in enumerate(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen".split()
        )
    },
}
_TENS = {
    "de": {"zwanzig": 20, "dreißig": 30, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60,
           "siebzig": 70, "achtzig": 80, "neunzig": 90},
    "en": {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
           "ninety": 90},
}  # fmt: skip
_DECADES = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70,
    "eighties": 80, "nineties": 90,
    **{f"{word}er{end}": value for word, value in _TENS["de"].items() for end in ("", "jahre", "jahren")},
}  # fmt: skip
_PARTS = {
    "drittel": 3, "viertel": 4, "fünftel": 5, "sechstel": 6, "zehntel": 10,
    "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5, "tenth": 10, "tenths": 10,
}  # fmt: skip
_SOFT_UP_TO = 12
"""German and English style guides have numbers up to twelve in words, and idioms are full of them."""

_CARDINALS = {code: {**_SMALL[code], **_TENS[code]} for code in ("de", "en")}

_DIGITS = {
    "de": r"\d{1,3}(?:[.\u00a0\u202f '’]\d{3})+(?!\d)(?:,\d+)?|\d+(?:,\d+|\.\d{1,2}(?![\d.]))?",
    "en": r"\d{1,3}(?:[,\u00a0\u202f '’]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+|,\d{1,2}(?![\d,]))?",
}
"""Thousands and decimals as the language has them; two digits behind the other sign are decimals, too."""
_MAGNITUDE = (
    r"(?:[\s-]?(?P<magnitude>thousand million|tausend millionen|hundert|hundred|tausend|tsd|thousand|"
    r"millionen|million|milliarden|milliarde|mio|mill|mrd|billionen|billion|trillion|bn|mn|mln|tn|trn)\b\.?)?(?P<short>[km](?![\w²³]))?"
)
_WORD = r"[^\W\d_]+"

_TIME = {
    "de": re.compile(
        r"\b(?P<hour>[01]?\d|2[0-4])(?:[.:](?P<minute>[0-5]\d))?\s?(?:Uhr\b|h\b)"
        r"(?P<later>\s(?:abends|nachmittags|am (?:Abend|Nachmittag)))?"
    ),
    "en": re.compile(
        r"\b(?P<hour>[01]?\d|2[0-4])(?:[.:](?P<minute>[0-5]\d))?\s?(?:(?P<half>[ap])\.?\s?m\b\.?|o['’]clock)",
        re.IGNORECASE,
    ),
}
_SPOKEN_TIME = {
    "de": re.compile(r"\b(?:Mitternacht|halb\s(?P<hour>[^\W\d_]+))\b", re.IGNORECASE),
    "en": re.compile(r"\b(?:noon|midday|midnight|half\spast\s(?P<hour>[^\W\d_]+))\b", re.IGNORECASE),
}
_NUMERIC_DATE = re.compile(r"\b(?P<day>[0-3]?\d)\.\s?(?P<month>[01]?\d)\.(?:\s?(?P<year>\d{4}|\d{2}))?(?!\d)")
_MONTH_NAME = re.compile(rf"\b(?P<month>{_MONTH})\b\.?", re.IGNORECASE)
_MONTH_COMPOUND = re.compile(
    r"\b(?:Januar|Februar|März|April|Juni|Juli|August|September|Oktober|November|Dezember)(?=[a-zäöü])"
)
_DECADE = re.compile(r"\b(?P<digits>\d{2}|\d{4})(?:er\b|['’]?s\b)")
_PAIR = re.compile(r"(?<![\d.,])(?P<left>\d{1,3})\s?[:–-]\s?(?P<right>\d{1,3})(?![\d,]|\.\d)")
_ROMAN = re.compile(r"\b(?P<roman>(?:X{0,3})(?:IX|IV|V?I{1,3}|V(?=\.))|X{1,3}(?=\.))\b")
_NUMBER = {
    code: re.compile(rf"(?<![\w.,])(?P<digits>{digits}){_MAGNITUDE}", re.IGNORECASE)
    for code, digits in _DIGITS.items()
}
_SHORT = {"k": 1000, "m": 1_000_000}
_LONGEST_NUMBER = 40
_LONGEST_WORD = 60
"""Characters of a number in words with what may hang on it (`-jährigen`, `-einhalb`)."""

_DAY_OF_MONTH = re.compile(rf"(?:st|nd|rd|th|\.)?\s?(?:of\s)?(?:{_MONTH})\b", re.IGNORECASE)
_ORDINAL_END = re.compile(r"(?:st|nd|rd|th)\b|\.(?=\s[A-ZÄÖÜa-zäöü])")
_WORDS = re.compile(rf"\b{_WORD}\b")


def read_quantities(text: str, language: str) -> list[Quantity]:
    """In the order of the text; `language` is "de" or "en", any other is read as English."""
    return sorted(_Reader(text, "de" if language == "de" else "en").read(), key=lambda found: found.start)


def read_units(text: str) -> frozenset[str]:
    """Names of the units and currencies mentioned, such as "EUR", "percent", "length:km"."""
    found = {_UNIT_OF.get(word) for word in _UNIT_WORD.findall(text.lower())}
    if "per cent" in text:
        found.add("percent")
    return frozenset(name for name in found if name is not None)


class _Reader:
    def __init__(self, text: str, language: Literal["de", "en"]) -> None:
        self._text, self._language = text, language
        self._taken = bytearray(len(text))

    def read(self) -> Iterator[Quantity]:
        """The most specific reading first; what it covers is not read again."""
        yield from self._times()
        yield from self._spoken_times()
        if self._language == "de":
            yield from self._numeric_dates()
        yield from self._months()
        yield from self._decades()
        yield from self._romans()
        yield from self._pairs()
        yield from self._numbers()
        yield from self._in_words()

    def _take(self, start: int, end: int) -> bool:
        if any(self._taken[start:end]):
            return False
        self._taken[start:end] = b"\1" * (end - start)
        return True

    def _found(
        self, kind: Kind, span: tuple[int, int], *values: int | Fraction, soft: bool = False
    ) -> Iterator[Quantity]:
        if self._take(*span):
            yield Quantity(kind, tuple(Fraction(value) for value in values), soft, *span)

    def _times(self) -> Iterator[Quantity]:
        for match in _TIME[self._language].finditer(self._text):
            hour, minute = int(match["hour"]), int(match["minute"] or 0)
            half = match.groupdict().get("half")
            if half:
                hours = [hour % 12 + (12 if half.lower() == "p" else 0)]
            elif self._language == "en":
                hours = [hour % 24, (hour + 12) % 24]
            else:
                later = match["later"] and hour < 12
                hours = [(hour + 12) % 24] if later else [hour % 24]
            yield from self._found("time", match.span(), *(60 * each + minute for each in hours))

    def _spoken_times(self) -> Iterator[Quantity]:
        """`halb acht` and `half past seven`, noon and midnight."""
        for match in _SPOKEN_TIME[self._language].finditer(self._text):
            word = match[0].lower()
            if match["hour"] is None:
                yield from self._found("time", match.span(), 720 if word in {"noon", "midday"} else 0)
                continue
            hour = _SMALL[self._language].get(match["hour"].lower(), 0)
            if not 1 <= hour <= 12:
                continue
            minutes = 60 * hour + (30 if self._language == "en" else -30)
            yield from self._found("time", match.span(), minutes % 1440, (minutes + 720) % 1440)

    def _numeric_dates(self) -> Iterator[Quantity]:
        for match in _NUMERIC_DATE.finditer(self._text):
            day, month = int(match["day"]), int(match["month"])
            if not (1 <= day <= 31 and 1 <= month <= 12) or not self._take(*match.span()):
                continue
            yield Quantity("number", (Fraction(day),), False, *match.span("day"))
            yield Quantity("month", (Fraction(month),), False, *match.span("month"))
            if match["year"]:
                year = Fraction(match["year"])
                values = (year,) if year > 99 else (2000 + year, 1900 + year, year)
                yield Quantity("number", values, False, *match.span("year"))

    def _months(self) -> Iterator[Quantity]:
        for match in _MONTH_NAME.finditer(self._text):
            name = match["month"]
            if name.lower() not in _MONTHS or not name[0].isupper() or not self._is_month(match):
                continue
            # `May`, `March` and the short forms are words of their own.
            soft = self._language == "en" and name.lower() in {"may", "march", "mar", "dec", "jun", "sep"}
            yield from self._found("month", match.span("month"), _MONTHS[name.lower()], soft=soft)
        for match in _MONTH_COMPOUND.finditer(self._text) if self._language == "de" else ():
            yield from self._found("month", match.span(), _MONTHS[match[0].lower()], soft=True)

    def _is_month(self, match: re.Match[str]) -> bool:
        """Short forms need a number beside them; `August Müller` is nobody's birthday."""
        if len(match["month"]) > 3 or match["month"].lower() in {"mai", "may"}:
            return True
        before, after = self._text[: match.start()].rstrip(), self._text[match.end() :].lstrip()
        return match[0].endswith(".") or before[-1:].isdigit() or before[-1:] == "." or after[:1].isdigit()

    def _decades(self) -> Iterator[Quantity]:
        for match in _DECADE.finditer(self._text):
            value = int(match["digits"])
            yield from self._found("number", match.span(), value, *([1900 + value] if value < 100 else []))

    def _romans(self) -> Iterator[Quantity]:
        for match in _ROMAN.finditer(self._text):
            roman = match["roman"]
            if len(roman) > 1 and roman != "MI":
                yield from self._found("number", match.span(), _roman(roman), soft=True)

    def _pairs(self) -> Iterator[Quantity]:
        """Scores, ranges and clock times: two numbers, each on its own."""
        for match in _PAIR.finditer(self._text):
            if self._take(*match.span()):
                yield Quantity("number", (Fraction(match["left"]),), False, *match.span("left"))
                yield Quantity("number", (Fraction(match["right"]),), False, *match.span("right"))

    def _numbers(self) -> Iterator[Quantity]:
        for match in _NUMBER[self._language].finditer(self._text):
            if len(match["digits"]) > _LONGEST_NUMBER:
                continue  # a key or a code, not a quantity
            value = _value(match["digits"], self._language)
            if match["magnitude"]:
                value *= _magnitude(match["magnitude"], self._language)
            if match["short"]:  # `$5m` is money, `5m` may be a length
                yield from self._found("number", match.span(), value, value * _SHORT[match["short"].lower()])
            else:
                ordinal = value <= _SOFT_UP_TO and _ORDINAL_END.match(self._text, match.end()) is not None
                ordinal = ordinal and not _DAY_OF_MONTH.match(self._text, match.end())
                yield from self._found("number", match.span(), value, soft=ordinal)

    def _in_words(self) -> Iterator[Quantity]:
        words = list(_WORDS.finditer(self._text))
        index = 0
        while index < len(words):
            word = words[index][0].lower()
            if len(word) > _LONGEST_WORD or not _may_be_number(word, self._language):
                index += 1
                continue
            taken, value = _spoken(words, index, self._language)
            if taken:
                span = (words[index].start(), words[index + taken - 1].end())
                soft = value in (100, 1000) or (value.denominator == 1 and value <= _SOFT_UP_TO)
                yield from self._found("number", span, value, *_decade_readings(words[index][0]), soft=soft)
                index += taken
            else:
                index += 1


@lru_cache(maxsize=4096)
def _may_be_number(word: str, language: str) -> bool:
    """Nearly every word is none, and is asked about again and again. At most `_LONGEST_WORD` characters, so
    that the cache holds a megabyte or two whatever comes."""
    if word in _DECADES:
        return True
    if language == "en":
        return word in _ENGLISH_STARTS
    return (
        word in _GERMAN_ORDINALS
        or word in {"eine", "einer", "einem", "einen", "eines", "halbe", "halben", "anderthalb"}
        or word.endswith("einhalb")
        or _german_cardinal(word) is not None
        or _german_derived(word) is not None
    )


def _decade_readings(word: str) -> tuple[int, ...]:
    value = _DECADES.get(word.lower())
    return () if value is None else (1900 + value,)


def _value(digits: str, language: str) -> Fraction:
    decimal = "," if language == "de" else "."
    if re.fullmatch(r"\d+[.,]\d{1,2}", digits):
        decimal = digits[-2] if not digits[-2].isdigit() else digits[-3]
    whole, _, part = digits.partition(decimal)
    return Fraction(re.sub(r"\D", "", whole) + (f".{part}" if part else ""))


def _magnitude(word: str, language: str) -> int:
    word = word.lower()
    if " " in word:  # the long scale's thousand million
        return 10**9
    if word == "billion" and language == "de":
        return 10**12
    return int(10 ** _MAGNITUDES.get(word, 0))  # `tauſend` matches, but is no word of the list


def _roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


_Spoken = tuple[int, Fraction]


def _spoken(words: list[re.Match[str]], index: int, language: str) -> _Spoken:
    """How many words from `index` on say a number, and which; 0 where none does."""
    word = words[index][0].lower()
    following = words[index + 1][0].lower() if index + 1 < len(words) else ""
    nothing = (0, Fraction(0))
    if word in _DECADES:
        return 1, Fraction(_DECADES[word])
    if language == "de":
        return _german(word, following) or nothing
    return _english(words, index) or nothing


def _german(word: str, following: str) -> _Spoken | None:
    if word in {"anderthalb", "eineinhalb"}:
        value: Fraction | None = Fraction(3, 2)
    elif word.endswith("einhalb") and word.removesuffix("einhalb") in _SMALL["de"]:
        value = _SMALL["de"][word.removesuffix("einhalb")] + Fraction(1, 2)
    else:
        value = _german_cardinal(word)
    if word in {"eine", "einer", "einem", "einen", "eines"}:
        value = Fraction(1)
    if word in {"halbe", "halben"}:
        value = Fraction(1, 2)
        if following not in _MAGNITUDES:
            return None
    if value is None:
        return _german_ordinal(word)
    if following in {"halbe", "halben"} and value == 1:
        return None  # `eine halbe Million` is read from `halbe` on
    if following in _PARTS:
        return 2, value / _PARTS[following]
    if following in _MAGNITUDES and following not in {"k", "m", "b", "hundert"}:
        return 2, value * _magnitude(following, "de")
    return 1, value


def _german_ordinal(word: str) -> _Spoken | None:
    """`zweite`, and what hangs on to a cardinal: `zwanzigjährig`, `dreifach`, `viermal`."""
    if word in _GERMAN_ORDINALS:
        return 1, Fraction(_GERMAN_ORDINALS[word])
    value = _german_derived(word)
    return None if value is None else (1, value)


def _german_derived(word: str) -> Fraction | None:
    for pattern in (_GERMAN_SUFFIX, _GERMAN_HIGH_ORDINAL):
        if (found := pattern.fullmatch(word)) and (value := _german_cardinal(found[1])) is not None:
            return value
    return None


_GERMAN_SUFFIX = re.compile(
    r"(\w+?)(?:jährig|tägig|stündig|minütig|wöchig|monatig|köpfig|stellig|teilig|fach|mal|malig|prozentig|"
    r"stöckig)(?:e[rnms]?)?"
)
_GERMAN_HIGH_ORDINAL = re.compile(r"(\w{4,}?)(?:st|t)e[rnms]?")
_GERMAN_ORDINALS = {
    stem + ending: number
    for number, stem in enumerate(
        "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft".split(), 1
    )
    for ending in ("e", "er", "en", "em", "es", "ens")
}
_ENGLISH_ORDINALS = {
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


def _german_cardinal(word: str) -> Fraction | None:
    """`einundzwanzig`, `zweihundertfünfzig`, `dreitausend`."""
    return None if len(word) > _LONGEST_NUMBER else _cardinal(word)


@lru_cache(maxsize=4096)
def _cardinal(word: str) -> Fraction | None:
    if word in _CARDINALS["de"]:
        return Fraction(_CARDINALS["de"][word])
    for part, factor in (("tausend", 1000), ("hundert", 100)):
        if part in word:
            left, _, right = word.partition(part)
            first = Fraction(1) if not left else _german_cardinal(left)
            rest = Fraction(0) if not right else _german_cardinal(right.removeprefix("und"))
            return None if first is None or rest is None else first * factor + rest
    ones, joined, tens = word.partition("und")
    if joined and ones in _SMALL["de"] and tens in _TENS["de"]:
        return Fraction(_SMALL["de"][ones] + _TENS["de"][tens])
    return None


def _english(words: list[re.Match[str]], index: int) -> _Spoken | None:
    spoken = [match[0].lower() for match in words[index : index + 8]]
    if spoken[:2] == ["half", "a"] and spoken[2:] and spoken[2] in _BIG:
        return 3, Fraction(10 ** _MAGNITUDES[spoken[2]], 2)
    if spoken[0] in _ENGLISH_ORDINALS:
        return 1, Fraction(_ENGLISH_ORDINALS[spoken[0]])
    value, taken = _english_cardinal(spoken)
    if spoken[0] in {"a", "an", "one"} and len(spoken) > 1 and (spoken[1] in _PARTS or spoken[1] in _BIG):
        value, taken = Fraction(1), 1
    if value is None:
        return None
    rest = spoken[taken:]
    if rest[:3] == ["and", "a", "half"]:
        value, taken, rest = value + Fraction(1, 2), taken + 3, rest[3:]
    if rest and rest[0] in _PARTS:
        return taken + 1, value / _PARTS[rest[0]]
    while rest and rest[0] in _BIG:
        value, taken, rest = value * 10 ** _MAGNITUDES[rest[0]], taken + 1, rest[1:]
    return taken, value


_ENGLISH_STARTS = frozenset({*_CARDINALS["en"], *_ENGLISH_ORDINALS, "a", "an", "half"})
_BIG = frozenset({"thousand", "million", "billion", "trillion", "hundred"})


def _english_cardinal(spoken: list[str]) -> tuple[Fraction | None, int]:
    """`twenty-one`, `two hundred and fifty`."""
    total, taken = Fraction(0), 0
    while taken < len(spoken):
        word = spoken[taken]
        if taken and word in _ENGLISH_ORDINALS and total >= 20 and total % 10 == 0:
            if _ENGLISH_ORDINALS[word] < 10:  # `twenty-first`, but `thirty seconds` are plural
                return total + _ENGLISH_ORDINALS[word], taken + 1
            break
        if word in _CARDINALS["en"]:
            number = _CARDINALS["en"][word]
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
    return bool(spoken) and spoken[0] in _CARDINALS["en"]
