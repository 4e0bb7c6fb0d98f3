"""Output tokens a second of the bare engines on whatever device there is, by batch and type of numbers:
`python -m tests.benchmarks.gpu [--device cuda] [--batches 1 32 256]`. Random weights in the shapes of
opus-mt-de-en and NLLB-200-distilled-600M; every hypothesis has the same fixed length, asked for by option."""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import tokenizers
import torch
import transformers
from ctranslate2.converters import TransformersConverter

from tests.benchmarks.random_opus import OPUS_SHAPE, TARGET_TOKENS

BATCHES = (1, 32, 256)
BEAM = 4
SOURCE_TOKENS = 30
_ROUNDS = 3

DESCRIPTION = f"""\
`python -m tests.benchmarks.gpu`, or `make bench BENCH=gpu`: CTranslate2 against transformers' `generate()` on
the device there is, {SOURCE_TOKENS} source tokens, exactly {TARGET_TOKENS} output tokens, beam {BEAM}."""

_NAMED = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}

Decode = Callable[[int], None]
"""A batch of so many sources."""


@dataclass(frozen=True)
class Shape:
    """`config` makes the untrained model's configuration from its fields."""

    name: str
    config: type[transformers.PreTrainedConfig]
    fields: Mapping[str, Any]


SHAPES = (
    Shape("opus-mt-de-en", transformers.MarianConfig, OPUS_SHAPE),
    Shape(
        "NLLB-200-distilled-600M",
        transformers.M2M100Config,
        {
            "vocab_size": 256_206,
            "d_model": 1024,
            "encoder_layers": 12,
            "decoder_layers": 12,
            "encoder_attention_heads": 16,
            "decoder_attention_heads": 16,
            "encoder_ffn_dim": 4096,
            "decoder_ffn_dim": 4096,
            "max_position_embeddings": 1024,
            "scale_embedding": True,
        },
    ),
)


@dataclass(frozen=True)
class Speed:
    shape: str
    engine: str
    device: str
    batch: int
    tokens_per_second: float


def measure(
    shapes: Sequence[Shape] = SHAPES,
    batches: Sequence[int] = BATCHES,
    device: str = "auto",
    progress: Callable[[str], None] = lambda _: None,
) -> list[Speed]:
    """The engines of a shape take turns; the median of three rounds counts. A batch that does not fit the
    device's memory is left out, which `progress` is told."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    found = []
    for shape in shapes:
        with tempfile.TemporaryDirectory() as directory, _engines(shape, Path(directory), device) as engines:
            for batch in batches:
                seconds: dict[str, list[float]] = {name: [] for name in engines}
                for number in range(_ROUNDS + 1):  # the first is for what is set up on first use
                    for name, decode in engines.items():
                        if number > 1 and not seconds[name]:
                            continue  # it did not fit
                        started = time.perf_counter()
                        try:
                            decode(batch)
                        except (RuntimeError, torch.OutOfMemoryError) as error:
                            progress(f"{shape.name}, {name}, batch {batch}: {type(error).__name__}")
                            continue
                        if number:
                            seconds[name].append(time.perf_counter() - started)
                for name, each in seconds.items():
                    if each:
                        rate = batch * TARGET_TOKENS / statistics.median(each)
                        found.append(Speed(shape.name, name, device, batch, rate))
                        progress(f"{shape.name}, {name}, batch {batch}: {rate:.0f} tokens a second")
    return found


def table(found: Sequence[Speed]) -> str:
    """Ratios are to the fastest of transformers at that batch."""
    rows = [
        "| shape | engine | device | batch | output tokens/s | by transformers' best |",
        "|---|---|---|---|---|---|",
    ]
    for each in found:
        theirs = [
            other.tokens_per_second
            for other in found
            if (other.shape, other.batch) == (each.shape, each.batch)
            and other.engine.startswith("transformers")
        ]
        ratio = f"{each.tokens_per_second / max(theirs):.2f}" if theirs else "-"
        rows.append(
            f"| {each.shape} | {each.engine} | {each.device} | {each.batch} "
            f"| {each.tokens_per_second:.0f} | {ratio} |"
        )
    return "\n".join(rows)


@contextmanager
def _engines(shape: Shape, directory: Path, device: str) -> Iterator[dict[str, Decode]]:
    vocabulary = _vocabulary(shape.fields["vocab_size"])
    torch.manual_seed(0)
    config = shape.config(
        **shape.fields,
        pad_token_id=vocabulary["<pad>"],
        bos_token_id=vocabulary["<s>"],
        eos_token_id=vocabulary["</s>"],
        decoder_start_token_id=vocabulary["<pad>" if shape.config is transformers.MarianConfig else "</s>"],
    )
    model = transformers.AutoModelForSeq2SeqLM.from_config(config).eval()
    model.generation_config.max_length = None
    model.save_pretrained(directory / "checkpoint")
    engines: dict[str, Decode] = {}
    wanted = {"bfloat16": "bfloat16", "int8": "int8_bfloat16" if device == "cuda" else "int8"}
    for name, compute_type in wanted.items():
        if compute_type in ctranslate2.get_supported_compute_types(device):
            converted = directory / name
            _Converter(str(directory / "checkpoint"), vocabulary).convert(str(converted), quantization=name)
            translator = ctranslate2.Translator(str(converted), device=device, compute_type=compute_type)
            engines[f"CTranslate2 {compute_type}"] = _ct2(translator, list(vocabulary))
    for dtype in (torch.bfloat16, torch.float32):
        own = type(model)(config).eval() if dtype is torch.float32 else model
        engines[f"transformers {str(dtype).removeprefix('torch.')}"] = _generate(own.to(device, dtype))
    yield engines


def _ct2(translator: Any, tokens: Sequence[str]) -> Decode:
    def decode(batch: int) -> None:
        sources = [[*(tokens[number] for number in row), "</s>"] for row in _sources(batch, len(tokens))]
        made = translator.translate_batch(
            sources,
            beam_size=BEAM,
            max_decoding_length=TARGET_TOKENS,
            min_decoding_length=TARGET_TOKENS,
        )
        assert all(len(each.hypotheses[0]) == TARGET_TOKENS for each in made), "not the length agreed on"

    return decode


def _generate(model: Any) -> Decode:
    end = model.config.eos_token_id

    def decode(batch: int) -> None:
        rows = [[*row, end] for row in _sources(batch, model.config.vocab_size)]
        ids = torch.tensor(rows, device=model.device)
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                num_beams=BEAM,
                max_new_tokens=TARGET_TOKENS,
                min_new_tokens=TARGET_TOKENS,
            )
        assert made.cpu().shape == (batch, TARGET_TOKENS + 1), "not the length agreed on"

    return decode


def _sources(count: int, vocabulary: int) -> list[list[int]]:
    """Ordinary tokens, the same in every round."""
    chance = random.Random(count)  # noqa: S311 -- repeatable, no secret
    return [[chance.randrange(4, vocabulary - 1) for _ in range(SOURCE_TOKENS - 1)] for _ in range(count)]


def _vocabulary(size: int) -> dict[str, int]:
    """Named tokens first, but `<pad>` last, as in Marian's."""
    tokens = ["<s>", "</s>", "<unk>", "<mask>", *(f"t{number}" for number in range(size - 5)), "<pad>"]
    return {token: number for number, token in enumerate(tokens)}


class _Converter(TransformersConverter):  # type: ignore[misc]  # ctranslate2 is untyped
    """Without files of a tokenizer."""

    def __init__(self, checkpoint: str, vocabulary: dict[str, int]) -> None:
        super().__init__(checkpoint)
        self._vocabulary = vocabulary

    def load_tokenizer(self, *_: Any, **__: Any) -> Any:
        words = tokenizers.Tokenizer(tokenizers.models.WordLevel(self._vocabulary))
        return transformers.PreTrainedTokenizerFast(tokenizer_object=words, **_NAMED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--shapes", nargs="+", choices=[each.name for each in SHAPES])
    arguments = parser.parse_args()
    shapes = [each for each in SHAPES if not arguments.shapes or each.name in arguments.shapes]
    found = measure(
        shapes, arguments.batches, arguments.device, progress=lambda line: print(line, flush=True)
    )
    print(f"\n{table(found)}")


if __name__ == "__main__":
    main()
