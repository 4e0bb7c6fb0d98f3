"""`kurzfassung batch IN.jsonl OUT.jsonl`: many articles, one JSON object a line, resumable; in this process,
in several, or on a Ray cluster."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from service.api.native.request_wire import SummaryWish
from service.cli.archive import Wanted, answers, dumped, lines_of
from service.cli.cluster import on_ray
from service.cli.digest import add_summary_arguments
from service.cli.exit_codes import ExitCode
from service.cli.processes import in_processes
from service.cli.shards import OtherPlan, Plan, folder_of, forget, plan
from service.cli.whole_number import whole_number
from service.opening import open_pipeline
from service.settings import Settings

_SHARD_LINES = 200
"""At most so many articles are done again in each process after a kill."""


class _Mismatch(Exception):
    """The output file was not made from this input."""


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "batch",
        help="many articles from a JSON Lines file",
        description="Each line of IN is an object with `text` and, if you like, `id` and the fields of "
        "POST /v1/digest. OUT gets a line for each, in order: `id` and `result`, or `id` and `error`. "
        "Called again after a kill, it goes on where it stopped.",
    )
    parser.add_argument("input", metavar="IN.jsonl", type=Path)
    parser.add_argument("output", metavar="OUT.jsonl", type=Path)
    parser.add_argument("--task", choices=["digest", "translate", "summarize"], default="digest")
    parser.add_argument("--overwrite", action="store_true", help="start anew even if OUT has lines")
    parser.add_argument("--json", action="store_true", help="print the closing counts as JSON")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--processes",
        type=whole_number(1, 1024),
        metavar="N",
        help="share it out among so many processes",
    )
    where.add_argument(
        "--ray",
        nargs="?",
        const="auto",
        metavar="ADDRESS",
        help="share it out on a Ray cluster: its address, or the one this machine belongs to; every node "
        "reads IN at the same path",
    )
    parser.add_argument(
        "--shard-lines",
        type=whole_number(1),
        default=_SHARD_LINES,
        metavar="N",
        help=f"articles shared out together, with --processes and --ray (default: {_SHARD_LINES})",
    )
    add_summary_arguments(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class _Start:
    """Articles in all, how many of them the output has, and how many of those failed. `plan` is there for
    what is done in shards."""

    total: int
    done: int
    failed: int
    plan: Plan | None


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    summary = {name: getattr(arguments, name) for name in SummaryWish.model_fields}
    wanted = Wanted(arguments.task, summary)
    try:
        start = _prepare(arguments, wanted)
    except OSError as error:
        print(f"kurzfassung: {error.filename}: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    except UnicodeDecodeError:
        print(f"kurzfassung: {arguments.input}: not UTF-8", file=sys.stderr)
        return ExitCode.USAGE
    except (_Mismatch, OtherPlan) as error:
        print(f"kurzfassung: {error}", file=sys.stderr)
        return ExitCode.USAGE
    if start.done:
        print(f"going on after {start.done} of {start.total} lines", file=sys.stderr)
    failed = start.failed
    if start.plan is not None:
        failed += _work_in_shards(arguments, settings, start.plan, wanted, start.total)
    else:
        failed += asyncio.run(_work(arguments, settings, start, wanted))
    if arguments.json:
        print(json.dumps({"lines": start.total, "already_done": start.done, "failed": failed}))
    elif failed:
        print(f"{failed} of {start.total} lines failed; see their `error` in the output.", file=sys.stderr)
    return ExitCode.FAILED if failed else ExitCode.OK


def _prepare(arguments: argparse.Namespace, wanted: Wanted) -> _Start:
    """Everything that can be said before the models are loaded."""
    source, output = arguments.input, arguments.output
    if output.exists() and output.samefile(source):
        raise _Mismatch(f"{output} is the input; name another output")
    total = sum(1 for _ in lines_of(source))
    if arguments.overwrite:
        output.unlink(missing_ok=True)
        forget(output)
    done, failed = _resume(source, output)
    output.open("a", encoding="utf-8").close()  # cannot be written: said before the work
    planned = None
    if done == total:
        forget(output)
    elif arguments.processes is not None or arguments.ray is not None:
        planned = plan(source, output, done, wanted, arguments.shard_lines)
        planned.open()
    elif folder_of(output).exists():
        raise _Mismatch(
            f"{folder_of(output)} holds unfinished work; go on with --processes or --ray, "
            "or start anew with --overwrite"
        )
    return _Start(total, done, failed, planned)


async def _work(arguments: argparse.Namespace, settings: Settings, start: _Start, wanted: Wanted) -> int:
    """One after the other into the output, each line whole in one go: a kill leaves at most one without its
    end, which `_resume` cuts off. Returns how many failed."""
    failed = 0
    lines = lines_of(arguments.input)
    for _ in range(start.done):
        next(lines)
    async with open_pipeline(settings) as pipeline:
        with (
            arguments.output.open("a", encoding="utf-8") as output,
            tqdm(total=start.total, initial=start.done, unit="article", file=sys.stderr) as bar,
        ):
            async with aclosing(answers(pipeline, wanted, lines)) as made:
                async for each in made:
                    output.write(dumped(each))
                    output.flush()
                    bar.update()
                    failed += "error" in each
    return failed


def _work_in_shards(
    arguments: argparse.Namespace, settings: Settings, planned: Plan, wanted: Wanted, total: int
) -> int:
    """Shards that an earlier run finished are not done again. Returns how many lines failed. Raises
    `WorkerDied`."""
    missing = planned.missing()
    there = total - sum(shard.articles for shard in missing)
    if there > planned.done:
        kept = len(planned.shards) - len(missing)
        print(f"going on: {kept} of {len(planned.shards)} shards are done", file=sys.stderr)
    with tqdm(total=total, initial=there, unit="article", file=sys.stderr) as bar:
        if arguments.ray is not None:
            made = on_ray(arguments.ray, missing, settings, arguments.input, wanted)
        else:
            made = in_processes(arguments.processes, missing, settings, arguments.input, wanted)
        for each in made:
            planned.keep(each)
            bar.update(each.articles)
    return planned.finish()


def _resume(source: Path, output: Path) -> tuple[int, int]:
    """How many lines are done, and how many of them failed. Cuts off a last line that a kill left
    without its end. Raises `_Mismatch` when the ids of the output are not those of the input."""
    if not output.exists():
        return 0, 0
    whole = done = failed = 0
    lines = lines_of(source)
    with output.open("rb") as file:
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            line = next(lines, None)
            try:
                made = json.loads(raw)
                same = line is not None and made["id"] == line.identity
            except (ValueError, KeyError, TypeError):
                same = False
            if not same:
                raise _Mismatch(
                    f"{output}: line {done + 1} does not answer that line of {source}; "
                    "name another output, or start anew with --overwrite"
                )
            whole += len(raw)
            done += 1
            failed += "error" in made
    with output.open("rb+") as file:
        file.truncate(whole)
    return done, failed
