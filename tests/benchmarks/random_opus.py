"""A checkpoint in opus-mt-de-en's shape with random weights that write a fixed number of tokens.

Random weights do not know when to stop, and not every server can be told to stop at a length. So the length
is in the weights: at one position of the decoder the position's vector is the direction of the end token's
embedding, which outweighs all that random layers add to it. There the end token is the most likely one, and
the bias makes it the least likely one anywhere else. Every engine then writes the same number of tokens with
its own defaults."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file

from service.model_store.catalogue import Catalogue

TARGET_TOKENS = 30
"""Without the end token."""

OPUS_SHAPE: Mapping[str, Any] = {
    "vocab_size": 58_101,
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

_LOUD = 100.0
"""Length of the end's position vector, by that of an ordinary one."""

_END_LOGIT = 60.0
"""About what the end token gets at its place, before the bias takes half of it everywhere."""


def random_opus(
    directory: Path, shape: Mapping[str, Any] = OPUS_SHAPE, target_tokens: int = TARGET_TOKENS
) -> None:
    """Writes the checkpoint in the hub's layout: the starter's tokenizer, filled up to the vocabulary's
    size."""
    directory.mkdir(parents=True, exist_ok=True)
    vocabulary = _write_tokenizer(directory, shape["vocab_size"])
    torch.manual_seed(0)
    pad, end = vocabulary["<pad>"], vocabulary["</s>"]
    model = transformers.MarianMTModel(
        transformers.MarianConfig(
            pad_token_id=pad,
            eos_token_id=end,
            decoder_start_token_id=pad,
            forced_eos_token_id=None,
            **shape,
        )
    ).eval()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    shared, bias = weights["model.shared.weight"], weights["final_logits_bias"]
    width = shape["d_model"]
    direction = torch.nn.functional.normalize(torch.randn(width), dim=0)
    shared[end] = direction * _END_LOGIT / width**0.5
    bias[0, end] = -_END_LOGIT / 2
    bias[0, pad] = -_END_LOGIT * 10
    positions = weights["model.decoder.embed_positions.weight"]
    positions[target_tokens] = direction * width**0.5 * _LOUD
    tied = ("lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight")
    kept = {name: tensor.contiguous() for name, tensor in weights.items() if name not in tied}
    # `save_pretrained` leaves the positions out.
    save_file(kept, directory / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = ["MarianMTModel"]
    model.config.save_pretrained(directory)
    # As the hub's Marian checkpoints have it.
    model.generation_config.update(max_length=512, num_beams=4, bad_words_ids=[[pad]])
    model.generation_config.save_pretrained(directory)


def _write_tokenizer(directory: Path, size: int) -> dict[str, int]:
    """The starter's pieces first, `<pad>` last, as in the hub's Marian checkpoints."""
    weights = Path(Catalogue.read().model("starter").weights.path)
    for name in ("source.spm", "target.spm"):
        shutil.copy(weights / name, directory / name)
    pieces = json.loads((weights / "shared_vocabulary.json").read_text(encoding="utf-8"))
    tokens = list(dict.fromkeys(piece for piece in pieces if piece != "<pad>"))[: size - 1]
    tokens += [f"▁füllung{number}" for number in range(len(tokens), size - 1)]
    vocabulary = {token: number for number, token in enumerate([*tokens, "<pad>"])}
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    languages = {"source_lang": "de", "target_lang": "en", "tokenizer_class": "MarianTokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(languages), encoding="utf-8")
    return vocabulary
