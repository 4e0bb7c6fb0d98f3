"""Language codes as LibreTranslate writes them: ours, but for Chinese, which it names by its script."""

from __future__ import annotations

import re

from service.api.libretranslate.wire import LanguageTargetsOut, NamedOut
from service.errors import UnsupportedLanguage
from service.pipeline.models import ModelSet
from service.text.language_names import language_name

_CODE = re.compile(r"[A-Za-z]{2,4}(?:-[A-Za-z]{2,4})?")

_WRITTEN = {"zh": "zh-Hans"}


def language_code(code: str) -> str:
    return _WRITTEN.get(code, code)


def named(code: str) -> NamedOut:
    return NamedOut(code=language_code(code), name=language_name(code))


def pairs(models: ModelSet) -> list[LanguageTargetsOut]:
    return [
        LanguageTargetsOut(
            code=language_code(source),
            name=language_name(source),
            targets=sorted(map(language_code, targets)),
        )
        for source, targets in sorted(models.pairs.items())
    ]


def known_language(field: str, code: str, known: set[str]) -> str:
    """The code as our models know it, whatever its case. Raises `UnsupportedLanguage`."""
    wanted = code.lower()
    for each in known:
        if wanted in {each, language_code(each).lower()}:
            return each
    base = wanted.partition("-")[0]
    if base in known and base not in _WRITTEN:  # pt-BR where there is one Portuguese
        return base
    shown = code if _CODE.fullmatch(code) else "This"  # what is no code could be article text
    raise UnsupportedLanguage(f"{shown} is not supported", pointer=f"#/{field}")
