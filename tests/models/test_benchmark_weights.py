"""The benchmarks compare engines that have the same work: the same weights, and as many tokens to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from service.backends.convert import convert_checkpoint
from service.backends.loading import load_backend
from service.backends.protocol import GenerationOptions
from service.model_store.catalogue import Catalogue
from service.text.article import read_article
from service.text.segmentation import segment_article
from tests.benchmarks.articles import article, article_sentences, english_sentences
from tests.benchmarks.random_bart import SMALL_BART, random_bart
from tests.benchmarks.random_opus import OPUS_SHAPE, random_opus
from tests.benchmarks.starter_checkpoint import starter_checkpoint

pytestmark = pytest.mark.models

_SMALL = {**OPUS_SHAPE, "vocab_size": 8_001, "encoder_layers": 2, "decoder_layers": 2}


@pytest.mark.parametrize("beam", [1, 4])
def test_random_weights_write_the_same_number_of_tokens_in_every_engine(tmp_path: Path, beam: int) -> None:
    checkpoint, converted = tmp_path / "checkpoint", tmp_path / "converted"
    random_opus(checkpoint, _SMALL, target_tokens=12)
    config = Catalogue.read().model("opus-mt-de-en")
    convert_checkpoint(config, checkpoint, converted, compute_type="int8")
    sources = article_sentences(1, 5)

    backend = load_backend(config, converted, device="cpu", threads=1)
    ours = backend.generate(sources, GenerationOptions(beam_size=beam))
    theirs = _generated(checkpoint, sources, num_beams=beam)

    assert [(each.tokens, each.complete) for each in ours] == [(12, True)] * 5
    start_and_end = 2
    end = transformers.MarianConfig.from_pretrained(checkpoint).eos_token_id
    assert theirs.shape == (5, 12 + start_and_end)
    assert [row.tolist().index(end) for row in theirs] == [13] * 5


def test_a_random_summarizer_writes_the_same_number_of_tokens_in_every_engine(tmp_path: Path) -> None:
    checkpoint, converted = tmp_path / "checkpoint", tmp_path / "converted"
    random_bart(checkpoint, SMALL_BART, summary_tokens=12)
    config = Catalogue.read().model("distilbart-cnn-12-6")
    convert_checkpoint(config, checkpoint, converted, compute_type="int8")
    sources = [" ".join(english_sentences(seed)) for seed in range(3)]

    backend = load_backend(config, converted, device="cpu", threads=1)
    ours = backend.generate(sources, GenerationOptions(length_penalty=2.0, no_repeat_ngram_size=3))
    theirs = _generated(checkpoint, sources)

    assert [(each.tokens, each.complete) for each in ours] == [(12, True)] * 3
    start_first_and_end = 3
    assert theirs.shape == (3, 12 + start_first_and_end)
    assert all(backend.count_tokens(source) < config.limits.segment_tokens for source in sources)


def test_the_starter_translates_in_transformers_as_it_does_here(tmp_path: Path) -> None:
    config = Catalogue.read().model("starter")
    weights = Path(config.weights.path)
    starter_checkpoint(weights, tmp_path)
    sources = article_sentences(1, 8)

    backend = load_backend(config, weights, device="cpu", threads=1)
    ours = [each.target for each in backend.generate(sources, GenerationOptions())]
    tokenizer = transformers.MarianTokenizer.from_pretrained(str(tmp_path))
    theirs = tokenizer.batch_decode(_generated(tmp_path, sources, num_beams=4), skip_special_tokens=True)

    same = sum(one == two for one, two in zip(ours, theirs, strict=True))
    assert same >= 6, "int8 may round a word differently here and there, no more"


def test_an_article_has_as_many_segments_as_sentences() -> None:
    for seed in range(20):
        text = read_article(article(seed))
        segments = segment_article(text, language="de", count_tokens=len, max_tokens=1000)
        assert sum(each.translatable for each in segments) == 25


def _generated(checkpoint: Path, sources: list[str], **options: Any) -> torch.Tensor:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(checkpoint))
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(checkpoint).eval()
    with torch.inference_mode():
        made: torch.Tensor = model.generate(
            **tokenizer(sources, return_tensors="pt", padding=True), **options
        )
    return made
