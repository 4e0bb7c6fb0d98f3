"""The bytes of a text file as text, and text as such bytes again."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from service.errors import DocumentInvalid

_MARKS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_WESTERN = re.compile(r"[\x00-\x7f\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—™š›œžŸ]*")
_MIXED = re.compile(r"[a-zäöüß][À-ÖØ-Ý][a-zäöüß]")
"""Letters that no word of Western Europe has so: the file is in some other charset."""
_ACCENTED = re.compile(r"[À-ÖØ-öø-ÿ]")
_ACCENTS = 0.3
"""The share of letters with accents that no language of Western Europe comes near."""

_CHARSETS = ["cp1252", "iso8859_15", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "mac_roman", "cp850"]
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252"}
_DECLARABLE = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb18030|gbk|big5|shift_jis|euc_(?:jp|kr)"
)
_GUESSED_BYTES = 100_000
_ZEROS = 0.3
"""Zero bytes, on one side, of a European text in UTF-16 are nearly half of it."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec of Python and the byte order mark that stood before the text."""

    codec: str
    mark: bytes = b""

    def encode(self, text: str, errors: Literal["strict", "xmlcharrefreplace"] = "strict") -> bytes:
        """In UTF-8 where this encoding has no room for a character."""
        try:
            return self.mark + text.encode(self.codec, errors)
        except UnicodeEncodeError:
            return text.encode("utf-8")


def decode(content: bytes, declared: str | None = None) -> tuple[str, Encoding]:
    """By the byte order mark, else UTF-8 where it is, else as the file declares, else guessed. Raises
    `DocumentInvalid`."""
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return _as(content[len(mark) :], Encoding(codec, mark))
    if codec := _unmarked_utf16(content):
        return _as(content, Encoding(codec))
    try:
        return content.decode("utf-8"), Encoding("utf-8")
    except UnicodeDecodeError:
        pass
    return _as(content, Encoding(_declared(declared) or _guessed(content)))


def _as(content: bytes, encoding: Encoding) -> tuple[str, Encoding]:
    try:
        return content.decode(encoding.codec), encoding
    except UnicodeDecodeError:
        raise DocumentInvalid(
            "The file is not text in the encoding it claims to be in; save it as UTF-8."
        ) from None


def _unmarked_utf16(content: bytes) -> str:
    sample = content[:2_000]
    if len(content) % 2 or len(sample) < 8:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > _ZEROS * len(sample) and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > _ZEROS * len(sample) and odd == 0 else ""


def _declared(name: str | None) -> str:
    try:
        codec = codecs.lookup(name or "").name
    except LookupError:
        return ""
    return _READ_AS.get(codec, codec) if _DECLARABLE.fullmatch(codec) else ""


def _guessed(content: bytes) -> str:
    """Windows-1252 where it reads like Western Europe, because statistics on a few umlauts are worse."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = "\ufffd"
    accented, letters = len(_ACCENTED.findall(text)), sum(map(str.isalpha, text))
    if _WESTERN.fullmatch(text) and not _MIXED.search(text) and accented <= _ACCENTS * letters:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(content[:_GUESSED_BYTES], cp_isolation=_CHARSETS).best()
    return best.encoding if best is not None else "latin-1"
