"""Numbers on the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """An argparse type."""

    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"[+-]?[0-9]{1,9}", text) else None
        if number is None or number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"a whole number from {least}" + (f" to {most}" if most else ""))
        return number

    return parse
