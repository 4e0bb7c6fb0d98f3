"""Where sentences end: own rules over the standard library, no model.

The choices were measured against other splitters on German treebanks and news; what counts most is
never to cut after an ordinal, an initial or an abbreviation, because a fragment translates worse
than two sentences left together. Boundary F1 with ten sentences run together
(`tests/benchmarks/sentences.py`): UD German GSD dev .996 (used for tuning), test .989; PUD German .999.
The other languages are in `docs/segmentation.md`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from service.text.abbreviations import orthography
from service.text.orthography import EXCLAIMING, Orthography
from service.text.quotations import OPENERS, is_title

_LOOK_BACK = 32
_CLOSERS = "\"'“”»«‘’›‹)\\]"

LINE_BREAK = r"(?>\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029])"
PARAGRAPH_BREAK = re.compile(
    rf"{LINE_BREAK}[^\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*{LINE_BREAK}\s*|\u2029\s*"
)

_EMOTICON = r"[:;]-?[)(DP](?!\S)"
_EMOJI = "[\u2600-\u27bf\U0001f000-\U0001faff][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*+"
# What may stand behind the stop: a footnote's mark, characters of no width, a smile.
_TRAILING = rf"[\u200b\u2060\ufeff\u00b9\u00b2\u00b3\u2070\u2074-\u2079]|\[\d{{1,3}}\]|\s{_EMOTICON}"
# What may stand before a sentence's first word: bullets, the `+++` of tickers, emoji, `b)`, Dutch `'s`.
_SIGN = rf"(?:[•·▪►‣◦]|\+{{2,3}}|{_EMOJI}|\w\)(?=\s)|['’‘][nst]\s+(?=[A-Z]))"

_STOP = re.compile(
    # Possessive, and never from inside a run of stops: a page of dots must not cost its square.
    rf"(?<![.!?…؟۔।])(?P<mark>[.!?…؟۔।]++)(?P<close>[{_CLOSERS}]*+(?:[ \u00a0\u202f]»(?!\S))?+)"
    rf"(?:{_TRAILING})*+(?P<gap>\s++)"
    r"|(?P<wide>[。！？]+)[」』”’）]*(?P<widegap>\s*)"
    # Glued: `verschwinden?01.06.2023`, `Satz.Nächster`, `gesagt.“Danach`
    rf"|(?<=[^\W\d_]{{2}})(?P<glue>[.!?])(?P<glueclose>[“)]?)(?=[A-ZÄÖÜ][^\W\d_]|\d\d?\.\d)"
    # An emoji or a smile in place of the stop.
    rf"|(?:(?<=\w)|(?<=\w\s))(?:(?:{_EMOJI})++|{_EMOTICON})(?P<signgap>\s++)"
)
_TOKEN = re.compile(r"[^\s(\[{„\"»«“”‚‘'›‹/–—…]+$")
_NEXT_WORD = re.compile(
    rf"(?:[-–—]\s*)?(?:{_SIGN}\s*)*(?P<open>(?:(?:«|,,)\s?|[{re.escape(OPENERS)}])*)"
    r"(?P<word>[^\W\d_]+(?:['’](?=\w))?|\d+)?"
)
_ROMAN = re.compile(r"[IVXLCDM]+")
_SHORT_NUMBER = re.compile(r"(?:\d{1,2}\.)?\d{1,3}")
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_]\.\s){1,4}[^\W\d_]{1,3}$")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.)+[^\W\d_]{1,3}")
_VOWEL = re.compile(r"[aeiouyäöüáéíóúàèâêîôû]", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:Com|Net|Org|Js|NET|COM|ORG|DE|JS|IO)\b")
_PLAIN = re.compile(r"[^\W\d_]{3,}")
_CODE = re.compile(r"[^\W\d_]+-\d{1,3}|[\d-]+-0")
_BARE_PREPOSITIONS = frozenset({"auf", "bei", "um", "von", "mit", "über"})
_LAST_DAY = 31
_BRACKETS = "([ \u00a0\u202f"
_SHOUTED = frozenset("!?")
"""Twice or more they end a sentence, whatever follows: no title and no name has them so."""
_CONTENT_LETTERS = 3
_ADDRESS = re.compile(r"[/@:_]|www\.|^\S+\.\S+$")


def split_sentences(text: str, language: str = "de") -> list[tuple[int, int]]:
    """Spans of the sentences in order, without white space at either end. All other text is white
    space. A single line break is white space, a blank line always ends a sentence."""
    rules = orthography(language)
    spans: list[tuple[int, int]] = []
    start = 0
    for paragraph in PARAGRAPH_BREAK.finditer(text):
        _split_paragraph(text, start, paragraph.start(), rules, spans)
        start = paragraph.end()
    _split_paragraph(text, start, len(text), rules, spans)
    return spans


def _split_paragraph(
    text: str, start: int, end: int, rules: Orthography, spans: list[tuple[int, int]]
) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    for stop in _STOP.finditer(text, start, end):
        if stop["wide"]:
            cut, after = stop.start("widegap"), stop.end()
        elif stop["signgap"]:
            cut, after = stop.start("signgap"), stop.end()
            if not _Following(text, after, rules).starts:
                continue
        elif stop["glue"]:
            cut = after = stop.end()
            if _is_glued_address(text, start, stop, end) or not _ends(
                text, start, stop.start("glue"), stop, rules
            ):
                continue
        else:
            cut, after = stop.start("gap"), stop.end("gap")
            if not _ends(text, start, stop.start("mark"), stop, rules):
                continue
        if cut > start:
            spans.append((start, cut))
        start = after
    if start < end:
        spans.append((start, end))


class _Following:
    """What stands behind a stop. `starts`: it is a word that can only begin a sentence."""

    def __init__(self, text: str, at: int, rules: Orthography) -> None:
        found = _NEXT_WORD.match(text, at)
        self.word = (found and found["word"]) or ""
        self.quoted = bool(found and found["open"].strip(_BRACKETS))
        self.starts = (
            self.word.replace("’", "'") in rules.starters
            or self.word.rstrip("'’") in rules.starters
            or bool(found and rules.openings and rules.openings.match(text, found.start("word")))
        )


def _ends(text: str, start: int, stop_at: int, stop: re.Match[str], rules: Orthography) -> bool:
    mark = stop["mark"] or stop["glue"]
    following = _Following(text, stop.end(), rules)
    if not following.word:
        # Nothing that could begin a sentence, unless a quotation or bracket opens with a sign.
        return False
    from_here = max(start, stop_at - _LOOK_BACK)
    found = _TOKEN.search(text, from_here, stop_at)
    if len(mark) > 1 and set(mark) <= _SHOUTED and not stop["close"]:
        return True
    if following.word[0].islower() and not (
        text[start].islower() and not stop["close"] and found is not None and _PLAIN.fullmatch(found[0])
    ):  # Some write everything in lower case.
        return False
    if mark[-1] in "؟۔।" or "!" in mark or "?" in mark:
        if stop["close"] == ")" and text[stop_at - 1 : stop_at] == "(":
            return False
        if found is not None and mark == "!" and found[0] in EXCLAIMING:
            return following.starts
        return (following.starts and bool(stop["close"])) or not is_title(
            text, start, stop_at, stop_at + len(mark)
        )
    if mark != ".":
        # `Tja … Peter` goes on, `Tja … Das` does not.
        if following.starts or not rules.starters or _trails_off(found, rules):
            return True
        return bool(stop["close"]) and not is_title(text, start, stop_at, stop_at + len(mark))
    if found is None:
        return True
    spaced = _SPACED.search(text, from_here, stop_at)
    if spaced is not None:  # `z. B.` is read as `z.B.`
        return _full_stop_ends("".join(spaced[0].split()), False, following, rules)
    if rules.ordinal_stops and _is_cardinal(text, from_here, found, rules):
        return not following.word[0].isdigit()
    return _full_stop_ends(found[0], text[start:stop_at].lstrip() == found[0], following, rules)


def _trails_off(token: re.Match[str] | None, rules: Orthography) -> bool:
    """`Das kann dauern... Verdiente Sterne`: the dots hang on a word that may end a sentence, no article and
    no preposition that waits for its noun."""
    if token is None or not _PLAIN.fullmatch(token[0]) or not token[0].islower():
        return False
    return len(token[0]) >= _CONTENT_LETTERS and token[0].capitalize() not in rules.starters


def _full_stop_ends(token: str, first: bool, following: _Following, rules: Orthography) -> bool:
    token = token.rsplit("-", 1)[-1] or token
    word = following.word
    number = _SHORT_NUMBER.fullmatch(token) is not None
    if first and (number or len(token) == 1 or _ROMAN.fullmatch(token)):
        return False
    starter = following.starts or following.quoted
    if number:
        return starter if rules.ordinal_stops else not word[0].isdigit() or len(word) > 3
    kind = _abbreviation(token, rules)
    if kind == "never" or (following.quoted and token.lower() in rules.introducing):
        return False
    if kind == "maybe":
        if len(token) == 1 and word in rules.particles:
            return False
        return starter and not word[0].isdigit()
    return True


def _is_cardinal(text: str, start: int, token: re.Match[str], rules: Orthography) -> bool:
    """A number that is no ordinal although a full stop follows: `Platz 1.`, `ABC-7.`, `auf 98.`"""
    if _CODE.fullmatch(token[0]):
        return True
    if not _SHORT_NUMBER.fullmatch(token[0]) or "." in token[0]:
        return False
    before = text[start : token.start()].split()
    if not before or not text[token.start() - 1].isspace():
        return False
    return before[-1] in rules.numbered or (before[-1] in _BARE_PREPOSITIONS and int(token[0]) > _LAST_DAY)


@lru_cache(maxsize=4096)
def _abbreviation(token: str, rules: Orthography) -> str:
    """ "never" ends a sentence, "maybe" (before a sentence starter), or "" for a plain word."""
    folded = token.lower()
    if token in rules.never_ends or folded in rules.never_ends:
        return "never"
    if token in rules.may_end or folded in rules.may_end:
        return "maybe"
    if len(token) == 1 and token.isalpha():
        return "maybe"
    if _ROMAN.fullmatch(token) or _DOTTED.fullmatch(token):
        return "maybe"
    if rules.abbreviated_endings and folded.endswith(rules.abbreviated_endings) and len(token) < 20:
        return "maybe"
    if len(token) <= 4 and token.isalpha() and not token.isupper() and not _VOWEL.search(token):
        return "maybe"
    return ""


def _is_glued_address(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    """`www.Spiegel.de`, `Node.Js`, a path or a mail address: a full stop inside one word."""
    left = text[max(start, stop.start() - _LOOK_BACK) : stop.start()].rsplit(None, 1)
    right = text[stop.end() : min(end, stop.end() + _LOOK_BACK)].split(None, 1)
    before, after = (left or [""])[-1], (right or [""])[0]
    if _ADDRESS.search(before) or "@" in after or "://" in after:
        return True
    if _DOMAIN.match(after):
        return True
    return stop["glue"] == "." and re.search(r"\w[./]\w", after) is not None and not after[:1].isdigit()
