"""What the attributes of a start tag say."""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(
    r"""\s([^\s"'<>/=]{1,100})(?:\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?"""
)


def asks_for_no_translation(tag: str) -> bool:
    """`translate="no"` or the class `notranslate`."""
    if "translate" not in tag.lower():
        return False
    for found in _ATTRIBUTE.finditer(tag):
        name = found[1].lower()
        value = next((each for each in found.groups()[1:] if each is not None), "").lower()
        if (name == "translate" and value == "no") or (name == "class" and "notranslate" in value.split()):
            return True
    return False
