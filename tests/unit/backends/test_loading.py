from __future__ import annotations

import hashlib
import subprocess
import sys
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


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_a_missing_engine_library_is_named_with_the_way_to_install_it(tmp_path: Path, library: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT, library, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert run.stdout.count("EngineUnavailable") == 2
    assert run.stdout.count("pip install 'kurzfassung[models]'") == 2


_WITHOUT = """
import sys
from pathlib import Path
library, directory = sys.argv[1:]
sys.modules[library] = None
from service.backends.convert import convert_checkpoint
from service.backends.loading import load_backend
from service.errors import ServiceError
from service.model_store.catalogue import Catalogue
models, place = Catalogue.read().models, Path(directory)
for attempt in (
    lambda: load_backend(models["wmt19-de-en"], place),
    lambda: convert_checkpoint(models["opus-mt-de-en"], place, place / "ct2", compute_type="int8"),
):
    try:
        attempt()
    except ServiceError as error:
        print(type(error).__name__, error)
"""
