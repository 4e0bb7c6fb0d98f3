"""Units of measurement and currencies, under one name in German and English."""

from __future__ import annotations

import re

from service.text.words import words_in

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
    "temperature:C": "celsius °c",
    "temperature:F": "fahrenheit °f",
    "span:second": "sekunde sekunden second seconds",
    "span:minute": "minute minuten minutes",
    "span:hour": "stunde stunden hour hours",
    "span:day": "tag tage tagen day days",
    "span:week": "woche wochen week weeks",
    "span:month": "monat monate monaten month months",
    "span:year": "jahr jahre jahren year years",
}
_UNIT_OF = {word: name for name, words in _UNITS.items() for word in words.split()}
_SIGNS = "€$£¥%"
_DEGREES = re.compile(r"°[CFcf]\b")
CURRENCIES = frozenset({"EUR", "USD", "GBP", "CHF", "JPY"})


def read_units(text: str) -> frozenset[str]:
    """Names of the units and currencies mentioned, such as "EUR", "percent", "length:km"."""
    said = _UNIT_OF.keys() & words_in(text)
    said |= {sign for sign in _SIGNS if sign in text}
    if "°" in text:
        said |= {degrees.lower() for degrees in _DEGREES.findall(text)}
    found = {_UNIT_OF[word] for word in said}
    if "per cent" in text:
        found.add("percent")
    return frozenset(found)
