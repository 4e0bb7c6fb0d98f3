"""Where models live on this disk, and how they get there: pinned, verified, never half written.

    models_dir/
    ├── lock.json                     which commit each model was fetched at
    └── opus-mt-de-en/<revision>/
        ├── checkpoint/               as on the hub, only the files needed, with manifest.json
        └── ct2-int8/                 converted, what the ct2 engine loads, with manifest.json

A directory under construction ends in ".partial" and is renamed when it is complete.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.errors import DownloadFailed, ModelDamaged, ModelNotInstalled, OperatorError, SettingInvalid
from service.model_store.config import ModelConfig
from service.model_store.hub import Hub, RemoteFile, RemoteRepository, digest_of
from service.model_store.lock import LOCK_FILE, LockedFile, LockedModel, LockFile
from service.model_store.manifest import (
    MANIFEST,
    Manifest,
    check_digests,
    check_sizes,
    read_manifest,
    sha256_of,
    write_manifest,
)
from service.model_store.selection import has_weights, needed_files

CHECKPOINT = "checkpoint"
_PARTIAL = ".partial"
_BYTES_PER_WEIGHT = {"int8": 1.0, "int8_float32": 1.0, "int8_float16": 1.0, "float16": 2.0, "bfloat16": 2.0}
_SPARE = 1.05
"""Room beyond the bytes counted, for tokenizers, manifests and the file system's own needs."""

Progress = Callable[[str, int, int], None]
"""Told what is being worked on, and how many bytes of how many are done."""

Converter = Callable[[ModelConfig, Path, Path], None]
"""Reads the checkpoint (second), writes the directory that the engine loads (third), which is not there yet.
The engines lie above this package, so whoever asks for a conversion brings the converter."""


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What a pull will do, known before it does anything. Sizes in bytes; `download` counts only what is
    not on this disk yet, `conversion` is an estimate."""

    repository: RemoteRepository
    files: tuple[RemoteFile, ...]
    download: int
    conversion: int
    free: int

    @property
    def need(self) -> int:
        return int((self.download + self.conversion) * _SPARE)


class ModelFiles:
    """`free_space` gives the free bytes where a directory lies. Whoever changes models does it inside
    `alone`."""

    def __init__(
        self,
        models_dir: Path,
        hub_endpoint: str,
        offline: bool = False,
        *,
        attempts: int = 5,
        retry_pause: float = 1.0,
        free_space: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self.models_dir = models_dir
        self._hub = Hub(hub_endpoint, offline=offline, attempts=attempts, retry_pause=retry_pause)
        self._lock = LockFile(models_dir / LOCK_FILE)
        self._free_space = free_space

    def revision(self, config: ModelConfig) -> str:
        """The commit in use: configured, or else locked; "local-..." for a checkpoint imported by hand;
        for bundled weights their checksum; "" while nothing is known."""
        if config.bundled:
            listed = sorted(config.weights.sha256.items())
            return "sha256:" + hashlib.sha256(repr(listed).encode()).hexdigest()[:12] if listed else ""
        locked = self._lock.get(config.name)
        if locked is None or locked.repository != config.repository:
            return config.revision
        if config.revision and not locked.local:
            return config.revision
        return locked.revision

    def confirmed(self, config: ModelConfig) -> bool:
        """Whether the revision in use was read at its source: by a person, or by a pull from the hub."""
        locked = self._lock.get(config.name)
        pulled = locked is not None and bool(locked.files) and locked.revision == self.revision(config)
        return config.revision_verified or pulled

    def directory(self, config: ModelConfig, variant: str) -> Path | None:
        """Where a variant of this model lies or would lie; None while its revision is unknown."""
        revision = self.revision(config)
        return self.models_dir / config.name / revision / variant if revision else None

    def installed(self, config: ModelConfig) -> Path | None:
        """The directory that the engine loads, or None. Looks at names and sizes, not at every byte.

        The stub has no files and gives None; ask `is_installed` where it counts as present. Raises
        `ModelDamaged` when files are missing from a directory that was once complete.
        """
        if config.bundled:
            bundled = Path(config.weights.path)
            expected = "model.bin" if config.engine == "ct2" else "config.json"
            return bundled if (bundled / expected).is_file() else None
        return self._complete(config, served_variant(config))

    def is_installed(self, config: ModelConfig) -> bool:
        return config.engine == "stub" or self.installed(config) is not None

    def require(self, config: ModelConfig) -> Path:
        """As `installed`, but raises `ModelNotInstalled` with what to do."""
        directory = self.installed(config)
        if directory is not None:
            return directory
        if config.bundled:
            raise ModelNotInstalled(
                f"{config.name}: its weights should ship with the project in {config.weights.path}, "
                "and are not there."
            )
        if self.checkpoint(config) is not None:
            raise ModelNotInstalled(
                f"{config.name} is downloaded but not converted. "
                f"Run `kurzfassung models convert {config.name}`."
            )
        raise ModelNotInstalled(
            f"{config.name} is not in {self.models_dir}. Run `kurzfassung models pull {config.name}`, or "
            "`kurzfassung models import DIR|TAR` where there is no hub."
        )

    def checkpoint(self, config: ModelConfig) -> Path | None:
        """The complete checkpoint as fetched, or None."""
        return self._complete(config, CHECKPOINT)

    def size(self, config: ModelConfig) -> int:
        """Bytes on this disk that the engine loads; 0 when not installed."""
        directory = self.installed(config)
        if directory is None:
            return 0
        return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())

    def plan(self, config: ModelConfig, *, update: bool = False) -> PullPlan:
        """Asks the hub what there is. `update` looks at the head of `main` again where no revision is
        configured. Raises `DownloadFailed`."""
        if config.bundled or config.engine == "stub":
            raise SettingInvalid(f"{config.name} ships with the project; there is nothing to fetch.")
        locked = self._lock.get(config.name)
        if locked is not None and (locked.repository != config.repository or locked.local):
            locked = None
        pinned = config.revision or (locked.revision if locked is not None and not update else "")
        repository = self._hub.repository(config.repository, pinned)
        files = tuple(repository.files[path] for path in needed_files(repository.files))
        if not has_weights([file.path for file in files]) or "config.json" not in repository.files:
            raise DownloadFailed(
                f"{config.repository} at {repository.revision} holds no checkpoint we can use: it needs "
                "config.json and model.safetensors or pytorch_model.bin."
            )
        if locked is not None and locked.revision == repository.revision:
            _check_against_lock(config, files, locked, self._hub.endpoint)
        target = self.models_dir / config.name / repository.revision / CHECKPOINT
        missing = 0 if (target / MANIFEST).is_file() else _missing_bytes(files, target)
        converted = 0
        if config.engine == "ct2":
            converted = int(config.parameters * _BYTES_PER_WEIGHT.get(config.compute_type, 4.0))
        return PullPlan(repository, files, missing, converted, self.free_bytes())

    def pull(
        self, config: ModelConfig, progress: Progress | None = None, *, plan: PullPlan | None = None
    ) -> Path:
        """The checkpoint at the planned commit, locked, downloaded and verified. Returns its directory.

        Raises `DownloadFailed`, also when the disk is too small: before anything is downloaded.
        """
        plan = self.plan(config) if plan is None else plan
        if plan.need > plan.free:
            raise DownloadFailed(
                f"{config.name} needs {megabytes(plan.need)} on disk ({megabytes(plan.download)} to "
                f"download, about {megabytes(plan.conversion)} converted), but {self.models_dir} has "
                f"{megabytes(plan.free)} free. Make room, or set KURZFASSUNG_MODELS_DIR to a larger disk."
            )
        repository = plan.repository
        # Locked before the first byte, so that a pull that is cut short goes on at the same commit.
        self._lock.put(
            config.name,
            LockedModel(
                repository=config.repository,
                revision=repository.revision,
                endpoint=self._hub.endpoint,
                files={file.path: LockedFile(size=file.size, digest=file.digest) for file in plan.files},
            ),
        )
        target = self.models_dir / config.name / repository.revision / CHECKPOINT
        if (target / MANIFEST).is_file():
            check_sizes(target, read_manifest(target))
            return target
        staging = target.with_name(target.name + _PARTIAL)
        staging.mkdir(parents=True, exist_ok=True)
        total, done = sum(file.size for file in plan.files), 0
        for file in plan.files:

            def received(count: int, name: str = file.path) -> None:
                nonlocal done
                done += count
                if progress is not None:
                    progress(name, done, total)

            path = staging / file.path
            if path.is_file() and digest_of(path, file) == file.digest:
                received(file.size)
            else:
                path.unlink(missing_ok=True)
                self._hub.download(repository, file, path, received)
        for path in staging.iterdir():
            # A beginning left by an earlier pull of other files does not belong to the checkpoint.
            if path.name not in {file.path for file in plan.files}:
                path.unlink()
        write_manifest(staging, config, repository.revision, CHECKPOINT)
        return _publish(staging, target)

    def convert(self, config: ModelConfig, converter: Converter) -> Path:
        """Turns the checkpoint into what the engine loads; replaces an earlier conversion."""
        variant = served_variant(config)
        checkpoint, target = self.checkpoint(config), self.directory(config, variant)
        if checkpoint is None or target is None:
            raise ModelNotInstalled(
                f"{config.name} is not downloaded. Run `kurzfassung models pull {config.name}` first."
            )
        if variant == CHECKPOINT:
            return checkpoint
        staging = target.with_name(target.name + _PARTIAL)
        shutil.rmtree(staging, ignore_errors=True)
        try:
            converter(config, checkpoint, staging)
            write_manifest(staging, config, self.revision(config), variant)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        return _publish(staging, target)

    def verify(self, config: ModelConfig, progress: Progress | None = None) -> int:
        """Recomputes every digest of this model on this disk; returns the count of files.

        Raises `ModelDamaged` for the first that is wrong, `ModelNotInstalled` when there is nothing.
        """
        if config.engine == "stub":
            return 0
        if config.bundled:
            return _verify_bundled(config, self.require(config))
        variants = dict.fromkeys((CHECKPOINT, served_variant(config)))
        found = [(self._complete(config, variant), variant) for variant in variants]
        manifests = [
            (directory, self._own_manifest(config, directory, variant))
            for directory, variant in found
            if directory is not None
        ]
        if not manifests:
            self.require(config)
        total = sum(stored.size for _, manifest in manifests for stored in manifest.files.values())
        done = 0

        def read(count: int) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(config.name, done, total)

        for directory, manifest in manifests:
            check_digests(directory, manifest, read)
            if manifest.variant == CHECKPOINT:
                self._check_lock(config, directory)
        return sum(len(manifest.files) for _, manifest in manifests)

    def remove_checkpoint(self, config: ModelConfig) -> None:
        """Gives back the space of a checkpoint that has been converted."""
        checkpoint = self.checkpoint(config)
        if (
            checkpoint is not None
            and served_variant(config) != CHECKPOINT
            and self.installed(config) is not None
        ):
            shutil.rmtree(checkpoint)

    def install(self, directory: Path, config: ModelConfig, manifest: Manifest) -> Path:
        """Moves a directory, checked against its manifest, to its place, and locks its revision."""
        target = self.models_dir / config.name / manifest.revision / manifest.variant
        target.parent.mkdir(parents=True, exist_ok=True)
        _publish(directory, target)
        locked = self._lock.get(config.name)
        if locked is None or locked.revision != manifest.revision:
            self._lock.put(
                config.name, LockedModel(repository=manifest.repository, revision=manifest.revision)
            )
        return target

    def free_bytes(self) -> int:
        """On the disk that holds the models."""
        self.models_dir.mkdir(parents=True, exist_ok=True)
        return self._free_space(self.models_dir)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other commands from changing the models meanwhile: two downloads into one file would spoil
        it. Raises `OperatorError` at once when one is at work; serving needs no lock."""
        from filelock import FileLock, Timeout

        self.models_dir.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.models_dir / ".lock", timeout=0):
                yield
        except Timeout:
            raise OperatorError(
                f"Another kurzfassung command is changing {self.models_dir}. Wait for it to end."
            ) from None

    def _complete(self, config: ModelConfig, variant: str) -> Path | None:
        directory = self.directory(config, variant)
        if directory is None or not directory.is_dir():
            return None
        check_sizes(directory, self._own_manifest(config, directory, variant))
        return directory

    def _own_manifest(self, config: ModelConfig, directory: Path, variant: str) -> Manifest:
        manifest = read_manifest(directory)
        expected = (config.name, config.repository, self.revision(config), variant)
        found = (manifest.model, manifest.repository, manifest.revision, manifest.variant)
        if found != expected:
            raise ModelDamaged(
                f"{directory / MANIFEST} describes {' '.join(found)}, not {' '.join(expected)}. "
                "Remove the directory and fetch the model again."
            )
        return manifest

    def _check_lock(self, config: ModelConfig, checkpoint: Path) -> None:
        locked = self._lock.get(config.name)
        if locked is None or locked.revision != self.revision(config):
            return
        for name, file in locked.files.items():
            path = checkpoint / name
            if not path.is_file() or digest_of(path, RemoteFile(name, file.size, file.digest)) != file.digest:
                raise ModelDamaged(f"{config.name}: {path} is not what {LOCK_FILE} says the hub announced.")


def served_variant(config: ModelConfig) -> str:
    """The directory name of what the model's engine loads."""
    return f"ct2-{config.compute_type}" if config.engine == "ct2" else CHECKPOINT


def megabytes(size: float) -> str:
    """Bytes for people, in powers of ten as disks are sold."""
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:.{1 if name == 'GB' else 0}f} {name}"
    return f"{size / 1e3:.0f} kB"


def _publish(staging: Path, target: Path) -> Path:
    """Puts a complete directory in its place; what stood there goes only when the new one is in."""
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    staging.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _missing_bytes(files: tuple[RemoteFile, ...], target: Path) -> int:
    staging = target.with_name(target.name + _PARTIAL)
    missing = 0
    for file in files:
        for path in (staging / file.path, staging / f"{file.path}.incomplete"):
            if path.is_file():
                missing -= min(path.stat().st_size, file.size)
        missing += file.size
    return max(0, missing)


def _check_against_lock(
    config: ModelConfig, files: tuple[RemoteFile, ...], locked: LockedModel, endpoint: str
) -> None:
    for file in files:
        known = locked.files.get(file.path)
        if known is not None and (known.size, known.digest) != (file.size, file.digest):
            raise DownloadFailed(
                f"{endpoint} announces other content for {file.path} of {config.name} than {LOCK_FILE} "
                "recorded for the same commit. Do not trust this mirror; nothing was downloaded."
            )


def _verify_bundled(config: ModelConfig, directory: Path) -> int:
    for name, digest in config.weights.sha256.items():
        path = directory / name
        if not path.is_file() or sha256_of(path) != digest:
            raise ModelDamaged(
                f"{config.name}: {path} is missing or has the wrong SHA-256. Reinstall the project."
            )
    return len(config.weights.sha256)
