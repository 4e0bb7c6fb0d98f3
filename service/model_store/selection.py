"""Which files of a model repository we take, and which we never touch."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

_SMALL = frozenset(
    {
        "added_tokens.json",
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "merges.txt",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
        "vocab.txt",
        # FSMT keeps one vocabulary per side.
        "vocab-src.json",
        "vocab-tgt.json",
        # The licence and the card travel with the weights.
        "LICENSE",
        "LICENSE.md",
        "LICENSE.txt",
        "README.md",
    }
)
_SENTENCEPIECE = re.compile(r"[A-Za-z0-9._-]+\.(spm|model)")
_SAFETENSORS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors")
_TORCH = re.compile(r"pytorch_model(-\d{5}-of-\d{5})?\.bin")

_HARMLESS_SUFFIXES = frozenset({".bin", ".jinja", ".json", ".md", ".model", ".safetensors", ".spm", ".txt"})


def needed_files(paths: Iterable[str]) -> list[str]:
    """What conversion and serving read, sorted: configuration, tokenizer, licence and one set of weights.

    Safetensors when there are any. `.bin` only when there are none: those hold a pickle, which nothing here
    opens except torch's weights-only loader. Never code, other pickles or other frameworks' weights. Only the
    top level of a repository counts: subfolders hold exports for other runtimes.
    """
    top = sorted(path for path in paths if "/" not in path)
    safetensors = [path for path in top if _SAFETENSORS.fullmatch(path)]
    index, weights = "model.safetensors.index.json", safetensors
    if not safetensors:
        index, weights = "pytorch_model.bin.index.json", [path for path in top if _TORCH.fullmatch(path)]
    # A repository may hold the same weights whole and in pieces; the whole file is enough then.
    whole = [path for path in weights if "-of-" not in path]
    weights = whole or [*weights, *(path for path in top if path == index)]
    small = [path for path in top if path in _SMALL or _SENTENCEPIECE.fullmatch(path)]
    return sorted({*small, *weights})


def has_weights(paths: Collection[str]) -> bool:
    return any(_SAFETENSORS.fullmatch(path) or _TORCH.fullmatch(path) for path in paths)


def is_harmless(path: str) -> bool:
    """Whether a file brought in from outside may be stored at all: data by its name, never code."""
    name = PurePosixPath(path).name
    return name.startswith("LICENSE") or PurePosixPath(name).suffix in _HARMLESS_SUFFIXES


def is_safe_path(path: str) -> bool:
    """Whether a path from outside stays inside the directory it is put in, on every system."""
    parts = path.split("/")
    return (
        bool(path) and all(part not in {"", ".", ".."} for part in parts) and not re.search(r"[\\:\0]", path)
    )
