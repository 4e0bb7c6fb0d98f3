"""The engine a config asks for, with its model loaded."""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from service.backends.protocol import Backend
from service.errors import EngineUnavailable, ModelDamaged, ModelNotInstalled
from service.model_store.config import Engine, ModelConfig


def load_backend(
    config: ModelConfig, directory: Path | None, *, device: str = "auto", threads: int = 0
) -> Backend:
    """`directory` holds the files of the engine (None for the stub); `device` is "auto", "cpu" or
    "cuda"; `threads` 0 takes every core this process may use.

    Raises `EngineUnavailable` (library or device missing), `ModelDamaged`, `ModelNotInstalled`.
    """
    threads = threads or len(os.sched_getaffinity(0))
    if config.engine == "stub":
        from service.backends.stub import StubBackend

        return StubBackend(config)
    if directory is None:
        raise ModelNotInstalled(f"{config.name} has no files here; `kurzfassung models pull {config.name}`.")
    check_digests(config, directory)
    if config.engine == "ct2":
        try:
            from service.backends import ct2
        except ImportError as error:
            raise EngineUnavailable(
                f"{config.name} runs on CTranslate2, which cannot be loaded here: pip install kurzfassung."
            ) from error
        return ct2.CT2Backend(
            config, directory, device=_resolve(device, ct2.cuda_is_usable()), threads=threads
        )
    try:
        from service.backends import causal, pytorch
    except ImportError as error:
        raise EngineUnavailable(
            f"{config.name} runs on PyTorch, which is not installed here: pip install 'kurzfassung[models]'."
        ) from error
    where = _resolve(device, pytorch.cuda_is_usable())
    if config.architecture == "causal":
        return causal.CausalBackend(config, directory, device=where, threads=threads)
    return pytorch.PyTorchBackend(config, directory, device=where, threads=threads)


def engine_is_installed(engine: Engine) -> bool:
    """Whether its library is there; nothing is loaded."""
    library = {"ct2": "ctranslate2", "pytorch": "torch", "stub": ""}[engine]
    return not library or find_spec(library) is not None


def check_digests(config: ModelConfig, directory: Path) -> None:
    """Weights that ship with the project must be the ones their config names. Raises `ModelDamaged`."""
    for name, expected in config.weights.sha256.items():
        path = directory / name
        if not path.is_file():
            raise ModelDamaged(f"{config.name}: {name} is missing; reinstall the package.")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ModelDamaged(f"{config.name}: {name} is not the file its config names; reinstall.")


def _resolve(device: str, cuda: bool) -> str:
    if device == "cuda" and not cuda:
        raise EngineUnavailable("KURZFASSUNG_DEVICE=cuda, but there is no usable GPU here.")
    return "cuda" if cuda and device != "cpu" else "cpu"
