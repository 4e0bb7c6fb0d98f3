"""Language codes as models of the hub write them: NLLB's `deu_Latn`, mBART's `de_DE`, plain `de`."""

from __future__ import annotations

import re

from service.errors import UnsupportedLanguage

_WRITTEN = re.compile(r"(?P<language>[A-Za-z]{2,3})(?:[-_](?P<region>[A-Za-z]{2,4}))?")

_ISO_639_3 = {
    "afr": "af", "arb": "ar", "bar": "bar", "bul": "bg", "ben": "bn", "bod": "bo", "cat": "ca", "ces": "cs",
    "dan": "da", "deu": "de", "ell": "el", "eng": "en", "spa": "es", "est": "et", "pes": "fa", "fin": "fi",
    "fra": "fr", "gle": "ga", "glg": "gl", "gsw": "gsw", "guj": "gu", "heb": "he", "hin": "hi", "hrv": "hr",
    "hun": "hu", "ind": "id", "isl": "is", "ita": "it", "jpn": "ja", "kaz": "kk", "khm": "km", "kor": "ko",
    "ltz": "lb", "lit": "lt", "lvs": "lv", "khk": "mn", "mar": "mr", "zsm": "ms", "mlt": "mt", "mya": "my",
    "nob": "nb", "nld": "nl", "nno": "nn", "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "slk": "sk",
    "slv": "sl", "srp": "sr", "swe": "sv", "tam": "ta", "tel": "te", "tha": "th", "tgl": "tl", "tur": "tr",
    "uig": "ug", "ukr": "uk", "urd": "ur", "vie": "vi", "yue": "yue", "zho": "zh",
}  # fmt: skip
"""The codes of the FLORES list, which NLLB's are, for the languages that have a name here."""


def language_of(code: str, field: str) -> str:
    """Ours, `auto` included. Raises `UnsupportedLanguage` for what is no code; whether a model knows the
    language is asked later."""
    found = _WRITTEN.fullmatch(code)
    if code == "auto" or found is None:
        if code == "auto" and field == "src_lang":
            return code
        raise UnsupportedLanguage(
            f"'{field}' is a language code such as de, de_DE or deu_Latn.", pointer=f"#/parameters/{field}"
        )
    language = found["language"].lower()
    return _ISO_639_3.get(language, language)
