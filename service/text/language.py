"""Which language a text is in: decided on a stretch of running text, never on a short line."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Protocol, cast

# Below this many letters every detector is wrong too often (measured: 80 % right at 20, 95 % at 40).
_FEWEST_LETTERS = 40
# A character of these scripts says as much as a handful of letters.
_DENSE_SCRIPTS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_LEAST_CONFIDENCE = 0.6
_WINDOW_LETTERS = 2_000
_CHARACTERS_READ = 40_000
_CANDIDATES = 5

# An address with an @ is looked for only from the start of a word: from every letter would be quadratic.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\S)\S+@\S+")
_RUN = re.compile(r"[^\W\d_][\w\s,;:.!?'’\"„“”»«()–-]*")

_SCRIPT_LANGUAGES = {
    "CYRILLIC": "ab ba be bg ce cv kk ky mk mn ru sr tg tt uk",
    "GREEK": "el grc",
    "ARABIC": "ar ary arz fa ku ps sdh ug ur",
    "HEBREW": "he hbo yi",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "DEVANAGARI": "gom hi mr ne sa",
    "BENGALI": "as bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "TIBETAN": "dz",
    "ETHIOPIC": "am",
    "CJK": "ja wuu yue zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
}
_BY_SCRIPT = {script: frozenset(codes.split()) for script, codes in _SCRIPT_LANGUAGES.items()}
# Written in Latin letters as well as in the script above.
_ALSO_LATIN = frozenset({"sr", "ku", "kk", "tg", "tt"})
_NOT_LATIN = frozenset().union(*_BY_SCRIPT.values()) - _ALSO_LATIN
_NO_LANGUAGE = frozenset({"zxx", "ext"})


@dataclass(frozen=True, slots=True)
class Detection:
    """`confidence` lies between 0 and 1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """`code` is the language to take: the best candidate when `sure`, otherwise the default, unless
    the script rules the default out. `candidates` are ranked, at most five; empty without letters.
    `confidence` is that of `code`."""

    code: str
    confidence: float
    sure: bool
    candidates: tuple[Detection, ...]


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


_identifier: _Identifier | None = None
_loading = threading.Lock()


def load_language_model() -> None:
    """Load the identifier now instead of at the first text (under a second, about 120 MB)."""
    _load()


def detect_language(text: str, *, default: str = "de") -> LanguageGuess:
    """Reads at most the first 40,000 characters, of which about 2,000 letters decide."""
    window, letters = _window(text)
    script = _script(window)
    if script is None:
        return LanguageGuess(default, 0.0, sure=False, candidates=())
    ranked = [(code, probability) for code, probability in _load().rank(window) if _written_in(code, script)]
    total = sum(probability for _, probability in ranked) or 1.0
    candidates = tuple(
        Detection(code, min(1.0, round(probability / total, 4))) for code, probability in ranked[:_CANDIDATES]
    )
    if not candidates:
        return LanguageGuess(default, 0.0, sure=False, candidates=())
    best = candidates[0]
    enough = letters >= (_FEWEST_LETTERS // 4 if script in _DENSE_SCRIPTS else _FEWEST_LETTERS)
    sure = enough and best.confidence >= _LEAST_CONFIDENCE
    if sure or not _written_in(default.partition("-")[0], script):
        return LanguageGuess(best.code, best.confidence, sure, candidates)
    confidence = next((found.confidence for found in candidates if found.code == default), 0.0)
    return LanguageGuess(default, confidence, sure=False, candidates=candidates)


def _load() -> _Identifier:
    global _identifier  # noqa: PLW0603 - one 120 MB table per process, shared by every caller
    with _loading:
        if _identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            _identifier = cast(_Identifier, LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))
        return _identifier


def _window(text: str) -> tuple[str, int]:
    """Running text without addresses and numbers, and how many letters it has."""
    parts, letters = [], 0
    for run in _RUN.finditer(_ADDRESS.sub(" ", text[:_CHARACTERS_READ])):
        part = run[0][: 2 * _WINDOW_LETTERS]
        parts.append(part)
        letters += sum(map(str.isalpha, part))
        if letters >= _WINDOW_LETTERS:
            break
    window = unicodedata.normalize("NFC", " ".join(" ".join(parts).split()))
    return window, letters


def _script(window: str) -> str | None:
    """The script of most letters, named as in the Unicode character names; None without letters."""
    counts: Counter[str] = Counter()
    for letter in filter(str.isalpha, window):
        counts["LATIN" if letter < "\u0250" else unicodedata.name(letter, "UNKNOWN").split(" ")[0]] += 1
    if not counts:
        return None
    # Kana beside Chinese characters make the text Japanese.
    kana = counts["HIRAGANA"] + counts["KATAKANA"]
    if kana and kana + counts["CJK"] > counts.total() / 2 and kana * 10 > counts["CJK"]:
        return "HIRAGANA"
    return counts.most_common(1)[0][0]


def _written_in(code: str, script: str) -> bool:
    if code in _NO_LANGUAGE:
        return False
    if script == "LATIN":
        return code not in _NOT_LATIN
    return code in _BY_SCRIPT.get(script, frozenset())
