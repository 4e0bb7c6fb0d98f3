"""Times of day, in minutes after midnight."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.numerals import CARDINALS, SMALL
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
    "de": re.compile(r"\b(?:Mitternacht|Mittag|halb\s(?P<hour>[^\W\d_]+))\b", re.IGNORECASE),
    "en": re.compile(r"\b(?:noon|midday|midnight|half\spast\s(?P<hour>[^\W\d_]+))\b", re.IGNORECASE),
}
_PAST_OR_TO = {
    "de": re.compile(
        r"\b(?:um|gegen|bis|kurz)?\s?(?P<quarter>Viertel)\s(?P<side>nach|vor)\s(?P<hour>[^\W\d_]+)\b"
        r"|\b(?:um|gegen)\s(?P<minutes>fünf|zehn|zwanzig)\s(?P<other_side>nach|vor)\s(?P<other_hour>[^\W\d_]+)\b",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"\b(?:a\s)?(?P<quarter>quarter)\s(?P<side>past|after|to)\s(?P<hour>[^\W\d_]+)\b"
        r"|\b(?:at|around|by)\s(?P<minutes>five|ten|twenty)\s(?P<other_side>past|to)\s(?P<other_hour>[^\W\d_]+)\b",
        re.IGNORECASE,
    ),
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
            noon, vague = word in {"noon", "midday", "mittag"}, word in {"midday", "mittag"}
            yield from reading("time", match.span(), 720 if noon else 0, soft=vague)
            continue
        hour = SMALL[language].get(match["hour"].lower(), 0)
        if not 1 <= hour <= 12:
            continue
        minutes = 60 * hour + (30 if language == "en" else -30)
        yield from reading("time", match.span(), minutes % 1440, (minutes + 720) % 1440)


def times_past_and_to(text: str, language: Language) -> Iterator[Reading]:
    """`Viertel nach acht`, `ten to eight`; minutes only behind a preposition, for `five to twelve` may be
    a range."""
    for match in _PAST_OR_TO[language].finditer(text):
        hour = SMALL[language].get((match["hour"] or match["other_hour"]).lower(), 0)
        if not 1 <= hour <= 12:
            continue
        minutes = 15 if match["quarter"] else CARDINALS[language][match["minutes"].lower()]
        before = (match["side"] or match["other_side"]).lower() in {"vor", "to"}
        time = (60 * hour + (-minutes if before else minutes)) % 720
        yield from reading("time", match.span(), time, time + 720)
