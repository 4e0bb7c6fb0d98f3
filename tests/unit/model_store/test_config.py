"""One file of model_configs/: what is refused, and how the refusal reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import ConfigInvalid
from service.model_store.config import read_model_config

GOOD = """
name = "good"
task = "translation"
architecture = "marian"
repository = "acme/good"
source_languages = ["de"]
target_languages = ["en"]
parameters = 1
download_mb = 1
memory_mb = 1

[limits]
source_tokens = 512
segment_tokens = 400
target_tokens = 512
"""


def written(directory: Path, text: str, name: str = "good") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_complete_file_is_read_with_its_defaults(tmp_path):
    config = read_model_config(written(tmp_path, GOOD))
    assert (config.engine, config.compute_type, config.generation.beam_size) == ("ct2", "int8", 4)
    assert not config.bundled
    assert not config.licence.verified


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ('name = "good"', 'name = "other"', "name", '"good", the same as the file'),
        ('name = "good"', 'name = "Good one"', "name", "pattern"),
        ('task = "translation"', 'task = "chat"', "task", "'translation' or 'summarization'"),
        ('task = "translation"', "", "task", "is required"),
        ('architecture = "marian"', 'architecture = "llama"', "architecture", "'marian'"),
        ('architecture = "marian"', 'architecture = "fsmt"', "-", 'must be "pytorch"'),
        ('repository = "acme/good"', "", "-", "needs a `repository` on the hub or `weights.path`"),
        ('source_languages = ["de"]', "source_languages = []", "source_languages", "at least 1"),
        ('source_languages = ["de"]', 'source_languages = ["German"]', "source_languages.0", "pattern"),
        ("parameters = 1", 'parameters = "many"', "parameters", "integer"),
        ("parameters = 1", "parameters = -1", "parameters", "greater than or equal to 0"),
        ("memory_mb = 1", "memory_mb = 1\nmemory_gb = 1", "memory_gb", "not a key we know"),
        ("memory_mb = 1", 'memory_mb = 1\nrevision = "main"', "revision", "full 40-digit commit"),
        ("memory_mb = 1", "memory_mb = 1\nrevision_verified = true", "-", "without a `revision`"),
        ("segment_tokens = 400", "segment_tokens = 600", "limits", "may not exceed source_tokens"),
        ("segment_tokens = 400", "segment_tokens = 0", "limits.segment_tokens", "greater than 0"),
        ("target_tokens = 512", "", "limits.target_tokens", "is required"),
        (
            "[limits]",
            "[generation]\nbeam_size = 0\n[limits]",
            "generation.beam_size",
            "greater than or equal",
        ),
        ("[limits]", '[input]\nprefix = ">>{target}<< "\n[limits]', "-", "`input.language_tokens` for en"),
        ('"marian"', '"causal"', "-", 'must be "pytorch"'),
        ('"marian"', '"causal"\nengine = "pytorch"', "-", "needs `input.chat` or `input.completion`"),
        ("[limits]", '[input]\nchat = "{text}"\n[limits]', "-", "for causal models only"),
        ("[limits]", '[input]\nchat = "Translate"\n[limits]', "input", "holds `{text}` once"),
        ("[limits]", '[input]\nchat = "{text} {lang}"\n[limits]', "input", "knows no {lang}"),
        ("[limits]", '[input]\nchat = "{text}"\ncompletion = "{text}"\n[limits]', "input", "not both"),
        ('"marian"', '"nllb"', "-", "`input.language_tokens` for de, en"),
        ("[limits]", "[limits", "-", "valid TOML"),
    ],
)
def test_a_mistake_names_file_key_and_expectation(tmp_path, old, new, key, expected):
    assert old in GOOD
    with pytest.raises(ConfigInvalid) as caught:
        read_model_config(written(tmp_path, GOOD.replace(old, new)))
    assert (caught.value.file, caught.value.key) == ("good.toml", key)
    assert expected in caught.value.expected
    assert caught.value.message.startswith(f"good.toml: {key}: ")


def test_a_file_that_is_no_utf8_or_not_there_is_refused(tmp_path):
    (tmp_path / "good.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigInvalid, match=r"good\.toml: -: a readable UTF-8 file"):
        read_model_config(tmp_path / "good.toml")
    with pytest.raises(ConfigInvalid, match="readable"):
        read_model_config(tmp_path / "missing.toml")


def test_bundled_weights_are_found_beside_the_file_wherever_the_process_runs(tmp_path, monkeypatch):
    path = written(tmp_path, GOOD + '\n[weights]\npath = "good/weights"\n')
    monkeypatch.chdir(tmp_path)
    config = read_model_config(Path("good.toml"))
    assert config.bundled
    assert Path(config.weights.path) == tmp_path / "good" / "weights"
    assert read_model_config(path) == config
