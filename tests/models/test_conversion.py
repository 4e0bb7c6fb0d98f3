"""What conversion refuses, what it leaves behind, and which weights it opens."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from service.backends.convert import convert_checkpoint
from service.backends.ct2 import CT2Backend
from service.backends.protocol import GenerationOptions
from service.errors import ConversionFailed, ModelDamaged
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from tests.models import checkpoints

pytestmark = pytest.mark.models

GREEDY = GenerationOptions(beam_size=1, max_decoding_length=60)


def _tiny(name: str) -> ModelConfig:
    """The real configuration file; only its lengths are cut down to the tiny model's positions."""
    real = Catalogue.read().model(name)
    limits = real.limits.model_copy(
        update=dict.fromkeys(("source_tokens", "segment_tokens", "target_tokens"), checkpoints.POSITIONS)
    )
    return real.model_copy(update={"limits": limits, "compute_type": "float32"})


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    return _tiny("opus-mt-de-en")


@pytest.fixture(scope="module")
def safe_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)  # more threads than free cores slow so small a model down
    return checkpoints.marian(tmp_path_factory.mktemp("marian"))


@pytest.fixture(scope="module")
def legacy_checkpoint(safe_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights in the `.bin` that opus-mt repositories have."""
    from safetensors.torch import load_file

    directory = tmp_path_factory.mktemp("legacy") / "checkpoint"
    shutil.copytree(safe_checkpoint, directory)
    torch.save(load_file(directory / "model.safetensors"), directory / "pytorch_model.bin")
    (directory / "model.safetensors").unlink()
    return directory


def _targets(config: ModelConfig, directory: Path) -> list[str]:
    backend = CT2Backend(config, directory, device="cpu", threads=1)
    return [hypothesis.target for hypothesis in backend.generate(checkpoints.SOURCES, GREEDY)]


@pytest.fixture(scope="module")
def expected(
    config: ModelConfig, safe_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    output = tmp_path_factory.mktemp("converted") / "model"
    convert_checkpoint(config, safe_checkpoint, output, compute_type="float32")
    targets = _targets(config, output)
    assert len({word for target in targets for word in target.split()}) >= 10
    return targets


def test_an_older_bin_is_converted_through_the_weights_only_loader(
    config: ModelConfig, legacy_checkpoint: Path, tmp_path: Path, expected: list[str]
) -> None:
    convert_checkpoint(config, legacy_checkpoint, tmp_path / "model", compute_type="float32")
    assert _targets(config, tmp_path / "model") == expected


class _Touches:
    """Unpickled by an ordinary loader, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_a_bin_with_code_in_it_is_refused_and_the_code_is_not_run(
    config: ModelConfig, legacy_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint, trace = tmp_path / "checkpoint", tmp_path / "trace"
    shutil.copytree(legacy_checkpoint, checkpoint)
    torch.save({"weight": _Touches(trace)}, checkpoint / "pytorch_model.bin")
    with pytest.raises((ConversionFailed, ModelDamaged), match="holds more than tensors"):
        convert_checkpoint(config, checkpoint, tmp_path / "model", compute_type="float32")
    assert not trace.exists()
    assert not (tmp_path / "model").exists()
    # The trap is one: an ordinary unpickling springs it.
    pickle.loads(pickle.dumps(_Touches(trace)))  # noqa: S301 -- made above
    assert trace.exists()


def test_safetensors_are_preferred_to_a_bin_beside_them(
    config: ModelConfig, safe_checkpoint: Path, tmp_path: Path, expected: list[str]
) -> None:
    checkpoint, trace = tmp_path / "checkpoint", tmp_path / "trace"
    shutil.copytree(safe_checkpoint, checkpoint)
    torch.save({"weight": _Touches(trace)}, checkpoint / "pytorch_model.bin")
    convert_checkpoint(config, checkpoint, tmp_path / "model", compute_type="float32")
    assert _targets(config, tmp_path / "model") == expected
    assert not trace.exists()


def test_code_that_a_checkpoint_brings_is_never_run(
    config: ModelConfig, safe_checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint, trace = tmp_path / "checkpoint", tmp_path / "trace"
    shutil.copytree(safe_checkpoint, checkpoint)
    settings = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    settings["model_type"] = "unheard-of"
    settings["auto_map"] = {"AutoConfig": "brought.Brought"}
    (checkpoint / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (checkpoint / "brought.py").write_text(
        f"from pathlib import Path\nPath({str(trace)!r}).touch()\nclass Brought: pass\n", encoding="utf-8"
    )
    with pytest.raises((ConversionFailed, ModelDamaged)):
        convert_checkpoint(config, checkpoint, tmp_path / "model", compute_type="float32")
    assert not trace.exists()


def test_a_conversion_replaces_the_one_before_whole(
    config: ModelConfig, safe_checkpoint: Path, tmp_path: Path, expected: list[str]
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "stale").touch()
    convert_checkpoint(config, safe_checkpoint, tmp_path / "model", compute_type="float32")
    assert not (tmp_path / "model" / "stale").exists()
    assert _targets(config, tmp_path / "model") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failed_conversion_leaves_the_one_before(
    config: ModelConfig, safe_checkpoint: Path, tmp_path: Path, expected: list[str]
) -> None:
    store, broken = tmp_path / "store", tmp_path / "broken"
    convert_checkpoint(config, safe_checkpoint, store / "model", compute_type="float32")
    shutil.copytree(safe_checkpoint, broken)
    (broken / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises((ConversionFailed, ModelDamaged)):
        convert_checkpoint(config, broken, store / "model", compute_type="float32")
    assert _targets(config, store / "model") == expected
    assert [path.name for path in store.iterdir()] == ["model"]


@pytest.mark.parametrize("missing", ["config.json", "source.spm", "target.spm", "vocab.json"])
def test_a_missing_file_is_named_as_damage_or_a_failed_conversion(
    config: ModelConfig, safe_checkpoint: Path, tmp_path: Path, missing: str
) -> None:
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(safe_checkpoint, checkpoint)
    (checkpoint / missing).unlink()
    with pytest.raises((ConversionFailed, ModelDamaged)):
        convert_checkpoint(config, checkpoint, tmp_path / "model", compute_type="float32")
    assert not (tmp_path / "model").exists()


def test_fsmt_has_no_conversion(safe_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionFailed, match="pytorch"):
        convert_checkpoint(_tiny("wmt19-de-en"), safe_checkpoint, tmp_path / "model", compute_type="float32")


def test_progress_goes_from_nothing_to_all(
    config: ModelConfig, safe_checkpoint: Path, tmp_path: Path
) -> None:
    shares: list[float] = []
    convert_checkpoint(
        config,
        safe_checkpoint,
        tmp_path / "model",
        compute_type="int8",
        progress=lambda _, share: shares.append(share),
    )
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert _targets(config.model_copy(update={"compute_type": "int8"}), tmp_path / "model")
