"""A checkpoint in distilbart-cnn-12-6's shape with random weights that write a fixed number of tokens: as in
`random_opus`, at one position of the decoder the end token is the most likely one, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from safetensors.torch import save_file

SUMMARY_TOKENS = 60
"""Without the first and the end token: three sentences of news."""

BART_SHAPE: Mapping[str, Any] = {
    "vocab_size": 50_264,
    "d_model": 1024,
    "encoder_layers": 12,
    "decoder_layers": 6,
    "encoder_attention_heads": 16,
    "decoder_attention_heads": 16,
    "encoder_ffn_dim": 4096,
    "decoder_ffn_dim": 4096,
    "max_position_embeddings": 1024,
    "activation_function": "gelu",
}

SMALL_BART: Mapping[str, Any] = {
    **BART_SHAPE,
    "vocab_size": 8_001,
    "d_model": 256,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_ffn_dim": 512,
    "decoder_ffn_dim": 512,
}
"""For trying it out."""

_NAMED = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_BEGIN, _PAD, _END = 0, 1, 2
_POSITIONS_BEFORE = 2
"""BART's table of positions begins with two that are never read."""

_STD = 0.01
"""Half of what such a model begins with: what the layers add must not drown the end's position."""

_LOUD = 100.0
"""Length of the end's position vector, by that of an ordinary one."""

_END_LOGIT = 60.0
"""About what the end token gets at its place, before the bias takes half of it everywhere."""


def random_bart(
    directory: Path, shape: Mapping[str, Any] = BART_SHAPE, summary_tokens: int = SUMMARY_TOKENS
) -> None:
    """Writes the checkpoint in the hub's layout, with a byte-level tokenizer learnt from English words and
    filled up to the vocabulary's size."""
    directory.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(directory, shape["vocab_size"])
    torch.manual_seed(0)
    model = transformers.BartForConditionalGeneration(
        transformers.BartConfig(
            pad_token_id=_PAD,
            bos_token_id=_BEGIN,
            eos_token_id=_END,
            decoder_start_token_id=_END,
            forced_bos_token_id=_BEGIN,
            forced_eos_token_id=_END,
            init_std=_STD,
            **shape,
        )
    ).eval()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    shared, bias = weights["model.shared.weight"], weights["final_logits_bias"]
    width = shape["d_model"]
    direction = torch.nn.functional.normalize(torch.randn(width), dim=0)
    shared[_END] = direction * _END_LOGIT / width**0.5
    bias[0, _END] = -_END_LOGIT / 2
    bias[0, [_BEGIN, _PAD]] = -_END_LOGIT * 10
    positions = weights["model.decoder.embed_positions.weight"]
    # The first position writes `<s>`.
    positions[summary_tokens + 1 + _POSITIONS_BEFORE] = direction * width**0.5 * _STD * _LOUD
    tied = ("lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight")
    kept = {name: tensor.contiguous() for name, tensor in weights.items() if name not in tied}
    save_file(kept, directory / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = ["BartForConditionalGeneration"]
    model.config.save_pretrained(directory)
    # As distilbart's own. The decoder begins with the end token: the first one must be forced.
    model.generation_config.update(
        forced_bos_token_id=_BEGIN,
        max_length=142,
        num_beams=4,
        length_penalty=2.0,
        no_repeat_ngram_size=3,
        early_stopping=True,
    )
    model.generation_config.save_pretrained(directory)


def _write_tokenizer(directory: Path, size: int) -> None:
    words = resources.files("service.text").joinpath("english_words.txt").read_text(encoding="ascii")
    learnt = tokenizers.ByteLevelBPETokenizer()
    learnt.train_from_iterator(
        (f" {word} {word.capitalize()}" for word in words.split()),
        vocab_size=size,
        special_tokens=list(_NAMED),
        show_progress=False,
    )
    learnt.add_tokens([f"filler{number}" for number in range(size - learnt.get_vocab_size())])
    made = transformers.BartTokenizerFast(
        tokenizer_object=learnt._tokenizer,  # the wrapper has no other way to it
        **dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), _NAMED, strict=True)),
    )
    made.save_pretrained(str(directory))
