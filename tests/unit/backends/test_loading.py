from __future__ import annotations

import hashlib
from pathlib import Path

import ctranslate2
import pytest

from service.backends.ct2 import CT2Backend
from service.backends.loading import load_backend
from service.backends.stub import StubBackend
from service.errors import EngineUnavailable, ModelDamaged, ModelNotInstalled
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig, Weights


def test_the_stub_needs_no_directory() -> None:
    assert isinstance(load_backend(Catalogue.read().model("stub"), None), StubBackend)


def test_a_model_without_files_is_not_installed(config: ModelConfig) -> None:
    with pytest.raises(ModelNotInstalled, match="models pull opus-mt-de-en"):
        load_backend(config, None)


def test_a_converted_model_is_loaded_with_the_engine_of_its_config(
    config: ModelConfig, model_directory: Path
) -> None:
    backend = load_backend(config, model_directory, device="cpu", threads=1)
    assert isinstance(backend, CT2Backend)
    assert (backend.name, backend.device) == ("opus-mt-de-en", "cpu/float32")


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_refused(config: ModelConfig, model_directory: Path) -> None:
    with pytest.raises(EngineUnavailable, match="GPU"):
        load_backend(config, model_directory, device="cuda")


def _with_digest(config: ModelConfig, digest: str) -> ModelConfig:
    return config.model_copy(update={"weights": Weights(path="weights", sha256={"model.bin": digest})})


def test_bundled_weights_with_the_configured_digest_load(config: ModelConfig, model_directory: Path) -> None:
    digest = hashlib.sha256((model_directory / "model.bin").read_bytes()).hexdigest()
    backend = load_backend(_with_digest(config, digest), model_directory, device="cpu", threads=1)
    assert backend.max_source_tokens == config.limits.source_tokens


def test_bundled_weights_with_another_digest_are_damaged(config: ModelConfig, model_directory: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"model\.bin"):
        load_backend(_with_digest(config, "0" * 64), model_directory)


def test_a_bundled_file_that_is_missing_is_damage(config: ModelConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"model\.bin is missing"):
        load_backend(_with_digest(config, "0" * 64), tmp_path)
