"""Which language a text is in: decided on a stretch of running text, never on a short line."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import filterfalse

import numpy
from numpy.typing import NDArray

from service.text.germanic import GERMANIC, weigh_kin
from service.text.identifier import Scores, identifier

# Below this many letters every detector is wrong too often (measured: 80 % right at 20, 95 % at 40).
_FEWEST_LETTERS = 40
# A character of these scripts says as much as a handful of letters.
_DENSE_SCRIPTS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
_CLEAR_CONFIDENCE = 0.95
"""Confidence from which a text of half as many letters is sure: of 5,219 German ones of 20 to 39 letters (WMT
news, Tatoeba, XQuAD questions) 2 were so taken for another language, and 91 % of 5,322 English ones for
English."""

LEAST_CONFIDENCE = 0.6
"""Confidence from which a language is sure."""

WINDOW_LETTERS = 2_000
_CHARACTERS_READ = 40_000
_CANDIDATES = 5
_PART_LETTERS = 100
_MOST_PARTS = 8
_CLEAR = 0.9
"""Confidence from which a part of a text counts by itself."""

_TOGETHER = 64
"""Texts that are looked at at once: as many as an article has paragraphs, and few enough for memory."""


# An address with an @ is looked for only from the start of a word: from every letter would be quadratic.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\S)\S+@\S+")
_RUN = re.compile(r"[^\W\d_][\w\s,;:.!?'’\"„“”»«()–-]*")

_BEYOND_LATIN = re.compile("[^\\0-\u024f]")

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
# No language, and Volapük, for which lists of words were taken.
_NOT_GUESSED = frozenset({"zxx", "ext", "vo"})
_NOT_LATIN = frozenset().union(*_BY_SCRIPT.values(), _NOT_GUESSED) - _ALSO_LATIN

Places = NDArray[numpy.intp]

Window = tuple[str, int]
"""Running text, and how many letters it has."""

_written: dict[str, Places] = {}
"""One entry for each script that was seen."""


@dataclass(frozen=True, slots=True)
class Detection:
    """`confidence` lies between 0 and 1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """`code` is the language to take: the best candidate when `sure`, otherwise the default, unless
    the script rules the default out. `candidates` are ranked, at most five; empty without letters.
    `confidence` is that of `code`, `letters` how many were read."""

    code: str
    confidence: float
    sure: bool
    candidates: tuple[Detection, ...]
    letters: int = 0


def detect_language(text: str, *, default: str = "de", letters: int = WINDOW_LETTERS) -> LanguageGuess:
    """Reads at most the first 40,000 characters, of which about `letters` letters decide."""
    [guess] = detect_languages([text], default=default, letters=letters)
    return guess


def detect_languages(
    texts: Sequence[str], *, default: str = "de", letters: int = WINDOW_LETTERS
) -> list[LanguageGuess]:
    """As `detect_language` of each; short texts together take half the time that they take one by one."""
    guesses: list[LanguageGuess] = []
    for start in range(0, len(texts), _TOGETHER):
        windows = [_window(text, letters) for text in texts[start : start + _TOGETHER]]
        scripts = [_script(window) for window, _ in windows]
        candidates: dict[int, tuple[Detection, ...]] = {}
        for script in {each for each in scripts if each is not None}:
            places = [place for place, each in enumerate(scripts) if each == script]
            candidates |= zip(places, _candidates([windows[place] for place in places], script), strict=True)
        guesses += [
            _guess(candidates.get(place, ()), found, script, default)
            for place, ((_, found), script) in enumerate(zip(windows, scripts, strict=True))
        ]
    return guesses


def _guess(
    candidates: tuple[Detection, ...], letters: int, script: str | None, default: str
) -> LanguageGuess:
    if script is None:
        return LanguageGuess(default, 0.0, sure=False, candidates=())
    if not candidates:
        return LanguageGuess(default, 0.0, sure=False, candidates=(), letters=letters)
    best = candidates[0]
    enough = letters >= (_FEWEST_LETTERS // 4 if script in _DENSE_SCRIPTS else _FEWEST_LETTERS)
    clear = letters >= _FEWEST_LETTERS // 2 and best.confidence >= _CLEAR_CONFIDENCE
    sure = clear or (enough and best.confidence >= LEAST_CONFIDENCE)
    if sure or not _written_in(default.partition("-")[0], script):
        return LanguageGuess(best.code, best.confidence, sure, candidates, letters)
    confidence = next((each.confidence for each in candidates if each.code == default), 0.0)
    return LanguageGuess(default, confidence, sure=False, candidates=candidates, letters=letters)


def _candidates(windows: Sequence[Window], script: str) -> list[tuple[Detection, ...]]:
    """Ranked, for each window. A part of a text that is clearly in one language speaks for itself, any other
    takes the word of the whole: of a text in two languages each gets its share, and a table of names stays
    whole."""
    languages = _languages(script)
    if not len(languages):
        return [()] * len(windows)
    divided = [_counted_parts(window) for window in windows]
    shares = iter(_shares([part for parts in divided for part in parts], languages))
    each = [numpy.array([next(shares) for _ in parts]) for parts in divided]
    clear = [own.max(axis=1) >= _CLEAR for own in each]
    unclear = [i for i, parts in enumerate(divided) if len(parts) > 1 and not clear[i].all()]
    if unclear:
        for i, whole in zip(unclear, _shares([windows[i] for i in unclear], languages), strict=True):
            each[i][~clear[i]] = whole
    return [_ranked(own.mean(axis=0), languages) for own in each]


def _ranked(shares: Scores, languages: Places) -> tuple[Detection, ...]:
    codes = identifier().codes
    best = languages[numpy.argsort(-shares[languages], kind="stable")[:_CANDIDATES]]
    return tuple(Detection(codes[place], round(min(1.0, float(shares[place])), 4)) for place in best)


def _languages(script: str) -> Places:
    """The places of those written so among the identifier's."""
    if script not in _written:
        places = [i for i, code in enumerate(identifier().codes) if _written_in(code, script)]
        _written[script] = numpy.array(places, dtype=numpy.intp)
    return _written[script]


def _shares(windows: Sequence[Window], languages: Places) -> Scores:
    """Of all languages that the identifier knows, a row for each window; 0 for those not asked for."""
    known = identifier()
    temperatures = [_temperature(letters) for _, letters in windows]
    scores = known.scores([window for window, _ in windows]) / numpy.array(temperatures)[:, None]
    if known.places["de"] in languages:
        kin_known = [code for code in GERMANIC if code in known.places]
        for own, (window, _) in zip(scores, windows, strict=True):
            kin = {code: float(own[known.places[code]]) for code in kin_known}
            for code, score in weigh_kin(kin, window).items():
                own[known.places[code]] = score
    likely = scores.take(languages, axis=1)
    weights = numpy.exp(likely - likely.max(axis=1, keepdims=True))
    shares: Scores = numpy.zeros_like(scores)
    shares[:, languages] = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _counted_parts(window: Window) -> list[Window]:
    parts = _parts(window[0])
    return [window] if len(parts) == 1 else [(part, _count_letters(part)) for part in parts]


def _parts(window: str) -> list[str]:
    """At most eight of at least a hundred letters, cut between words; the last has what is left over."""
    enough = max(_PART_LETTERS, len(window) // _MOST_PARTS)
    parts, start, space = list[str](), 0, window.find(" ", enough)
    while space >= 0:
        missing = enough - (space - start - window.count(" ", start, space))
        if missing <= 0:
            parts.append(window[start:space])
            start, missing = space + 1, enough
        space = window.find(" ", space + 1 + missing)
    rest = window[start:]
    if parts and len(rest) - rest.count(" ") < enough:
        rest = f"{parts.pop()} {rest}"
    return [*parts, rest]


def _count_letters(text: str) -> int:
    """Most words are letters alone, and are counted whole."""
    words = text.split()
    others = "".join(filterfalse(str.isalpha, words))
    return sum(map(len, filter(str.isalpha, words))) + sum(map(str.isalpha, others))


def _temperature(letters: int) -> float:
    """What the identifier's log-probabilities are divided by, so that of the texts said to be German
    with 0.8 about 80 % are. Its own square root of the length leaves short texts less sure than they
    deserve. Fitted on 19 languages from 20 characters to paragraphs; docs/language.md has the errors."""
    return 0.88 * math.pow(max(letters, 1), 0.31)


def _window(text: str, most: int) -> Window:
    """Running text without addresses and numbers, and how many letters it has."""
    text = text[:_CHARACTERS_READ]
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub(" ", text)
    parts, letters = [], 0
    for run in _RUN.finditer(text):
        part = run[0][: 2 * most]
        parts.append(part)
        letters += _count_letters(part)
        if letters >= most:
            break
    window = unicodedata.normalize("NFC", " ".join(" ".join(parts).split()))
    return window, letters


def _script(window: str) -> str | None:
    """The script of most letters, named as in the Unicode character names; None without letters."""
    if not _BEYOND_LATIN.search(window):
        return "LATIN" if any(map(str.isalpha, window)) else None
    counts: Counter[str] = Counter()
    for letter, count in Counter(window).items():
        if letter.isalpha():
            counts["LATIN" if letter < "\u0250" else unicodedata.name(letter, "UNKNOWN").split(" ")[0]] += (
                count
            )
    if not counts:
        return None
    # Kana beside Chinese characters make the text Japanese.
    kana = counts["HIRAGANA"] + counts["KATAKANA"]
    if kana and kana + counts["CJK"] > counts.total() / 2 and kana * 10 > counts["CJK"]:
        return "HIRAGANA"
    return counts.most_common(1)[0][0]


def is_written_in_latin(code: str) -> bool:
    """Whether the language is written in Latin letters and in no others."""
    return not any(code.partition("-")[0] in codes for codes in _BY_SCRIPT.values())


def _written_in(code: str, script: str) -> bool:
    if script == "LATIN":
        return code not in _NOT_LATIN
    return code in _BY_SCRIPT.get(script, ())
