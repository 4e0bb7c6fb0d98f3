"""Where sentences end: own rules over the standard library, no model.

The choices were measured against other splitters on German treebanks and news; what counts most is
never to cut after an ordinal, an initial or an abbreviation, because a fragment translates worse
than two sentences left together. The figures, and how they were measured
(`tests/benchmarks/sentences.py`) are in `docs/segmentation.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from service.text.abbreviations import orthography
from service.text.ordinals import NUMBER, is_cardinal
from service.text.orthography import EXCLAIMING, Orthography
from service.text.quotations import OPENERS, is_title
from service.text.whole_words import is_whole_word, opens_after_mark

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
_STOP_SIGN = re.compile("[.!?…؟۔।。！？:;\u2600-\u27bf\U0001f000-\U0001faff]")
"""What a stop begins with."""
_TOKEN = re.compile(r"[^\s(\[{„\"»«“”‚‘'›‹/–—…]+$")
_NEXT_WORD = re.compile(
    rf"(?:[-–—]\s*)?(?:{_SIGN}\s*)*(?P<open>(?:(?:«|,,)\s?|[{re.escape(OPENERS)}])*)"
    r"(?P<word>[^\W\d_]+(?:['’](?=\w))?|\d+)?"
)
# Up to 89: what ordinals, popes and kings need. `CD`, `DVD` and `DC` are no numbers.
_ROMAN = re.compile(r"(?=[IVXL])(?:X[LC]|L?X{0,3})(?:I[XV]|V?I{0,3})")
_ACRONYMS = re.compile(r"[A-Z]{2,4}s")  # `VPNs`, `CDs`
_SYMBOLS = frozenset("km cm mm kg kW kWh MW GW MWh GHz MHz Hz GB MB kB TB".split())
"""Of units, which are written without a full stop: one that follows ends the sentence."""
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_]\.\s){1,4}[^\W\d_]{1,3}$")
_SPACED_LETTERS = 3
_LISTED = re.compile(r"(?:[,)]|\b[A-ZÄÖÜ]\w+)\s$")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.)+[^\W\d_]{1,3}")
_VOWEL = re.compile(r"[aeiouyäöüáéíóúàèâêîôû]", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:Com|Net|Org|Js|NET|COM|ORG|DE|JS|IO)\b")
_PLAIN = re.compile(r"[^\W\d_]{3,}")
_BRAND = re.compile(r"[a-zäöü]{1,3}[A-ZÄÖÜ]")  # `iPhone`, `eBay`, `qPCR` begin a sentence as they are.
_BRACKETS = "([ \u00a0\u202f"
_SHOUTED = frozenset("!?")
"""Twice or more they end a sentence, whatever follows: no title and no name has them so."""
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
    for stop in _stops(text, start, end):
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


def _stops(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """What `_STOP.finditer` finds, leaping from one sign to the next."""
    while (sign := _STOP_SIGN.search(text, start, end)) is not None:
        stop = _STOP.match(text, sign.start(), end)
        start = sign.end() if stop is None else stop.end()
        if stop is not None:
            yield stop


class _Following:
    """What stands behind a stop. `starts`: it is a word that can only begin a sentence."""

    def __init__(self, text: str, at: int, rules: Orthography) -> None:
        found = _NEXT_WORD.match(text, at)
        self.word = (found and found["word"]) or ""
        self.quoted = bool(found and found["open"].strip(_BRACKETS))
        self.small = self.word[:1].islower() and not _BRAND.match(self.word)
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
    if following.small and not _starts_small(text, start, stop, found, following, rules):
        return False
    if mark[-1] in "؟۔।" or "!" in mark or "?" in mark:
        if stop["close"] == ")" and text[stop_at - 1 : stop_at] == "(":
            return False
        if found is not None and mark == "!" and found[0] in EXCLAIMING:
            return following.starts
        # After a quotation another one begins: the next speaker's.
        speech = bool(stop["close"]) and (following.starts or following.quoted)
        return speech or not is_title(text, start, stop_at, stop_at + len(mark))
    if mark not in {".", "..", "…."}:
        # `Tja … Peter` goes on, `Tja … Das` does not.
        if following.starts or not rules.starters or _trails_off(start, found, following, rules):
            return True
        return bool(stop["close"]) and not is_title(text, start, stop_at, stop_at + len(mark))
    return found is None or _full_stop_ends(
        text[from_here:stop_at], found[0], found.start() == start, following, rules
    )


def _starts_small(
    text: str,
    start: int,
    stop: re.Match[str],
    token: re.Match[str] | None,
    following: _Following,
    rules: Orthography,
) -> bool:
    """Whether a sentence begins in lower case, as some write: `War nie da. ich warte noch`."""
    if stop["close"] or token is None:
        return False
    if text[start].islower() and _PLAIN.fullmatch(token[0]):
        return True
    if not rules.small_starts or stop["mark"] not in {".", "!", "?"}:
        return False
    if _abbreviation(token[0], rules) or not is_whole_word(token[0], rules.starters):
        return False
    if stop["mark"] == ".":
        return True
    # `Ob er kommt? fragten alle`, `Yahoo! meldete`: only what cannot go on with a verb or a preposition.
    return opens_after_mark(following.word, rules.starters)


def _trails_off(start: int, token: re.Match[str] | None, following: _Following, rules: Orthography) -> bool:
    """`Das kann dauern... Verdiente Sterne`: the dots hang on a word that may end a sentence, no article, no
    preposition that waits for its noun, and no `Tja` at the beginning."""
    if token is None or not _PLAIN.fullmatch(token[0]) or token[0].capitalize() in rules.starters:
        return False
    return token[0].islower() or (not following.small and token.start() > start + 1)


def _full_stop_ends(near: str, token: str, first: bool, following: _Following, rules: Orthography) -> bool:
    """Whether a sentence ends with the full stop behind `near`, which ends with `token`."""
    if len(token) <= _SPACED_LETTERS and token.capitalize() not in rules.starters:
        spaced = _SPACED.search(near)
        if spaced is not None:  # `z. B.` is read as `z.B.`
            return _token_ends("".join(spaced[0].split()), False, following, rules)
    if token in rules.listing and _LISTED.search(near.removesuffix(token)):
        return True
    if rules.ordinal_stops and is_cardinal(near, token, rules):
        return not following.word[0].isdigit()
    return _token_ends(token, first, following, rules)


def _token_ends(token: str, first: bool, following: _Following, rules: Orthography) -> bool:
    token = token.rsplit("-", 1)[-1] or token
    word = following.word
    number = NUMBER.fullmatch(token) is not None
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


@lru_cache(maxsize=4096)
def _abbreviation(token: str, rules: Orthography) -> str:
    """ "never" ends a sentence, "maybe" (before a sentence starter), or "" for a plain word."""
    folded = token.lower()
    if token in _SYMBOLS or _ACRONYMS.fullmatch(token):
        return ""
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
