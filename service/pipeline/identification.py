"""Which language an article is in, and which of its paragraphs are in another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from service.errors import AmbiguousLanguage
from service.pipeline.models import ModelSet
from service.pipeline.result import Caveat, DetectedLanguage, Span
from service.text.article import Article
from service.text.germanic import GERMAN_KIN
from service.text.language import (
    LEAST_CONFIDENCE,
    Detection,
    LanguageGuess,
    detect_language,
    detect_languages,
)

_SUSPICION = 0.9
"""Confidence from which a text too short to be sure of is still said to look like another language."""

_LONG_LETTERS = 200
"""Letters from which a text should show its language; below it is assumed, from here on asked for."""

_INDICATION = 0.3
"""Below this no candidate is one: the text is a list of names, code or one word repeated."""

_BLOCK_CHARACTERS = 80
"""Shorter blocks are not asked: headings, table rows and names look like any language."""

_BLOCK_LETTERS = 100
_BLOCK_CONFIDENCE = 0.9
"""What a block has to show first; docs/language.md says how often a German one is mistaken."""

_WHOLE_BLOCK = 2_500
"""Characters read at each end of a block that seems to be in another language than the article."""


@dataclass(frozen=True, slots=True)
class Identification:
    """`language` is the article's, as the models know it; `kept` are the blocks (by index) that are in
    the target language already and stay as they are."""

    language: str
    detected: DetectedLanguage
    kept: frozenset[int]
    caveats: tuple[Caveat, ...]


def identify(article: Article, models: ModelSet, *, source: str, target: str, default: str) -> Identification:
    """`source` is a code or "auto"; `target` a code as the models know it; `default` is the language that
    a text too short to tell is taken for.

    Raises `AmbiguousLanguage` for a long text whose language stays open although it was to be told.
    """
    guess = detect_language(article.text, default=default)
    reader = _Reader(models, target)
    read_as = _clear_blocks(article, guess, reader)
    if source == "auto":
        language, detected, caveats = _told(article, guess, read_as, reader, default)
    else:
        language, caveats = _asked(guess, read_as, reader, source)
        detected = DetectedLanguage(guess.code, guess.confidence)
    if language == target:
        caveats += _block_caveats(article, read_as, frozenset(), language, target)
        return Identification(language, detected, frozenset(), tuple(caveats))
    kept = frozenset(index for index, code in read_as.items() if code == target)
    if source != "auto" and language not in {*read_as.values(), reader.reads(guess.code)}:
        kept = frozenset()  # nothing of it looks like the language asked for: the caller knows better
    caveats += _block_caveats(article, read_as, kept, language, target)
    return Identification(language, detected, kept, tuple(caveats))


class _Reader:
    """What a language is read as, translating into `target` with these models."""

    def __init__(self, models: ModelSet, target: str) -> None:
        self._models, self.target = models, target
        self.sources = frozenset(source for source, targets in models.pairs.items() if target in targets)

    def reads(self, code: str) -> str:
        """The code as the models know it; German for its kin that no model translates."""
        known = self._models.source_language(code)
        kin = GERMAN_KIN.get(known)
        if kin is None or known == self.target or known in self.sources:
            return known
        return kin if kin == self.target or kin in self.sources else known


def _told(
    article: Article, guess: LanguageGuess, read_as: dict[int, str], reader: _Reader, default: str
) -> tuple[str, DetectedLanguage, list[Caveat]]:
    """The language with the most letters, the target's left out: what is in the target language stays
    as it is beside any other, and is the article's only where there is no other."""
    detected = DetectedLanguage(guess.code, guess.confidence)
    letters = Counter[str]()
    for index, code in read_as.items():
        block = article.blocks[index]
        letters[code] += block.end - block.start
    if guess.sure and reader.reads(guess.code) == reader.target:
        little = _little_blocks(article)
        spoken = _clear(detect_language(little))
        if spoken is not None:
            letters[reader.reads(spoken)] += len(little)
    if guess.sure:
        letters[reader.reads(guess.code)] += guess.letters
    in_target = letters.pop(reader.target, 0)
    if in_target:  # a foreign quotation in a text that needs no translation is no reason to refuse it
        letters = Counter({code: count for code, count in letters.items() if code in reader.sources})
    if letters:
        [(language, most)] = letters.most_common(1)
        if most < LEAST_CONFIDENCE * letters.total() and guess.letters >= _LONG_LETTERS:
            raise _ambiguous((code, count / letters.total()) for code, count in letters.most_common())
        if reader.reads(guess.code) != language:
            detected = DetectedLanguage(language, round(most / (letters.total() + in_target), 4))
        return language, detected, _about_kin(guess, language)
    if not guess.sure:
        return _assumed(guess, detected, reader, default)
    language = reader.reads(guess.code)
    return language, detected, [_already(guess.code, language)] if language == reader.target else []


def _assumed(
    guess: LanguageGuess, detected: DetectedLanguage, reader: _Reader, default: str
) -> tuple[str, DetectedLanguage, list[Caveat]]:
    language = reader.reads(guess.code)  # the default, unless the text's script rules it out
    best = guess.candidates[0].confidence if guess.candidates else 0.0
    if guess.letters < _LONG_LETTERS or best < _INDICATION:
        message = f"Too little text to tell its language; it was taken for {language!r}."
    elif sum(found.confidence for found in guess.candidates if reader.reads(found.code) == default) >= 0.5:
        others = ", ".join(repr(found.code) for found in guess.candidates[:3] if found.code != language)
        message = f"The text may be in another language ({others}); it was taken for {language!r}."
    else:
        raise _ambiguous((found.code, found.confidence) for found in guess.candidates)
    return language, detected, [Caveat("language_assumed", message)]


def _asked(
    guess: LanguageGuess, read_as: dict[int, str], reader: _Reader, source: str
) -> tuple[str, list[Caveat]]:
    language = reader.reads(source)
    caveats = []
    if GERMAN_KIN.get(source) == language:
        caveats.append(_related(source, language))
    best = guess.candidates[0] if guess.candidates else Detection(language, 0.0)
    # What is said to be in the target language is not translated: then a suspicion is enough.
    suspected = language == reader.target and best.confidence >= _SUSPICION
    others = {reader.reads(best.code), *read_as.values()}
    if language not in others and (guess.sure or suspected):
        message = f"The text looks like {best.code!r} but was treated as {language!r}, as asked."
        return language, [*caveats, Caveat("language_mismatch", message)]
    if language == reader.target:
        caveats.append(_already(language, language))
    return language, caveats


def _clear_blocks(article: Article, guess: LanguageGuess, reader: _Reader) -> dict[int, str]:
    """Index -> what the block is read as, for blocks long enough to be sure of. Most are in the article's
    language, and their beginning says so; any other claim, and one that would leave the block
    untranslated, has to hold for the whole block."""
    spoken: dict[int, str] = {}
    texts = {
        index: article.text[block.start : block.end]
        for index, block in enumerate(article.blocks if len(article.blocks) > 1 else ())
        if block.end - block.start >= _BLOCK_CHARACTERS
    }
    beginnings = detect_languages(list(texts.values()), letters=_BLOCK_LETTERS)
    for (index, text), beginning in zip(texts.items(), beginnings, strict=True):
        code = _clear(beginning)
        if code is not None and (code != guess.code or code == reader.target):
            ends = set(map(_clear, detect_languages([text[:_WHOLE_BLOCK], text[-_WHOLE_BLOCK:]])))
            code = code if ends == {code} else None
        if code is not None:
            spoken[index] = code
    names = {code: reader.reads(code) for code in set(spoken.values())}
    return {index: names[code] for index, code in spoken.items()}


def _little_blocks(article: Article) -> str:
    """The blocks that are too short to be asked one by one, if they are long enough together: of an interview
    the questions, say, beside one long answer in the target language."""
    blocks = (article.text[block.start : block.end] for block in article.blocks)
    text = "\n".join(each for each in blocks if len(each) < _BLOCK_CHARACTERS)
    return text if sum(map(str.isalpha, text)) >= _BLOCK_LETTERS else ""


def _clear(guess: LanguageGuess) -> str | None:
    return guess.code if guess.sure and guess.confidence >= _BLOCK_CONFIDENCE else None


def _block_caveats(
    article: Article, read_as: dict[int, str], kept: frozenset[int], language: str, target: str
) -> Iterator[Caveat]:
    for first, last, code in _stretches(read_as):
        span = Span(article.blocks[first].start, article.blocks[last].end)
        if first in kept:
            message = f"This part is already in {target!r}; it was left as it is."
            yield Caveat("block_already_in_target_language", message, span)
        elif code not in {language, target}:
            message = f"This part looks like {code!r}; it was treated as {language!r} like the rest."
            yield Caveat("block_language_mismatch", message, span)


def _stretches(read_as: dict[int, str]) -> list[tuple[int, int, str]]:
    """(first block, last block, language), blocks side by side in one language taken together."""
    runs: list[tuple[int, int, str]] = []
    for index, code in read_as.items():
        if runs and runs[-1][1:] == (index - 1, code):
            runs[-1] = (runs[-1][0], index, code)
        else:
            runs.append((index, index, code))
    return runs


def _about_kin(guess: LanguageGuess, language: str) -> list[Caveat]:
    if guess.code != language and GERMAN_KIN.get(guess.code) == language:
        return [_related(guess.code, language)]
    return []


def _already(code: str, target: str) -> Caveat:
    written = f"already in {target!r}" if code == target else f"in {code!r}, a relative of {target!r}"
    return Caveat("already_in_target_language", f"The text is {written}; it was passed through unchanged.")


def _related(code: str, language: str) -> Caveat:
    message = f"No model here translates {code!r}; it was translated as its relative {language!r}."
    return Caveat("language_related", message)


def _ambiguous(candidates: Iterator[tuple[str, float]]) -> AmbiguousLanguage:
    return AmbiguousLanguage(tuple((code, round(confidence, 4)) for code, confidence in candidates))
