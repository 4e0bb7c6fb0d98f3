"""Whether a number before a full stop is an ordinal (`der 27.`) or a cardinal, which may end a sentence."""

from __future__ import annotations

import re

from service.text.orthography import Orthography

NUMBER = re.compile(r"\d{1,3}|\d{1,2}\.\d{1,2}|\d{1,3}(?:\.\d{3})+")
"""What may be an ordinal, a date or neither."""

_DATE = re.compile(r"\d{1,2}\.(?:0?[1-9]|1[0-2])")
_CODE = re.compile(r"[^\W\d_]+-\d{1,3}|[\d-]+-0")
_DETERMINER = re.compile(
    r"(?:und|oder|d(?:er|ie|as|en|em|es)|zum|zur|beim|[avi]m|(?:jed|[mds]?ein|ihr|unser)\w*)", re.IGNORECASE
)
_BARE_PREPOSITIONS = frozenset({"auf", "bei", "um", "von", "mit", "über"})
_LAST_DAY = 31


def is_cardinal(text: str, token: str, rules: Orthography) -> bool:
    """Whether the number that ends `text` is no ordinal: `Platz 1.`, `ABC-7.`, `auf 98.`, `knapp 20.000.`"""
    if _CODE.fullmatch(token):
        return True
    before = text.removesuffix(token)
    words = before.split()
    if not words or not before[-1].isspace() or not NUMBER.fullmatch(token):
        return False
    if "." in token:  # `im Wert von 85.000.`, `um 13.00.`; not `der 10.000. Besucher`, `am 24.12.`
        return not _DATE.fullmatch(token) and not _DETERMINER.fullmatch(words[-1])
    if words[-1].rsplit("-", 1)[-1] in rules.numbered:
        return True
    return words[-1] in _BARE_PREPOSITIONS and int(token) > _LAST_DAY
