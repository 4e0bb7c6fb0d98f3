"""Weights that ship with the project, and models without any."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from service.errors import ModelDamaged, ModelNotInstalled
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from service.model_store.files import ModelFiles, megabytes, served_variant


@pytest.fixture
def files(tmp_path) -> ModelFiles:
    return ModelFiles(tmp_path / "models", "http://127.0.0.1:9", offline=True)


@pytest.fixture
def starter(tmp_path) -> ModelConfig:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.bin").write_bytes(b"weights")
    config = Catalogue.read().model("starter")
    digests = {"model.bin": hashlib.sha256(b"weights").hexdigest()}
    changed = config.weights.model_copy(update={"path": str(weights), "sha256": digests})
    return config.model_copy(update={"weights": changed})


def test_bundled_weights_are_loaded_from_where_they_ship(files, starter):
    assert files.require(starter) == Path(starter.weights.path)
    assert files.is_installed(starter)
    assert files.verify(starter) == 1
    assert files.revision(starter).startswith("sha256:")
    assert not files.models_dir.exists()


def test_changed_bundled_weights_are_found(files, starter):
    (Path(starter.weights.path) / "model.bin").write_bytes(b"weighty")
    with pytest.raises(ModelDamaged, match=r"model\.bin"):
        files.verify(starter)


def test_missing_bundled_weights_are_named(files, starter):
    (Path(starter.weights.path) / "model.bin").unlink()
    assert not files.is_installed(starter)
    with pytest.raises(ModelNotInstalled, match="should ship with the project"):
        files.require(starter)


def test_the_stub_has_no_files_and_is_always_there(files):
    stub = Catalogue.read().model("stub")
    assert files.is_installed(stub)
    assert files.installed(stub) is None
    assert files.verify(stub) == 0


def test_the_engine_decides_what_is_loaded():
    catalogue = Catalogue.read()
    assert served_variant(catalogue.model("opus-mt-de-en")) == "ct2-int8"
    assert served_variant(catalogue.model("wmt19-de-en")) == "checkpoint"


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 kB"), (1500, "2 kB"), (298_000_000, "298 MB"), (1_624_000_000, "1.6 GB")]
)
def test_sizes_read_as_on_the_box_of_the_disk(size, shown):
    assert megabytes(size) == shown
