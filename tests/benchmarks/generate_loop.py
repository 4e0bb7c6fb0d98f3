"""The digest of one article against the loop most tutorials write: transformers `generate()`, one
sentence after the other. Same random weights in opus-mt-de-en's shape, same segments, same beam, and a
fixed number of target tokens for each segment, because random weights do not know when to stop."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers

from service.app import open_pipeline
from service.backends.convert import convert_checkpoint
from service.backends.loading import load_backend
from service.backends.protocol import Backend, GenerationOptions, Hypothesis
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from service.pipeline.article import DigestRequest
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings
from service.text.article import read_article
from service.text.segmentation import segment_article

TARGET_TOKENS = 30
BEAM = 4
ROUNDS = 3

OPUS_VOCABULARY = 58_101
OPUS_SHAPE = {
    "d_model": 512,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048,
    "max_position_embeddings": 512,
    "scale_embedding": True,
    "activation_function": "swish",
}


class FixedLength:
    """Decodes exactly `TARGET_TOKENS` and answers with the source in capitals, so that the checks on the
    output, which random weights cannot pass, do not decode everything twice."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        self.name = inner.name
        self.max_source_tokens = inner.max_source_tokens
        self.device = inner.device
        self.batching = inner.batching

    def count_tokens(self, source: str) -> int:
        return self._inner.count_tokens(source)

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        fixed = replace(options, max_decoding_length=TARGET_TOKENS, min_decoding_length=TARGET_TOKENS)
        made = self._inner.generate(sources, fixed)
        assert all(hypothesis.tokens == TARGET_TOKENS for hypothesis in made), "not the length agreed on"
        return [
            replace(hypothesis, target=source.upper(), complete=True)
            for hypothesis, source in zip(made, sources, strict=True)
        ]

    def close(self) -> None:
        self._inner.close()


def random_opus(directory: Path) -> Any:
    """A checkpoint in the hub's layout: opus-mt-de-en's shape, the starter's tokenizer filled up to
    its vocabulary size, random weights."""
    weights = Path(Catalogue.read().model("starter").weights.path)
    for name in ("source.spm", "target.spm"):
        shutil.copy(weights / name, directory / name)
    vocabulary: dict[str, int] = {}
    for token in json.loads((weights / "shared_vocabulary.json").read_text(encoding="utf-8")):
        vocabulary.setdefault(token, len(vocabulary))
    vocabulary.pop("<pad>", None)
    vocabulary = {token: index for index, token in enumerate(sorted(vocabulary, key=vocabulary.__getitem__))}
    while len(vocabulary) < OPUS_VOCABULARY - 1:
        vocabulary[f"▁füllung{len(vocabulary)}"] = len(vocabulary)
    pad = vocabulary["<pad>"] = len(vocabulary)
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"source_lang": "de", "target_lang": "en", "tokenizer_class": "MarianTokenizer"})
    )
    torch.manual_seed(0)
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        pad_token_id=pad,
        eos_token_id=vocabulary["</s>"],
        decoder_start_token_id=pad,
        forced_eos_token_id=None,
        **OPUS_SHAPE,
    )
    model = transformers.MarianMTModel(config).eval()
    model.save_pretrained(directory)
    return model


def loop_seconds(model: Any, directory: Path, sources: Sequence[str]) -> float:
    """One `generate()` a sentence, with all cores torch takes by itself."""
    tokenizer = transformers.MarianTokenizer.from_pretrained(str(directory))
    started = time.perf_counter()
    with torch.inference_mode():
        for source in sources:
            encoded = tokenizer(source, return_tensors="pt")
            out = model.generate(
                **encoded, num_beams=BEAM, max_new_tokens=TARGET_TOKENS, min_new_tokens=TARGET_TOKENS
            )
            tokenizer.decode(out[0], skip_special_tokens=True)
    return time.perf_counter() - started


async def digest_seconds(config: ModelConfig, backend: Backend, text: str) -> list[float]:
    models = ModelSet(profile="benchmark", translators=[LoadedModel(config, FixedLength(backend), "")])
    seconds = []
    async with open_pipeline(Settings(profile="light"), models=models) as pipeline:
        await pipeline.digest(DigestRequest(text, source="de"))
        for _ in range(ROUNDS):
            started = time.perf_counter()
            await pipeline.digest(DigestRequest(text, source="de"))
            seconds.append(time.perf_counter() - started)
    return seconds


def report(article: Path) -> str:
    text = article.read_text(encoding="utf-8")
    config = Catalogue.read().model("opus-mt-de-en")
    with tempfile.TemporaryDirectory() as temporary:
        checkpoint, converted = Path(temporary, "checkpoint"), Path(temporary, "ct2")
        checkpoint.mkdir()
        model = random_opus(checkpoint)
        convert_checkpoint(config, checkpoint, converted, compute_type="int8")
        backend = load_backend(config, converted, device="cpu")
        segments = segment_article(
            read_article(text),
            language="de",
            count_tokens=backend.count_tokens,
            max_tokens=config.limits.segment_tokens,
        )
        sources = [segment.model_source for segment in segments if segment.translatable]
        ours = statistics.median(asyncio.run(digest_seconds(config, backend, text)))
        small = Catalogue.read().model("starter")
        starter = load_backend(small, Path(small.weights.path), device="cpu")
        starters = statistics.median(asyncio.run(digest_seconds(small, starter, text)))
        theirs = statistics.median(loop_seconds(model, checkpoint, sources) for _ in range(ROUNDS))
    return (
        f"{len(sources)} segments, beam {BEAM}, {TARGET_TOKENS} target tokens each, "
        f"medians of {ROUNDS} rounds\n\n"
        "| way | seconds an article | ratio |\n|---|---|---|\n"
        f"| transformers generate(), sentence by sentence, float32 | {theirs:.2f} | 1 |\n"
        f"| digest (pipeline, batcher, CTranslate2 int8) | {ours:.2f} | {theirs / ours:.1f} |\n"
        f"| the same with the starter's weights | {starters:.2f} | {theirs / starters:.1f} |\n\n"
        f"starter against opus-mt-de-en's shape: {ours / starters:.1f} times the segments per second"
    )
