"""Times of day, in minutes after midnight."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.numerals import SMALL
from service.text.quantity import Language, Reading, reading

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


def clock_times(text: str, language: Language) -> Iterator[Reading]:
    for match in _TIME[language].finditer(text):
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        half = match.groupdict().get("half")
        if half:
            hours = [hour % 12 + (12 if half.lower() == "p" else 0)]
        elif language == "en":
            hours = [hour % 24, (hour + 12) % 24]
        else:
            later = match["later"] and hour < 12
            hours = [(hour + 12) % 24] if later else [hour % 24]
        yield from reading("time", match.span(), *(60 * each + minute for each in hours))


def spoken_times(text: str, language: Language) -> Iterator[Reading]:
    """`halb acht` and `half past seven`, noon and midnight."""
    for match in _SPOKEN_TIME[language].finditer(text):
        word = match[0].lower()
        if match["hour"] is None:
            yield from reading("time", match.span(), 720 if word in {"noon", "midday"} else 0)
            continue
        hour = SMALL[language].get(match["hour"].lower(), 0)
        if not 1 <= hour <= 12:
            continue
        minutes = 60 * hour + (30 if language == "en" else -30)
        yield from reading("time", match.span(), minutes % 1440, (minutes + 720) % 1440)
