"""From text to the tokens a converted model reads, and back.

Safe to call from any thread at any time: nothing here keeps state between calls. The fast tokenizer's
padding and truncation are switched off once, at load, and never touched again; switching them per call is
what makes that library raise "Already borrowed" when threads share it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial
from operator import methodcaller
from pathlib import Path
from typing import Protocol

import sentencepiece
import tokenizers

from service.errors import ModelDamaged
from service.model_store.config import ModelConfig

END = "</s>"
FAST_FILE = "tokenizer.json"
SENTENCEPIECE_FILES = ("source.spm", "spiece.model", "sentencepiece.bpe.model")
LANGUAGE_TOKEN_ARCHITECTURES = frozenset({"m2m100", "nllb"})
"""These read a token for the source language first, and write one for the target language first."""

_NOT_TEXT = re.compile(
    r"</?s>|<pad>|<unk>|<mask>|>>[^<>]+<<|<2\w+>|<extra_id_\d+>|__[a-z]{2,3}__|[a-z]{3}_[A-Z][a-z]{3}"
    r"|madeupword\d+"
)
_NORMALISED = re.compile('[\r()`´„“”–—‘’‚…«»"\u00a0]')
_NORMALISED_PAIRS = ("  ", " %", " :", " ;", "''")
"""One of these is in all that punctuation normalisation changes; asked first, because its forty substitutions
take many times as long as the tokenizer."""
_REGULAR = frozenset("\\.^$*+?{}[]|()")
"""Signs that mean something in a regular expression."""
_LEADING_CODE = re.compile(r">>[^<>]+<<")
"""OPUS-MT's target token stands in the text and is one token, which SentencePiece would cut up."""
_MADLAD_CODE = re.compile(r"<2\w+>")
"""MADLAD's target token, which its SentencePiece file knows wherever it stands in the text."""
_SPELLED_MADLAD_CODE = re.compile(r"<(?=2\w+>)")
_REPLACED_PUNCTUATION = frozenset({"ja", "zh"})
"""Their full stops and commas are characters of their own; OPUS-MT's training data has `.` and `,`."""


@lru_cache(maxsize=4096)
def is_text(token: str) -> bool:
    """Whether a decoded token is written out: no special token, language code or filler of the vocabulary. A
    few thousand pieces are most of what is written."""
    return _NOT_TEXT.fullmatch(token) is None


class Tokenizer(Protocol):
    """`source_language` and `target_language` are our codes; empty means the config's first."""

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[str]:
        """All tokens the model reads, language and end tokens included."""
        ...

    def target_prefix(self, target_language: str = "") -> list[str]:
        """Tokens every answer starts with; not part of the answer."""
        ...

    def decode(self, tokens: Sequence[str]) -> str:
        """Text without white space at either end."""
        ...


class Surroundings:
    """What a config puts around the text, whatever the tokenizer."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config
        self._tokens = (
            config.input.language_tokens if config.architecture in LANGUAGE_TOKEN_ARCHITECTURES else {}
        )

    def text(self, text: str, source_language: str, target_language: str) -> str:
        """The text as the model was trained to read it: punctuation normalised, prefix in front, no white
        space at its ends, where the engines' tokenizers would not agree about it."""
        text = text.strip()
        if self._config.input.moses_punctuation:
            text = moses_normalizer(source_language or self._config.source_languages[0])(text)
        if _MADLAD_CODE.match(self._config.input.prefix.replace("{target}", "en")):
            text = _SPELLED_MADLAD_CODE.sub("< ", text)  # it would choose another target language
        return self.prefix(target_language) + text

    def prefix(self, target_language: str) -> str:
        target = target_language or self._config.target_languages[0]
        token = self._config.input.language_tokens.get(target, target)
        return self._config.input.prefix.replace("{target}", token)

    def source_tokens(self, source_language: str) -> list[str]:
        token = self._tokens.get(source_language or self._config.source_languages[0])
        return [token] if token else []

    def target_tokens(self, target_language: str) -> list[str]:
        """What every answer starts with."""
        token = self._tokens.get(target_language or self._config.target_languages[0])
        return [token] if token else [t for t in (self._config.generation.forced_bos,) if t]

    def named_tokens(self) -> list[str]:
        """Every token the config speaks of: the vocabulary must have them all."""
        prefixes = [self.prefix(language) for language in self._config.target_languages]
        codes = [code.match(prefix) for code in (_LEADING_CODE, _MADLAD_CODE) for prefix in prefixes]
        named = [*self._tokens.values(), self._config.generation.forced_bos, *(c[0] for c in codes if c)]
        return sorted({token for token in named if token})


class SentencePieceTokenizer:
    """Marian, T5, mT5, M2M100 and NLLB. A text that spells a special token, `</s>`, stays text."""

    def __init__(self, config: ModelConfig, source: Path, target: Path) -> None:
        self._around = Surroundings(config)
        self._source = sentencepiece.SentencePieceProcessor(model_file=str(source))
        self._target = (
            self._source if source == target else sentencepiece.SentencePieceProcessor(model_file=str(target))
        )

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[str]:
        text = self._around.text(text, source_language, target_language)
        tokens = self._around.source_tokens(source_language)
        if code := _LEADING_CODE.match(self._around.prefix(target_language)):
            tokens.append(code[0])
            text = text[code.end() :].lstrip()
        return [*tokens, *self._source.encode(text, out_type=str), END]

    def target_prefix(self, target_language: str = "") -> list[str]:
        return self._around.target_tokens(target_language)

    def decode(self, tokens: Sequence[str]) -> str:
        pieces = [token for token in tokens if is_text(token)]
        # Where the sides share a vocabulary, the model may answer with a piece that only the source
        # side's file knows; SentencePiece passes such a piece on as it is written.
        return str(self._target.decode(pieces)).replace("▁", " ").strip()


class FastTokenizer:
    """BART: byte-level pairs, special tokens added by the file's own post-processor."""

    def __init__(self, config: ModelConfig, path: Path) -> None:
        self._around = Surroundings(config)
        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # A text that spells `</s>` must not end there.
        self._tokenizer.encode_special_tokens = True

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[str]:
        text = self._around.text(text, source_language, target_language)
        return list(self._tokenizer.encode(text).tokens)

    def target_prefix(self, target_language: str = "") -> list[str]:
        return self._around.target_tokens(target_language)

    def decode(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens if is_text(token)]
        known = [number for number in ids if number is not None]
        return str(self._tokenizer.decode(known, skip_special_tokens=True)).strip()


def load_tokenizer(config: ModelConfig, directory: Path) -> Tokenizer:
    """Raises `ModelDamaged` when a file is missing or unreadable, or when the converted vocabulary lacks a
    token that the config names."""
    check_vocabulary(config, _read_vocabulary(config, directory))
    try:
        if config.architecture == "bart":
            return FastTokenizer(config, directory / FAST_FILE)
        for name in SENTENCEPIECE_FILES:
            if (directory / name).is_file():
                target = "target.spm" if name == "source.spm" else name
                return SentencePieceTokenizer(config, directory / name, directory / target)
    except Exception as error:  # tokenizers raises bare Exception, sentencepiece OSError and RuntimeError
        raise ModelDamaged(
            f"{config.name}: the tokenizer in {directory} is missing or damaged; fetch the model again."
        ) from error
    raise ModelDamaged(f"{config.name}: no tokenizer file in {directory}; fetch the model again.")


def check_vocabulary(config: ModelConfig, vocabulary: frozenset[str]) -> None:
    """A token the vocabulary lacks would be read as <unk>, and the model would answer in any language.
    Raises `ModelDamaged` naming them."""
    missing = [token for token in Surroundings(config).named_tokens() if token not in vocabulary]
    if missing:
        raise ModelDamaged(
            f"{config.name}: the model's vocabulary lacks {', '.join(missing)}, which its config names; "
            "fetch and convert the model again, with all its tokenizer files."
        )


def _read_vocabulary(config: ModelConfig, directory: Path) -> frozenset[str]:
    """The tokens of both sides of a converted model."""
    names = ("shared_vocabulary.json", "source_vocabulary.json", "target_vocabulary.json")
    found = [directory / name for name in names if (directory / name).is_file()]
    try:
        sides = [frozenset(json.loads(path.read_text(encoding="utf-8"))) for path in found]
    except ValueError as error:
        raise ModelDamaged(f"{config.name}: the vocabulary in {directory} cannot be read.") from error
    if not sides:
        raise ModelDamaged(f"{config.name}: no vocabulary in {directory}; convert the model again.")
    return frozenset.union(*sides)


@cache
def moses_normalizer(language: str) -> Callable[[str], str]:
    """The punctuation normalisation of OPUS-MT's training data.

    Without its rule for numbers, which turns a no-break space between digits into a comma: to a model
    that reads German, `44 000` would become forty-four.
    """
    from sacremoses import MosesPunctNormalizer

    replaced = language in _REPLACED_PUNCTUATION
    library = MosesPunctNormalizer(lang=language, norm_numbers=False)
    steps = [_substitution(pattern, written) for pattern, written in library.substitutions]

    def normalize(text: str) -> str:
        if replaced:
            text = library.replace_unicode_punct(text)
        elif not (_NORMALISED.search(text) or any(map(text.__contains__, _NORMALISED_PAIRS))):
            return text.strip()
        for step in steps:
            text = step(text)
        return text.strip()

    return normalize


def _substitution(pattern: str, written: str) -> Callable[[str], str]:
    """Most of them are of plain strings, which are replaced in a tenth of the time; by the library's own
    `normalize` each pattern would be looked up anew besides."""
    if _REGULAR.isdisjoint(pattern) and "\\" not in written:
        return methodcaller("replace", pattern, written)
    return partial(re.compile("  +" if pattern == " +" else pattern).sub, written)  # one space stays one
