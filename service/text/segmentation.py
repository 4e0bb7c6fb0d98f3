"""An article cut into segments that fit the model: the exact inverse of `join_segments`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from service.text.article import Article, Block, BlockKind
from service.text.furniture import has_letters, marker_end, table_cells
from service.text.protected import protected_spans
from service.text.script import is_mostly_foreign
from service.text.segment import Segment
from service.text.sentences import LINE_BREAK, PARAGRAPH_BREAK, split_sentences
from service.text.shouting import is_shouted
from service.text.wordless import wordless_spans
from service.text.wrapping import INVISIBLE, unwrap

__all__ = ["segment_article", "split_sentences"]

# No tokenizer we know makes more than four tokens of one character: UTF-8 bytes, one each.
_TOKENS_PER_CHARACTER = 4
# Nor does a stretch of more than this many characters per token fit: it need not be counted.
_CHARACTERS_PER_TOKEN = 32
# Hardly a sentence has more than this many characters per token. What is longer is counted from its
# beginning, as far as a piece goes: some tokenizers take the square of a word's length.
_USUAL_CHARACTERS_PER_TOKEN = 8

# An address as long as that stands in a segment of its own: few models write it as it was.
_LONG_ADDRESS = 100

_BREAK = re.compile(LINE_BREAK)
# A run of white space is read as one space, of what is invisible nothing is read.
_UNREAD = re.compile(rf"(?:\s|{INVISIBLE}){{2,}}")
_CLAUSE_END = re.compile(r"(?:[;:,]|\s[–—-])(?=\s)")
_SPACE = re.compile(r"\s")
_JOINERS = "\u200c\u200d"


def segment_article(
    article: Article,
    *,
    language: str,
    count_tokens: Callable[[str], int],
    max_tokens: int,
    latin_alone: bool = False,
) -> list[Segment]:
    """Segments in text order; `join_segments` gives back `article.text`, whatever it holds.

    Every segment with letters has `count_tokens(model_source) <= max_tokens`, as long as one
    character fits. List markers, table gaps and everything without letters come back untranslated:
    their segments have `translatable=False` and `sentence=-1`. So does what no model can read, of any length;
    with `latin_alone` also what is written in another script than the Latin one.
    """
    text = article.text
    budget = _Budget(count_tokens, max_tokens)
    drafts: list[_Draft] = []
    sentence = stretch = 0
    for index, block in enumerate(article.blocks):
        for start, end, is_copied in _stretches(text, block, language):
            stretch += 1
            if is_copied or not has_letters(text[start:end]):
                drafts.append(_Draft(start, end, index, stretch, -1, ""))
                continue
            pieces = list(_pieces(text, start, end, budget, language, latin_alone=latin_alone))
            readable = any(has_letters(piece.source) for piece in pieces)
            for piece in pieces:
                source = piece.source if has_letters(piece.source) else ""
                number = sentence if source or (piece.is_copied and readable) else -1
                drafts.append(
                    _Draft(piece.start, piece.end, index, stretch, number, source, piece.is_unreadable)
                )
            sentence += 1
    return list(_with_separators(text, drafts, language))


class _Draft(NamedTuple):
    """A segment before its separator is known; pieces of one sentence share the `stretch`."""

    start: int
    end: int
    block: int
    stretch: int
    sentence: int
    model_source: str
    unreadable: bool = False


class _Piece(NamedTuple):
    """Of a sentence. What `is_copied` is not read by the model, whose `source` is empty then."""

    start: int
    end: int
    source: str
    is_copied: bool = False
    is_unreadable: bool = False


def _stretches(text: str, block: Block, language: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, is copied): the marker, the cells or the sentences of one block. A list marker and
    a video's date and running time read the same in every language, and a model only garbles them."""
    start, end = block.start, block.end
    if block.kind is BlockKind.TABLE_ROW:
        for cell_start, cell_end in table_cells(text[start:end]):
            yield start + cell_start, start + cell_end, False
        return
    if block.kind is BlockKind.LIST_ITEM and (marker := marker_end(text[start:end])):
        yield start, start + marker, True
        start += marker
    if block.kind is BlockKind.DURATION:
        yield start, end, True
        return
    for sentence_start, sentence_end in split_sentences(text[start:end], language):
        yield start + sentence_start, start + sentence_end, False


def _with_separators(text: str, drafts: list[_Draft], language: str) -> Iterator[Segment]:
    first = drafts[0].start if drafts else len(text)
    if first:
        yield Segment("", text[:first], 0, text[:first], "", translatable=False)
    for position, draft in enumerate(drafts):
        follower = drafts[position + 1] if position + 1 < len(drafts) else None
        separator = text[draft.end : follower.start if follower else len(text)]
        yield Segment(
            source=text[draft.start : draft.end],
            separator=separator,
            start=draft.start,
            joint=_joint(separator, draft, follower),
            model_source=draft.model_source,
            translatable=bool(draft.model_source),
            block=draft.block,
            sentence=draft.sentence,
            unreadable=draft.unreadable,
            shouted=is_shouted(draft.model_source, language),
        )


def _joint(separator: str, draft: _Draft, follower: _Draft | None) -> str:
    if follower is None:
        return separator
    if not separator:
        # Pieces of one word stay together; a sentence or block that was glued on gets its space.
        return "" if draft.stretch == follower.stretch else " "
    if draft.block == follower.block and _BREAK.search(separator) and not PARAGRAPH_BREAK.search(separator):
        return " "
    return separator


class _Budget:
    """Counts only where the length in characters leaves the answer open."""

    def __init__(self, count_tokens: Callable[[str], int], max_tokens: int) -> None:
        self._count, self.max_tokens = count_tokens, max_tokens
        self._overhead: int | None = None

    def fits(self, source: str) -> bool:
        if len(source) > _CHARACTERS_PER_TOKEN * max(self.max_tokens, 1):
            return False
        if self._overhead is None:
            self._overhead = max(4, self._count(""))
        characters = len(source) if source.isascii() else len(unicodedata.normalize("NFKC", source))
        if _TOKENS_PER_CHARACTER * characters + self._overhead <= self.max_tokens:
            return True
        return self._count(source) <= self.max_tokens


def _pieces(
    text: str, start: int, end: int, budget: _Budget, language: str, *, latin_alone: bool
) -> Iterator[_Piece]:
    """The sentence, or where it is over the budget its pieces, around what no model reads."""
    sentence = text[start:end]
    if latin_alone and is_mostly_foreign(sentence):
        yield _Piece(start, end, "", is_copied=True, is_unreadable=True)
        return
    at = start
    for first, last, is_unreadable in _copied(sentence):
        yield from _fitting(text, *_stripped(text, at, start + first), budget, language)
        at = start + last
        yield _Piece(start + first, at, "", is_copied=True, is_unreadable=is_unreadable)
    yield from _fitting(text, *_stripped(text, at, end), budget, language)


def _copied(sentence: str) -> list[tuple[int, int, bool]]:
    """(start, end, is unreadable) of what stays as it is, in order: long addresses, and what is no words."""
    protected = protected_spans(sentence)
    wordless = wordless_spans(sentence, protected)
    if wordless and wordless[0][1] - wordless[0][0] == len(sentence):
        return [(0, len(sentence), True)]
    addresses = [(start, end, False) for start, end in protected if end - start >= _LONG_ADDRESS]
    return sorted([*addresses, *((start, end, True) for start, end in wordless)])


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _fitting(text: str, start: int, end: int, budget: _Budget, language: str) -> Iterator[_Piece]:
    """What the model reads of a sentence, in pieces where it is over the budget."""
    guess = _USUAL_CHARACTERS_PER_TOKEN * max(budget.max_tokens, 1)
    while start < end:
        # The rest of a sentence is counted only where it may be one piece.
        if _reach(text, start, end, guess) == end:
            source = unwrap(text[start:end], language)
            if budget.fits(source):
                yield _Piece(start, end, source)
                return
        reach = _reach(text, start, end, _CHARACTERS_PER_TOKEN * max(budget.max_tokens, 1))
        cut, longest = _longest_fit(text, start, reach, budget, language, guess)
        guess = max(2 * longest, 1)
        cut = _break_before(text, start, cut, end)
        stop = cut
        while stop > start and text[stop - 1].isspace():
            stop -= 1
        source = unwrap(text[start:stop], language)
        while not budget.fits(source) and stop - start > 1:
            # Counting is not quite monotonic: a shorter piece may in rare cases count more.
            stop = start + max(1, (stop - start) * 3 // 4)
            cut = stop
            source = unwrap(text[start:stop], language)
        yield _Piece(start, stop, source)
        start = cut
        while start < end and text[start].isspace():
            start += 1


def _reach(text: str, start: int, end: int, characters: int) -> int:
    """Where so many characters end, a run of white space and of what is invisible counted as one."""
    while (run := _UNREAD.search(text, start, min(end, start + characters))) is not None:
        characters -= run.start() + 1 - start
        start = run.end()
    return min(end, start + characters)


def _longest_fit(
    text: str, start: int, end: int, budget: _Budget, language: str, guess: int
) -> tuple[int, int]:
    """The end of about the longest stretch from `start` that fits, and how much of it is read, in
    characters."""
    low, high, longest = 1, end - start, 1
    probe, failed = min(high, guess), False
    while low < high:
        source = unwrap(text[start : start + probe], language)
        if budget.fits(source):
            low, longest = probe, len(source)
        else:
            high, failed = probe - 1, True
        if failed and high - low <= low // 16:
            break
        probe = (low + high + 1) // 2 if failed else min(high, 2 * low)
    return start + low, longest


def _break_before(text: str, start: int, cut: int, end: int) -> int:
    """The best place to cut at or before `cut`: a clause end in the second half, else a space, else
    between two characters, and then never inside a combining sequence."""
    if cut >= end:
        return end
    window = text[start : cut + 1]
    half = max(1, len(window) // 2)
    clauses = [found.end() for found in _CLAUSE_END.finditer(window, half - 1)]
    if clauses:
        return start + clauses[-1]
    spaces = [found.start() for found in _SPACE.finditer(window, 1)]
    if spaces:
        return start + spaces[-1]
    place = cut
    while (
        place > start + 1
        and cut - place < 32
        and (unicodedata.combining(text[place]) or text[place] in _JOINERS)
    ):
        place -= 1
    return place
