"""Letters with a number that are one name: roads, types, groups of states (`A 7`, `F-16`, `G20`, `CO2`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.quantity import Language, Quantity, Reading

_GLUED = r"(?P<glued>[A-ZÄÖÜ]{1,4})(?P<glued_number>\d{1,4})"
_HYPHENED = r"(?P<hyphened>[A-ZÄÖÜ]{1,3})-(?P<hyphened_number>\d{1,4})"
_SPACED = {
    # `A` and `I` are words of English.
    "de": r"(?P<spaced>[ABEIKLMSU])[ \u00a0](?P<spaced_number>[1-9]\d{0,2})",
    "en": r"(?P<spaced>[BEKLMSU])[ \u00a0](?P<spaced_number>[1-9]\d{0,2})",
}
_CODE = {
    code: re.compile(
        rf"(?<![\w.,/&+-])(?:{_GLUED}|{_HYPHENED}|{spaced})(?:s\b)?(?![\w%€$°]|[.,:/–]\d|\s?[%€$°])"
    )
    for code, spaced in _SPACED.items()
}


def codes(text: str, language: Language) -> Iterator[Reading]:
    """Those written in one piece are soft: good translations write `carbon dioxide` for `CO2`."""
    for match in _CODE[language].finditer(text):
        way = next(way for way in ("glued", "hyphened", "spaced") if match[way])
        number = int(match[f"{way}_number"])
        code = Quantity.of("code", match.span(), number, soft=way == "glued", letters=match[way])
        yield Reading(*match.span(), (code,))
