"""`kurzfassung models`: what is configured and installed, and bringing it onto this disk.

A failure is one line on stderr; a name that nothing is called by counts as wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from service.cli.exit_codes import ExitCode
from service.errors import EngineUnavailable, ModelDamaged, ModelNotInstalled, OperatorError, SettingInvalid
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from service.model_store.files import ModelFiles, Progress, megabytes
from service.model_store.licence import acknowledged_models, require_licence
from service.model_store.transfer import export_model, import_models
from service.settings import Settings

Command = Callable[[argparse.Namespace, Settings], int]

_UNVERIFIED = "unverified"


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `models` and its subcommands; each sets `run`, called with the arguments and the settings."""
    parser = subparsers.add_parser("models", help="list, fetch, convert, verify and carry models")
    commands = parser.add_subparsers(dest="models_command", required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="every configured model, and what is on this disk")
    command.add_argument("--json", action="store_true", help="for machines")
    command.set_defaults(run=_guarded(_list))

    command = commands.add_parser("pull", help="download models (or a profile's) and convert them")
    command.add_argument("names", nargs="+", metavar="NAME|PROFILE")
    command.add_argument("--download-only", action="store_true", help="leave conversion for later")
    command.add_argument(
        "--update",
        action="store_true",
        help="where no revision is configured, take the newest, not the locked",
    )
    command.add_argument(
        "--drop-checkpoint", action="store_true", help="delete the download once it is converted"
    )
    command.set_defaults(run=_guarded(_pull))

    command = commands.add_parser("convert", help="convert downloaded models again")
    command.add_argument("names", nargs="+", metavar="NAME|PROFILE")
    command.set_defaults(run=_guarded(_convert))

    command = commands.add_parser("verify", help="recompute every checksum")
    command.add_argument("names", nargs="*", metavar="NAME|PROFILE", help="all installed ones by default")
    command.set_defaults(run=_guarded(_verify))

    command = commands.add_parser("import", help="bring in a model without a hub")
    command.add_argument("source", type=Path, metavar="DIR|TAR")
    command.add_argument("--name", default="", help="which model a plain checkpoint is")
    command.add_argument("--download-only", action="store_true", help="leave conversion for later")
    command.set_defaults(run=_guarded(_import))

    command = commands.add_parser("export", help="write an installed model to a .tar or .tar.gz")
    command.add_argument("name", metavar="NAME")
    command.add_argument("file", type=Path, metavar="FILE.tar")
    command.set_defaults(run=_guarded(_export))


class _Store:
    """The settings' catalogue and files, read once per command."""

    def __init__(self, settings: Settings) -> None:
        self.catalogue = Catalogue.read(settings.model_configs)
        self.files = ModelFiles(settings.models_dir, settings.hub_endpoint, settings.offline)
        self._acknowledged = acknowledged_models(settings.acknowledged_licences)

    def named(self, names: Sequence[str]) -> list[ModelConfig]:
        """The models meant by names of models and profiles, each once."""
        try:
            found = [config for name in names for config in self.catalogue.expand(name)]
        except SettingInvalid as error:
            raise _NoSuchName(error.message) from error
        return list({config.name: config for config in found}.values())

    def accept(self, config: ModelConfig) -> None:
        require_licence(config, self._acknowledged)

    def convert(self, config: ModelConfig) -> None:
        if config.engine != "ct2":
            return
        _require_converter(config)
        from service.backends.convert import convert_checkpoint

        with _fraction_bar(f"converting {config.name}") as progress:
            self.files.convert(
                config,
                lambda config, checkpoint, output: convert_checkpoint(
                    config, checkpoint, output, compute_type=config.compute_type, progress=progress
                ),
            )
        _say(f"{config.name}: ready, {megabytes(self.files.size(config))}")


class _NoSuchName(SettingInvalid):
    """A name on the command line that nothing is called by: a mistake in usage."""


def _list(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _Store(settings)
    rows = [_row(config, store.files) for config in store.catalogue.models.values()]
    if arguments.json:
        profiles = {name: profile.model_dump() for name, profile in store.catalogue.profiles.items()}
        print(json.dumps({"models": rows, "profiles": profiles}, ensure_ascii=False, indent=2))
        return ExitCode.OK
    header = ("NAME", "TASK", "LANGUAGES", "LICENCE", "REVISION", "STATE", "SIZE", "MEMORY")
    table = [header, *(_cells(row) for row in rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(header))]
    for cells in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    print(f"\nModels are kept in {settings.models_dir}.")
    for name, profile in store.catalogue.profiles.items():
        print(f"Profile {name}: {', '.join(profile.translation)} + {profile.summarization}")
    return ExitCode.OK


def _row(config: ModelConfig, files: ModelFiles) -> dict[str, Any]:
    """One model for `--json`; the table is made from it. Sizes in bytes, memory in MB."""
    try:
        state = "installed" if files.is_installed(config) else "absent"
        if state == "absent" and files.checkpoint(config) is not None:
            state = "not converted"
        size, revision, confirmed = files.size(config), files.revision(config), files.confirmed(config)
    except ModelDamaged:
        state, size, revision, confirmed = "damaged", 0, config.revision, False
    return {
        "name": config.name,
        "task": config.task,
        "engine": config.engine,
        "source_languages": list(config.source_languages),
        "target_languages": list(config.target_languages),
        "licence": {
            "name": config.licence.name,
            "verified": config.licence.verified,
            "restricted": config.licence.restricted,
            "notice": config.licence.notice,
            "url": config.licence.url,
        },
        "repository": config.repository,
        "revision": revision,
        "revision_verified": confirmed,
        "state": state,
        "size": size,
        "download_mb": config.download_mb,
        "memory_mb": config.memory_mb,
        "demonstration": config.demonstration,
        "description": config.description,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    licence = row["licence"]
    marks = [word for word in ("restricted",) if licence["restricted"]]
    marks += [] if licence["verified"] else [_UNVERIFIED]
    named = " ".join((licence["name"] or "unknown", *(f"({mark})" for mark in marks)))
    revision = row["revision"].removeprefix("sha256:")[:12] or "-"
    if row["repository"] and not row["revision_verified"]:
        revision = f"{revision} ({_UNVERIFIED})"
    size = megabytes(row["size"]) if row["size"] else f"({row['download_mb']} MB to fetch)"
    return (
        row["name"],
        row["task"],
        f"{_languages(row['source_languages'])} > {_languages(row['target_languages'])}",
        named,
        revision,
        row["state"],
        size if row["size"] or row["download_mb"] else "-",
        f"{row['memory_mb']} MB",
    )


def _languages(codes: Sequence[str]) -> str:
    return ",".join(codes) if len(codes) <= 3 else f"{len(codes)} languages"


def _pull(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _Store(settings)
    wanted = store.named(arguments.names)
    # Refused before the first byte, for all of them: nobody waits for one model to hear no to the next.
    for config in wanted:
        store.accept(config)
    for config in wanted:
        if config.bundled or config.engine == "stub":
            _say(f"{config.name}: ships with the project, nothing to fetch")
        elif not arguments.update and store.files.is_installed(config):
            _say(f"{config.name}: already installed at {store.files.revision(config)}")
        else:
            with store.files.alone():
                _fetch(store, config, arguments, settings)
    return ExitCode.OK


def _fetch(store: _Store, config: ModelConfig, arguments: argparse.Namespace, settings: Settings) -> None:
    if arguments.update or store.files.checkpoint(config) is None:
        plan = store.files.plan(config, update=arguments.update)
        if not arguments.download_only:
            _require_converter(config)
        _say(
            f"{config.name}: {megabytes(plan.download)} to download from {settings.hub_endpoint}, "
            f"about {megabytes(plan.conversion)} after conversion, {megabytes(plan.free)} free in "
            f"{settings.models_dir}; {plan.repository.repository} at {plan.repository.revision}"
        )
        with _byte_bar(f"fetching {config.name}") as progress:
            store.files.pull(config, progress, plan=plan)
    if not arguments.download_only:
        store.convert(config)
        if arguments.drop_checkpoint:
            store.files.remove_checkpoint(config)


def _convert(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _Store(settings)
    for config in store.named(arguments.names):
        if config.bundled or config.engine != "ct2":
            _say(f"{config.name}: needs no conversion")
            continue
        store.accept(config)
        with store.files.alone():
            store.convert(config)
    return ExitCode.OK


def _verify(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _Store(settings)
    failures = 0
    for config in store.named(arguments.names) if arguments.names else store.catalogue.models.values():
        try:
            with _byte_bar(f"verifying {config.name}") as progress:
                count = store.files.verify(config, progress)
        except ModelNotInstalled as error:
            if arguments.names:
                failures += 1
                _say(f"kurzfassung: {error.message}")
        except ModelDamaged as error:
            failures += 1
            _say(f"kurzfassung: {error.message}")
        else:
            checked = f"{count} files as recorded" if count else "nothing recorded to compare with"
            print(f"{config.name}: {checked}")
    return ExitCode.FAILED if failures else ExitCode.OK


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _Store(settings)
    if arguments.name:
        store.named([arguments.name])
    with store.files.alone():
        imported = import_models(
            store.files, arguments.source, store.catalogue.models, name=arguments.name, accept=store.accept
        )
        for directory in imported:
            _say(f"imported {directory}")
            config = store.catalogue.model(directory.relative_to(settings.models_dir).parts[0])
            if not arguments.download_only and not store.files.is_installed(config):
                store.convert(config)
    return ExitCode.OK


def _export(arguments: argparse.Namespace, settings: Settings) -> int:
    store = _Store(settings)
    (config,) = _one(store.named([arguments.name]), arguments.name)
    with _byte_bar(f"exporting {config.name}") as progress:
        export_model(store.files, config, arguments.file, progress)
    _say(f"{arguments.file}: {megabytes(arguments.file.stat().st_size)}")
    return ExitCode.OK


def _one(configs: list[ModelConfig], name: str) -> list[ModelConfig]:
    if len(configs) != 1 or configs[0].name != name:
        raise _NoSuchName(f"{name} is a profile; export its models one by one.")
    return configs


def _guarded(command: Command) -> Command:
    """The reason of a failure goes to stderr in one line, without a traceback."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        try:
            return command(arguments, settings)
        except _NoSuchName as error:
            _say(f"kurzfassung: {error.message}")
            return ExitCode.USAGE
        except OperatorError as error:
            _say(f"kurzfassung: {error.message}")
            return ExitCode.FAILED

    return run


def _require_converter(config: ModelConfig) -> None:
    """Raises `EngineUnavailable` before a long download rather than after it."""
    if config.engine == "ct2" and not (find_spec("torch") and find_spec("transformers")):
        raise EngineUnavailable(
            f"Converting {config.name} needs the `models` extra (torch, transformers): "
            "pip install 'kurzfassung[models]'. Or fetch now with --download-only and convert elsewhere."
        )


def _say(message: str) -> None:
    print(message, file=sys.stderr)


@contextmanager
def _byte_bar(what: str) -> Iterator[Progress]:
    """Silent where stderr is not a terminal."""
    with tqdm(desc=what, unit="B", unit_scale=True, disable=None) as bar:

        def progress(_name: str, done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


@contextmanager
def _fraction_bar(what: str) -> Iterator[Callable[[str, float], None]]:
    with tqdm(desc=what, total=1.0, bar_format="{desc}: {percentage:3.0f}%|{bar}|", disable=None) as bar:

        def progress(step: str, fraction: float) -> None:
            bar.set_description(f"{what}: {step}", refresh=False)
            bar.update(fraction - bar.n)

        yield progress
