"""Models carried between machines without a hub between them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from service.errors import ModelDamaged, SettingInvalid
from service.model_store import archive
from service.model_store.config import ModelConfig
from service.model_store.files import CHECKPOINT, ModelFiles, Progress, served_variant
from service.model_store.lock import LOCAL
from service.model_store.manifest import (
    MANIFEST,
    Manifest,
    check_digests,
    read_manifest,
    sha256_of,
    write_manifest,
)
from service.model_store.selection import has_weights, is_harmless, is_safe_path, needed_files

MAX_IMPORT_BYTES = 64 << 30
"""The largest import accepted, also where the disk would hold more: far above any model we configure."""


def export_model(
    files: ModelFiles, config: ModelConfig, target: Path, progress: Progress | None = None
) -> None:
    """Writes what the engine loads, with its manifest, to a .tar or .tar.gz for another machine."""
    if config.bundled or config.engine == "stub":
        raise SettingInvalid(f"{config.name} ships with the project; there is nothing to export.")
    directory = files.require(config)
    files.verify(config)
    archive.write(target, directory, directory.relative_to(files.models_dir).as_posix(), progress)


def import_models(
    files: ModelFiles,
    source: Path,
    configs: Mapping[str, ModelConfig],
    *,
    name: str = "",
    accept: Callable[[ModelConfig], None] = lambda _config: None,
    max_bytes: int = MAX_IMPORT_BYTES,
) -> list[Path]:
    """Brings in what `export_model` wrote, an unpacked tree of it, or a plain checkpoint (directory or tar),
    for which `name` says which model it is. Returns the new directories.

    `accept` is asked before a model is installed and raises to refuse it. Raises `ModelDamaged` for
    anything that does not belong, before anything is installed.
    """
    staging = archive.staging_directory(files.models_dir)
    try:
        tree = staging / "tree"
        bring = archive.copy if source.is_dir() else archive.unpack
        bring(source, tree, min(max_bytes, files.free_bytes()))
        variants = sorted(path.parent for path in tree.rglob(MANIFEST))
        if variants:
            # Everything is checked before the first directory is put in place.
            checked = [(directory, *_check(directory, configs, accept)) for directory in variants]
        else:
            checked = [_checkpoint(tree, source, configs, name, accept)]
        return [files.install(directory, config, manifest) for directory, config, manifest in checked]
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _check(
    directory: Path, configs: Mapping[str, ModelConfig], accept: Callable[[ModelConfig], None]
) -> tuple[ModelConfig, Manifest]:
    """An exported directory: its manifest must fit the configuration, and every byte the manifest."""
    manifest = read_manifest(directory)
    config = _known(manifest.model, configs)
    accept(config)
    if manifest.repository != config.repository:
        raise ModelDamaged(
            f"{config.name} comes from {manifest.repository!r}, the configuration says {config.repository!r}."
        )
    if config.revision and manifest.revision != config.revision and not manifest.revision.startswith(LOCAL):
        raise ModelDamaged(
            f"{config.name} is at {manifest.revision}, the configuration asks for {config.revision}."
        )
    if manifest.variant not in {CHECKPOINT, served_variant(config)}:
        raise ModelDamaged(
            f"{config.name}: {manifest.variant!r} is not what the configuration loads "
            f"({served_variant(config)!r})."
        )
    for path in manifest.files:
        if not (is_safe_path(path) and is_harmless(path)):
            raise ModelDamaged(f"{config.name}: {path} is not a kind of file that models consist of.")
    check_digests(directory, manifest)
    return config, manifest


def _checkpoint(
    tree: Path,
    source: Path,
    configs: Mapping[str, ModelConfig],
    name: str,
    accept: Callable[[ModelConfig], None],
) -> tuple[Path, ModelConfig, Manifest]:
    """A plain checkpoint: the needed files only. Which commit it is nobody can say, so its own content
    names it."""
    folders = [tree, *(path for path in sorted(tree.iterdir()) if path.is_dir())]
    root = next((path for path in folders if (path / "config.json").is_file()), None)
    if root is None:
        raise ModelDamaged(f"{source} holds neither an exported model nor a checkpoint (config.json).")
    name = name or (source.name if source.name in configs else "")
    if not name:
        raise SettingInvalid(
            f"{source} does not say which model it is. Give its name: {', '.join(sorted(configs))}."
        )
    config = _known(name, configs)
    accept(config)
    needed = needed_files(path.name for path in root.iterdir() if path.is_file())
    if not has_weights(needed):
        raise ModelDamaged(f"{source} holds no model.safetensors and no pytorch_model.bin.")
    for path in sorted(root.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in needed:
            path.unlink()
    digests = "".join(f"{sha256_of(root / path)} {path}\n" for path in needed)
    revision = LOCAL + hashlib.sha256(digests.encode()).hexdigest()[:12]
    return root, config, write_manifest(root, config, revision, CHECKPOINT)


def _known(name: str, configs: Mapping[str, ModelConfig]) -> ModelConfig:
    if name not in configs:
        raise SettingInvalid(f"No model is called {name!r}. Configured: {', '.join(sorted(configs))}.")
    config = configs[name]
    if config.bundled or config.engine == "stub":
        raise SettingInvalid(f"{name} ships with the project; there is nothing to import.")
    return config
