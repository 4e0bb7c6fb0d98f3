"""From text to the tokens a converted model reads, and back. Both tokenizers are safe to call from
any thread: neither keeps state between calls (the fast one's padding and truncation stay off)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import sacremoses
import sentencepiece
import tokenizers

from service.errors import ModelDamaged
from service.model_store.config import ModelConfig

END = "</s>"

_SPECIAL = frozenset({END, "<s>", "<pad>", "<unk>"})
_LEADING_CODE = re.compile(r">>[^<>]+<<")
"""OPUS-MT's target token stands in the text and is one token, which SentencePiece would cut up."""


class Tokenizer(Protocol):
    """`source_language` and `target_language` are our codes; empty means the config's first."""

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[str]:
        """All tokens the model reads, language and end tokens included."""
        ...

    def target_prefix(self, target_language: str = "") -> list[str]:
        """Tokens every answer starts with; not part of the answer."""
        ...

    def decode(self, tokens: Sequence[str]) -> str: ...


def load_tokenizer(config: ModelConfig, directory: Path, vocabulary: frozenset[str]) -> Tokenizer:
    """Raises `ModelDamaged` when a file is missing or the vocabulary lacks a token the config names."""
    if (directory / "tokenizer.json").is_file() and config.architecture == "bart":
        return FastTokenizer(config, directory / "tokenizer.json")
    for name in ("source.spm", "spiece.model", "sentencepiece.bpe.model"):
        if (directory / name).is_file():
            target = directory / "target.spm" if name == "source.spm" else directory / name
            return SentencePieceTokenizer(config, directory / name, target, vocabulary)
    raise ModelDamaged(f"{config.name}: no tokenizer file in {directory}; fetch the model again.")


def read_vocabulary(directory: Path) -> frozenset[str]:
    """The tokens of a converted model (source side where the sides differ)."""
    for name in ("shared_vocabulary.json", "source_vocabulary.json"):
        path = directory / name
        if path.is_file():
            return frozenset(json.loads(path.read_text(encoding="utf-8")))
    raise ModelDamaged(f"No vocabulary in {directory}; convert the model again.")


class SentencePieceTokenizer:
    """Marian, T5, M2M100 and NLLB."""

    def __init__(self, config: ModelConfig, source: Path, target: Path, vocabulary: frozenset[str]) -> None:
        self._config = config
        self._source = sentencepiece.SentencePieceProcessor(model_file=str(source))
        self._target = (
            self._source if source == target else sentencepiece.SentencePieceProcessor(model_file=str(target))
        )
        named = set(config.input.language_tokens.values())
        for language in config.target_languages:
            if code := _LEADING_CODE.match(self._prefix(language)):
                named.add(code[0])
        if missing := sorted(named - vocabulary):
            # Converted without them, they would be read as <unk> and the model would answer in any language.
            raise ModelDamaged(f"{config.name}: its vocabulary lacks {', '.join(missing)}; fetch it again.")

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[str]:
        source = source_language or self._config.source_languages[0]
        target = target_language or self._config.target_languages[0]
        if self._config.input.moses_punctuation:
            text = _punctuation(source).normalize(text)
        text = self._prefix(target) + text
        tokens: list[str] = []
        if token := self._config.input.language_tokens.get(source):
            tokens.append(token)
        if code := _LEADING_CODE.match(text):
            tokens.append(code[0])
            text = text[code.end() :].lstrip()
        return [*tokens, *self._source.encode(text, out_type=str), END]

    def target_prefix(self, target_language: str = "") -> list[str]:
        target = target_language or self._config.target_languages[0]
        token = self._config.input.language_tokens.get(target)
        return [token] if token else []

    def decode(self, tokens: Sequence[str]) -> str:
        pieces = [token for token in tokens if token not in _SPECIAL]
        return str(self._target.decode(pieces)).strip()

    def _prefix(self, target: str) -> str:
        token = self._config.input.language_tokens.get(target, target)
        return self._config.input.prefix.replace("{target}", token)


class FastTokenizer:
    """BART: byte-level pairs, special tokens added by the file's own post-processor."""

    def __init__(self, config: ModelConfig, path: Path) -> None:
        self._config = config
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise ModelDamaged(f"{config.name}: {path.name} cannot be read; fetch it again.") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def encode(self, text: str, source_language: str = "", target_language: str = "") -> list[str]:  # noqa: ARG002 -- one language
        return list(self._tokenizer.encode(self._config.input.prefix + text).tokens)

    def target_prefix(self, target_language: str = "") -> list[str]:  # noqa: ARG002 -- one language
        forced = self._config.generation.forced_bos
        return [forced] if forced else []

    def decode(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens if token not in _SPECIAL]
        known = [identity for identity in ids if identity is not None]
        return str(self._tokenizer.decode(known, skip_special_tokens=True)).strip()


@cache
def _punctuation(language: str) -> sacremoses.MosesPunctNormalizer:
    return sacremoses.MosesPunctNormalizer(lang=language)
