"""Whether a number is below zero."""

from __future__ import annotations

import re
from dataclasses import replace

from service.text.quantity import Quantity

_MINUS = re.compile(
    r"(?:(?:^|(?<![\d%°€$])\s|[(\"„“])[-−–\u2011]|(?<![\w/])minus\s|\bnegative\s)[€$£]?$", re.IGNORECASE
)
_BELOW = re.compile(
    r"\s?(?:Grad|degrees?|°)?\s?(?:Celsius|Fahrenheit|[CF])?\s"
    r"(?:unter\s(?:null|dem Gefrierpunkt)|below\s(?:zero|freezing))",
    re.IGNORECASE,
)
_DECADE_ENDS = ("er", "s")  # `50er und -60er`
_REACH = 12


def with_sign(text: str, quantity: Quantity) -> Quantity:
    """A hyphen counts where white space precedes it and none follows: `3-5` and `- 5` have no sign."""
    if quantity.kind != "number" or text[quantity.start : quantity.end].endswith(_DECADE_ENDS):
        return quantity
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    if _MINUS.search(before) or _BELOW.match(text, quantity.end):
        return replace(quantity, negative=True)
    return quantity
