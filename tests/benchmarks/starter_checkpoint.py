"""The starter as transformers loads it. It ships in CTranslate2's form only, in int8: its file is read here,
each weight multiplied out, and written in the hub's layout. Both engines then compute the same function, but
for the rounding of what flows between the layers."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy
import torch
import transformers
from numpy.typing import NDArray
from safetensors.torch import save_file

_TYPES = {0: numpy.float32, 1: numpy.int8, 2: numpy.int16, 3: numpy.int32}
"""CTranslate2's numbers for them (`ctranslate2/specs/model_spec.py`)."""

_VERSION = 6

Weights = dict[str, NDArray[numpy.float32]]


def starter_checkpoint(converted: Path, directory: Path) -> None:
    """Writes the Marian model of `converted` into `directory`. Raises `ValueError` for another version of
    the file."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = read_weights(converted / "model.bin")
    pieces = json.loads((converted / "shared_vocabulary.json").read_text(encoding="utf-8"))
    vocabulary = {piece: number for number, piece in enumerate([*pieces, "<pad>"])}
    (directory / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    languages = {"source_lang": "de", "target_lang": "en", "tokenizer_class": "MarianTokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(languages), encoding="utf-8")
    for name in ("source.spm", "target.spm"):
        shutil.copy(converted / name, directory / name)
    config = _config(weights, vocabulary)
    config.save_pretrained(directory)
    tensors = {name: torch.from_numpy(array.copy()) for name, array in _marian(weights)}
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    transformers.GenerationConfig(
        max_length=512,
        num_beams=4,
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=vocabulary["</s>"],
        decoder_start_token_id=vocabulary["<pad>"],
        bad_words_ids=[[vocabulary["<pad>"]], [vocabulary["<unk>"]]],
    ).save_pretrained(directory)


def read_weights(file: Path) -> Weights:
    """Every variable by its name, multiplied out where it is quantized."""
    data = memoryview(file.read_bytes())
    at = 0

    def number(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize(form)
        return int(value)

    def name() -> str:
        nonlocal at
        size = number("H")
        at += size
        return bytes(data[at - size : at]).rstrip(b"\0").decode()

    if number("I") != _VERSION:
        raise ValueError(f"{file} is not of version {_VERSION}")
    name()
    number("I")
    raw: dict[str, NDArray[numpy.generic]] = {}
    for _ in range(number("I")):
        key, rank = name(), number("B")
        shape = [number("I") for _ in range(rank)]
        kind, size = _TYPES[number("B")], number("I")
        raw[key] = numpy.frombuffer(data[at : at + size], kind).reshape(shape)
        at += size
    for _ in range(number("I")):
        alias, key = name(), name()
        raw[alias] = raw[key]
        if f"{key}_scale" in raw:
            raw[f"{alias}_scale"] = raw[f"{key}_scale"]
    return {key: _multiplied_out(key, raw) for key in raw if not key.endswith("_scale")}


def _multiplied_out(key: str, raw: dict[str, NDArray[numpy.generic]]) -> NDArray[numpy.float32]:
    array = raw[key].astype(numpy.float32)
    scale = raw.get(f"{key}_scale")
    return array if scale is None else array / scale.astype(numpy.float32)[:, None]


def _config(weights: Weights, vocabulary: dict[str, int]) -> transformers.MarianConfig:
    def layers(side: str) -> int:
        return len({key.split("/")[1] for key in weights if key.startswith(f"{side}/layer_")})

    heads = int(weights["encoder/num_heads"])
    feed_forward = weights["encoder/layer_0/ffn/linear_0/weight"].shape[0]
    positions, width = weights["encoder/position_encodings/encodings"].shape
    return transformers.MarianConfig(
        architectures=["MarianMTModel"],
        vocab_size=len(vocabulary),
        d_model=width,
        encoder_layers=layers("encoder"),
        decoder_layers=layers("decoder"),
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=feed_forward,
        decoder_ffn_dim=feed_forward,
        max_position_embeddings=positions,
        activation_function="relu",
        scale_embedding=True,
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=vocabulary["</s>"],
        decoder_start_token_id=vocabulary["<pad>"],
        forced_eos_token_id=None,
    )


def _marian(weights: Weights) -> Iterator[tuple[str, NDArray[numpy.float32]]]:
    """In transformers' names, with the row of `<pad>` that CTranslate2 leaves out."""
    embeddings = weights["decoder/embeddings/weight"]
    nothing = numpy.zeros((1, embeddings.shape[1]), numpy.float32)
    yield "model.shared.weight", numpy.concatenate([embeddings, nothing])
    bias = numpy.append(weights["decoder/projection/bias"], numpy.float32(-1e4)).astype(numpy.float32)
    yield "final_logits_bias", bias[None]
    for side in ("encoder", "decoder"):
        yield f"model.{side}.embed_positions.weight", weights[f"{side}/position_encodings/encodings"]
    for key in weights:
        side, _, rest = key.partition("/")
        if not rest.startswith("layer_"):
            continue
        layer, _, part = rest.removeprefix("layer_").partition("/")
        for theirs, array in _part(part, weights[key]):
            yield f"model.{side}.layers.{layer}.{theirs}", array


_PARTS = {
    "self_attention/linear_0": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attention/linear_1": ("self_attn.out_proj",),
    "attention/linear_0": ("encoder_attn.q_proj",),
    "attention/linear_1": ("encoder_attn.k_proj", "encoder_attn.v_proj"),
    "attention/linear_2": ("encoder_attn.out_proj",),
    "ffn/linear_0": ("fc1",),
    "ffn/linear_1": ("fc2",),
    "self_attention/layer_norm": ("self_attn_layer_norm",),
    "attention/layer_norm": ("encoder_attn_layer_norm",),
    "ffn/layer_norm": ("final_layer_norm",),
}
_KINDS = {"gamma": "weight", "beta": "bias"}


def _part(part: str, array: NDArray[numpy.float32]) -> Iterator[tuple[str, NDArray[numpy.float32]]]:
    """CTranslate2 keeps matrices side by side that read the same."""
    where, _, kind = part.rpartition("/")
    if where not in _PARTS:
        return
    names = _PARTS[where]
    for name, piece in zip(names, numpy.split(array, len(names)), strict=True):
        yield f"{name}.{_KINDS.get(kind, kind)}", piece
