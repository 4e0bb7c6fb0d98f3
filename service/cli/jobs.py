"""`kurzfassung jobs`: the operator's view of the jobs of all callers, beside the running service."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from service.cli.exit_codes import ExitCode
from service.cli.whole_number import whole_number
from service.errors import JobNotFound, StoreUnavailable
from service.jobs.job import Job, Status
from service.jobs.store import JobStore
from service.keys.key import key_of
from service.settings import Settings
from service.stores import open_job_store, open_key_store

_HEAD = ("ID", "KIND", "STATUS", "SEGMENTS", "CHARACTERS", "CREATED", "OWNER", "ERROR")
_NUMBERS = {"SEGMENTS", "CHARACTERS"}


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `jobs` and its subcommands."""
    parser = subparsers.add_parser("jobs", help="list, show and cancel jobs, and back them up")
    commands = parser.add_subparsers(dest="jobs_command", required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="the newest jobs of all callers, and how far they are")
    command.add_argument("--status", choices=get_args(Status))
    command.add_argument("--limit", type=whole_number(1, 1_000_000), default=50, metavar="N")
    command.add_argument("--json", action="store_true", help="one JSON object a line")
    command.set_defaults(run=_with_store(_list))

    command = commands.add_parser("show", help="one job as JSON, without its text")
    command.add_argument("id", metavar="ID")
    command.set_defaults(run=_with_store(_show))

    command = commands.add_parser(
        "cancel", help="cancel a job, or forget one that has ended; text and result are deleted at once"
    )
    command.add_argument("ids", nargs="+", metavar="ID")
    command.set_defaults(run=_cancel)

    command = commands.add_parser("backup", help="copy all jobs into a file while the service runs")
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=_with_store(_backup))


def _with_store(
    act: Callable[[argparse.Namespace, JobStore], int],
) -> Callable[[argparse.Namespace, Settings], int]:
    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        with closing(open_job_store(settings)) as store:
            try:
                return act(arguments, store)
            except JobNotFound as error:
                print(f"kurzfassung: {error.message}", file=sys.stderr)
                return ExitCode.USAGE
            except StoreUnavailable as error:
                print(f"kurzfassung: {error.message} ({error.__cause__})", file=sys.stderr)
                return ExitCode.FAILED

    return run


def _list(arguments: argparse.Namespace, store: JobStore) -> int:
    jobs = store.list(None, limit=arguments.limit, status=arguments.status)
    if arguments.json:
        for job in jobs:
            print(json.dumps(_facts(job)))
        return ExitCode.OK
    rows = [
        (
            job.id,
            job.kind,
            job.status,
            f"{job.done}/{job.total}",
            f"{job.characters:,}",
            _time(job.created) or "",
            job.owner or "-",
            job.error_code or "",
        )
        for job in jobs
    ]
    for line in _table([_HEAD, *rows]):
        print(line)
    return ExitCode.OK


def _show(arguments: argparse.Namespace, store: JobStore) -> int:
    print(json.dumps(_facts(store.get(arguments.id, None)), indent=2))
    return ExitCode.OK


def _cancel(arguments: argparse.Namespace, settings: Settings) -> int:
    def cancel(arguments: argparse.Namespace, store: JobStore) -> int:
        with closing(open_key_store(settings)) as keys:
            for identity in arguments.ids:
                removed = store.remove(identity, None)
                print(f"{identity} {'cancelled' if removed.cancelled else 'forgotten'}")
                if key := key_of(removed.job.owner):
                    keys.give_back(key, removed.refund, removed.job.charged)
        return ExitCode.OK

    return _with_store(cancel)(arguments, settings)


def _backup(arguments: argparse.Namespace, store: JobStore) -> int:
    store.backup(arguments.file)
    print(f"{arguments.file}: {arguments.file.stat().st_size:,} bytes")
    return ExitCode.OK


def _facts(job: Job) -> dict[str, Any]:
    times = {name: _time(getattr(job, name)) for name in ("created", "started", "finished", "expires")}
    return asdict(job) | times


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
            for cell, width, name in zip(row, widths, _HEAD, strict=True)
        ]
        yield "  ".join(cells).rstrip()
