"""The joint SentencePiece vocabulary, in the file layout that `MarianTokenizer` reads."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import sentencepiece

SIZE = 8000
"""Pieces in the model, </s> and <unk> included, <pad> not. Every piece costs time in the output softmax."""
EOS = 0
UNK = 1
PAD = SIZE


def learn(lines: Iterable[str], directory: Path, threads: int) -> None:
    """Train the vocabulary on `lines` (both languages) and write source.spm, target.spm and vocab.json.

    Marian wants </s> first and <pad> last. SentencePiece can number the first two itself; <pad> exists only
    in vocab.json. Digits are pieces of their own, so that figures can be copied one by one, and what no piece
    covers falls back to bytes, so that no input can turn into <unk>."""
    directory.mkdir(parents=True, exist_ok=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        # Written to memory, because a file would carry the path that it was first written to.
        model_writer=model,
        model_type="unigram",
        vocab_size=SIZE,
        character_coverage=0.9998,
        byte_fallback=True,
        split_digits=True,
        max_sentence_length=4000,
        num_threads=threads,
        eos_id=EOS,
        unk_id=UNK,
        bos_id=-1,
        pad_id=-1,
        minloglevel=1,
    )
    for name in ("source.spm", "target.spm"):
        (directory / name).write_bytes(model.getvalue())
    processor = load(directory)
    names = {processor.id_to_piece(number): number for number in range(processor.get_piece_size())}
    names["<pad>"] = PAD
    (directory / "vocab.json").write_text(json.dumps(names, ensure_ascii=False, indent=0), encoding="utf-8")
    (directory / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "MarianTokenizer",
                "source_lang": "de",
                "target_lang": "en",
                "separate_vocabs": False,
                "model_max_length": 512,
            },
            indent=1,
        ),
        encoding="utf-8",
    )


def load(directory: Path) -> sentencepiece.SentencePieceProcessor:
    """Load the vocabulary; its numbers are those of vocab.json."""
    return sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))


def encode(
    processor: sentencepiece.SentencePieceProcessor, lines: list[str], threads: int
) -> Iterator[list[int]]:
    """Yield the piece numbers of each line, closed by </s>."""
    for start in range(0, len(lines), 50_000):
        for numbers in processor.encode(lines[start : start + 50_000], num_threads=threads):
            yield [*numbers, EOS]
