"""Language codes as DeepL writes them: upper case, and targets with a variant where it knows several.

Our models do not tell variants apart: EN-GB and EN-US are the same English, PT-BR and PT-PT the same
Portuguese.
"""

from __future__ import annotations

from service.api.deepl.wire import SourceOut, TargetOut
from service.errors import UnsupportedLanguage
from service.pipeline.models import ModelSet
from service.text.language_names import language_name

_VARIANTS = {
    "en": {"EN-GB": "English (British)", "EN-US": "English (American)"},
    "pt": {"PT-BR": "Portuguese (Brazilian)", "PT-PT": "Portuguese (European)"},
    "zh": {"ZH-HANS": "Chinese (simplified)"},
}


def source_languages(models: ModelSet) -> list[SourceOut]:
    return [SourceOut(language=code.upper(), name=language_name(code)) for code in sorted(models.pairs)]


def target_languages(models: ModelSet) -> list[TargetOut]:
    codes = sorted({target for targets in models.pairs.values() for target in targets})
    named = {
        variant: name
        for code in codes
        for variant, name in _VARIANTS.get(code, {code.upper(): language_name(code)}).items()
    }
    return [TargetOut(language=code, name=name) for code, name in named.items()]


def require_languages(models: ModelSet, *, source: str | None, target: str) -> None:
    """A target without a variant (EN), which DeepL has given up, is still understood. Raises
    `UnsupportedLanguage`."""
    targets = {each.language for each in target_languages(models)}
    if target not in targets | {base_code(variant) for variant in targets}:
        raise _unsupported("target_lang", targets)
    sources = {each.language for each in source_languages(models)}
    if source is not None and source not in sources and base_code(source) not in sources:
        raise _unsupported("source_lang", sources)


def glossary_pairs(models: ModelSet) -> dict[str, list[str]]:
    """Source -> targets, without variants, that one model translates: through English no term is known to
    arrive."""
    direct = {
        source: [target for target in sorted(targets) if not models.route(source, target).pivoted]
        for source, targets in sorted(models.pairs.items())
    }
    return {source: targets for source, targets in direct.items() if targets}


def require_glossary_pair(models: ModelSet, source: str, target: str) -> None:
    """Raises `UnsupportedLanguage`."""
    pairs = glossary_pairs(models)
    if source not in pairs:
        raise _unsupported("source_lang", {code.upper() for code in pairs})
    if target not in pairs[source]:
        raise _unsupported("target_lang", {code.upper() for code in pairs[source]})


def base_code(code: str) -> str:
    """EN for EN-US and for en."""
    return code.partition("-")[0].upper()


def _unsupported(field: str, known: set[str]) -> UnsupportedLanguage:
    return UnsupportedLanguage(
        f"Value for '{field}' not supported. Available: {', '.join(sorted(known))}.", pointer=f"#/{field}"
    )
