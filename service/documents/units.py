"""Many paragraphs as one text, so that its language is told once and the engine gets all of it together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import count

from service.errors import GenerationFailed


class Units:
    """Each unit stands in an element of its own, which comes back as it went in."""

    def __init__(self, units: Sequence[str]) -> None:
        everything = "\n".join(units)
        names = (f"unit{number or ''}" for number in count())
        self._name = next(name for name in names if f"{name}>" not in everything)
        self._count = len(units)
        parts: list[str] = []
        self._starts: list[int] = []
        length = 0
        for unit in units:
            self._starts.append(length)
            parts.append(f"<{self._name}>{unit}</{self._name}>\n")
            length += len(parts[-1])
        self.source = "".join(parts)

    def number_at(self, offset: int) -> int:
        """From 1."""
        return max(1, bisect_right(self._starts, offset))

    def split(self, translation: str) -> list[str]:
        """The units translated. Raises `GenerationFailed` where one of them is missing."""
        name = self._name
        units = re.findall(rf"<{name}>(.*?)</{name}>\n", translation, re.DOTALL)
        if len(units) != self._count:
            raise GenerationFailed("The translation lost the structure of the file.")
        return units
