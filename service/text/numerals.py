"""The words that German and English numbers are made of, for whoever reads them."""

from __future__ import annotations

from fractions import Fraction

MAGNITUDES = {
    "hundert": 2, "hundred": 2,
    "tausend": 3, "tsd": 3, "thousand": 3, "k": 3,
    "million": 6, "millionen": 6, "mio": 6, "mill": 6, "m": 6, "mn": 6, "mln": 6,
    "milliarde": 9, "milliarden": 9, "mrd": 9, "billion": 9, "bn": 9, "b": 9,
    "billionen": 12, "bio": 12, "billiarde": 15, "billiarden": 15, "trillion": 12, "tn": 12, "trn": 12,
}  # fmt: skip

SMALL = {
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
TENS = {
    "de": {"zwanzig": 20, "dreißig": 30, "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60,
           "siebzig": 70, "achtzig": 80, "neunzig": 90},
    "en": {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
           "ninety": 90},
}  # fmt: skip
CARDINALS = {code: {**SMALL[code], **TENS[code]} for code in ("de", "en")}

DECADES = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70,
    "eighties": 80, "nineties": 90,
    **{f"{word}er{end}": value for word, value in TENS["de"].items() for end in ("", "n", "jahre", "jahren")},
}  # fmt: skip
PARTS = {
    "drittel": 3, "viertel": 4, "fünftel": 5, "sechstel": 6, "siebtel": 7, "achtel": 8, "neuntel": 9,
    "zehntel": 10,
    "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4, "fifth": 5, "fifths": 5,
    "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8, "ninth": 9, "ninths": 9,
    "tenth": 10, "tenths": 10,
}  # fmt: skip
DOZEN = 12

SOFT_UP_TO = 12
"""German and English style guides have numbers up to twelve in words, and idioms are full of them."""

LONGEST_NUMBER = 40

Number = int | Fraction
"""Whole numbers as they are: they are most, and comparing fractions takes ten times as long."""

Spoken = tuple[int, Number]
"""How many words say a number, and which."""


def magnitude(word: str, language: str) -> int:
    word = word.lower()
    if " " in word:  # the long scale's thousand million
        return 10**9
    if word == "billion" and language == "de":
        return 10**12
    return int(10 ** MAGNITUDES.get(word, 0))  # `tauſend` matches, but is no word of the list
