"""`kurzfassung batch IN.jsonl OUT.jsonl`: many articles, one JSON object a line, resumable."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from service.api.body import validate
from service.api.native.wire import DigestBody, SummaryWish
from service.app import open_pipeline
from service.cli.digest import add_summary_arguments, answer, shape_of
from service.cli.exit_codes import ExitCode
from service.errors import GlossaryNotFound, MalformedBody, Overloaded, ServiceError
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.result import Digest
from service.settings import Settings

_AHEAD = 8
"""Articles in work at once: enough to fill the engine's batches, little enough to keep in memory."""

_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the input that holds something. `number` counts from 1, blank lines included."""

    number: int
    text: str


class _Mismatch(Exception):
    """The output file was not made from this input."""


def add_batch_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    add_summary_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    try:
        if arguments.output.exists() and arguments.output.samefile(arguments.input):
            raise _Mismatch(f"{arguments.output} is the input; name another output")
        total = sum(1 for _ in _lines(arguments.input))
        if arguments.overwrite:
            arguments.output.unlink(missing_ok=True)
        done, failed_before = _resume(arguments.input, arguments.output)
        arguments.output.open("a", encoding="utf-8").close()  # cannot be written: said before the work
    except OSError as error:
        print(f"kurzfassung: {error.filename}: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    except UnicodeDecodeError:
        print(f"kurzfassung: {arguments.input}: not UTF-8", file=sys.stderr)
        return ExitCode.USAGE
    except _Mismatch as error:
        print(f"kurzfassung: {error}", file=sys.stderr)
        return ExitCode.USAGE
    if done:
        print(f"going on after {done} of {total} lines", file=sys.stderr)
    wish = {name: getattr(arguments, name) for name in SummaryWish.model_fields}
    failed = failed_before + asyncio.run(_work(arguments, settings, total, done, wish))
    if arguments.json:
        print(json.dumps({"lines": total, "already_done": done, "failed": failed}))
    elif failed:
        print(f"{failed} of {total} lines failed; see their `error` in the output.", file=sys.stderr)
    return ExitCode.FAILED if failed else ExitCode.OK


async def _work(
    arguments: argparse.Namespace, settings: Settings, total: int, done: int, wish: dict[str, Any]
) -> int:
    failed = 0
    lines = _lines(arguments.input)
    for _ in range(done):
        next(lines)
    running: deque[asyncio.Task[dict[str, Any]]] = deque()
    async with open_pipeline(settings) as pipeline:
        with (
            arguments.output.open("a", encoding="utf-8") as output,
            tqdm(total=total, initial=done, unit="article", file=sys.stderr) as bar,
        ):
            try:
                for line in lines:
                    running.append(asyncio.create_task(_answer(pipeline, arguments.task, line, wish)))
                    if len(running) >= _AHEAD:
                        failed += await _write(running, output, bar)
                while running:
                    failed += await _write(running, output, bar)
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
    return failed


async def _write(running: deque[asyncio.Task[dict[str, Any]]], output: TextIO, bar: tqdm[Any]) -> int:
    """The oldest answer, written whole in one go: a kill leaves at most one line without its end,
    which `_resume` cuts off. Returns how many failed, 0 or 1."""
    made = await running[0]
    running.popleft()
    line = json.dumps(made, ensure_ascii=False)
    if not line.isascii() and any("\ud800" <= character <= "\udfff" for character in line):
        line = json.dumps(made)  # an `id` with half a surrogate pair, which no encoding writes
    output.write(line + "\n")
    output.flush()
    bar.update()
    return int("error" in made)


async def _answer(pipeline: ArticlePipeline, task: str, line: _Line, wish: dict[str, Any]) -> dict[str, Any]:
    """Never raises for what is wrong with one line: that is its answer."""
    identity: Any = line.number
    try:
        try:
            fields = json.loads(line.text)
        except (ValueError, RecursionError):
            raise MalformedBody(f"Line {line.number} is not valid JSON.") from None
        if isinstance(fields, dict):
            identity = fields.pop("id", line.number)
            asked = {key: value for key, value in wish.items() if value is not None}
            if asked and "summary" not in fields:
                fields["summary"] = asked
        body = validate(DigestBody, fields)
        if isinstance(body.glossary, str):
            raise GlossaryNotFound(
                "A batch knows no stored glossaries; give the terms themselves.", pointer="#/glossary"
            )
        wanted = body.wanted(body.text, None, body.summary.request(), body.terms)
        digest = await _answer_patiently(pipeline, task, wanted)
        return {"id": identity, "result": shape_of(task, digest, segments=body.segments)}
    except ServiceError as error:
        return {"id": identity, "error": {"code": error.code, "message": error.message}}
    except Exception as error:  # a bug of ours costs this line, not the ten thousand after it
        message = f"Something broke on our side ({type(error).__name__})."
        return {"id": identity, "error": {"code": ServiceError.code, "message": message}}


async def _answer_patiently(pipeline: ArticlePipeline, task: str, request: DigestRequest) -> Digest:
    """Where the queue is full, it is with our own articles: the next one waits its turn."""
    while True:
        try:
            return await answer(pipeline, task, request)
        except Overloaded as error:
            await asyncio.sleep(min(error.retry_after, _PATIENCE_SECONDS))


def _lines(path: Path) -> Iterator[_Line]:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield _Line(number, text)


def _resume(source: Path, output: Path) -> tuple[int, int]:
    """How many lines are done, and how many of them failed. Cuts off a last line that a kill left
    without its end. Raises `_Mismatch` when the ids of the output are not those of the input."""
    if not output.exists():
        return 0, 0
    whole = done = failed = 0
    lines = _lines(source)
    with output.open("rb") as file:
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            line = next(lines, None)
            try:
                made = json.loads(raw)
                same = line is not None and made["id"] == _identity(line)
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


def _identity(line: _Line) -> Any:
    try:
        fields = json.loads(line.text)
    except (ValueError, RecursionError):
        return line.number
    return fields.get("id", line.number) if isinstance(fields, dict) else line.number
