from __future__ import annotations

import pytest

from service.model_store.selection import has_weights, is_harmless, needed_files

OPUS = [
    "config.json",
    "generation_config.json",
    "source.spm",
    "target.spm",
    "tokenizer_config.json",
    "vocab.json",
]


def test_safetensors_are_preferred_to_a_bin():
    assert needed_files([*OPUS, "pytorch_model.bin", "model.safetensors"]) == sorted(
        [*OPUS, "model.safetensors"]
    )


def test_a_bin_is_taken_only_where_there_is_nothing_better():
    needed = needed_files([*OPUS, "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "rust_model.ot"])
    assert needed == sorted([*OPUS, "pytorch_model.bin"])


@pytest.mark.parametrize(
    "path",
    [
        "modeling.py",
        "training_args.bin",
        "optimizer.pt",
        "scheduler.pkl",
        "model.onnx",
        "onnx/model.safetensors",
        "openvino_model.bin",
        "adapter_model.safetensors",
        ".gitattributes",
        "eval.json",
        "../config.json",
    ],
)
def test_nothing_else_is_ever_taken(path):
    assert path not in needed_files([*OPUS, "model.safetensors", path])
    assert path not in needed_files([*OPUS, path])


def test_a_whole_file_makes_the_pieces_needless():
    pieces = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = "model.safetensors.index.json"
    assert needed_files([*pieces, index]) == sorted([*pieces, index])
    assert needed_files([*pieces, index, "model.safetensors"]) == ["model.safetensors"]


def test_the_two_vocabularies_of_fsmt_and_the_licence_come_along():
    paths = ["LICENSE", "README.md", "config.json", "merges.txt", "vocab-src.json", "vocab-tgt.json"]
    assert needed_files(paths) == sorted(paths)
    assert not has_weights(paths)


@pytest.mark.parametrize(
    ("path", "harmless"),
    [
        ("model.bin", True),
        ("shared_vocabulary.json", True),
        ("LICENSE", True),
        ("sub/source.spm", True),
        ("run.py", False),
        ("x.pkl", False),
        ("libevil.so", False),
        ("run.sh", False),
        ("noending", False),
        (".bashrc", False),
    ],
)
def test_what_may_be_stored_is_told_by_its_name(path, harmless):
    assert is_harmless(path) is harmless
