"""An archive: one article a line, in JSON; and what is answered to each."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.api.body import validate
from service.api.native.request_wire import DigestBody
from service.cli.digest import answer, shape_of
from service.errors import GlossaryNotFound, MalformedBody, Overloaded, ServiceError
from service.pipeline.article import ArticlePipeline, DigestRequest
from service.pipeline.result import Digest

_AHEAD = 8
"""Articles in work at once: enough to fill the engine's batches, little enough to keep in memory."""

_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the input that holds something. `number` counts from 1, blank lines included."""

    number: int
    text: str

    @property
    def identity(self) -> Any:
        """Its `id`, otherwise its number."""
        try:
            fields = json.loads(self.text)
        except (ValueError, RecursionError):
            return self.number
        return fields.get("id", self.number) if isinstance(fields, dict) else self.number


@dataclass(frozen=True, slots=True)
class Wanted:
    """`task` is digest, translate or summarize; `summary` the fields that a line gets which has none."""

    task: str
    summary: dict[str, Any]


def lines_of(path: Path) -> Iterator[Line]:
    """Raises `OSError` and `UnicodeDecodeError`."""
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield Line(number, text)


async def answers(
    pipeline: ArticlePipeline, wanted: Wanted, lines: Iterable[Line]
) -> AsyncGenerator[dict[str, Any]]:
    """One for each line, in order: `id` with `result` or with `error`. Close it to stop early."""
    running: deque[asyncio.Task[dict[str, Any]]] = deque()
    try:
        for line in lines:
            running.append(asyncio.create_task(_answer(pipeline, wanted, line)))
            if len(running) >= _AHEAD:
                yield await running[0]
                running.popleft()
        while running:
            yield await running[0]
            running.popleft()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def dumped(made: dict[str, Any]) -> str:
    """The answer as a line of the output, with its end."""
    line = json.dumps(made, ensure_ascii=False)
    if not line.isascii() and any("\ud800" <= character <= "\udfff" for character in line):
        line = json.dumps(made)  # an `id` with half a surrogate pair, which no encoding writes
    return line + "\n"


async def _answer(pipeline: ArticlePipeline, wanted: Wanted, line: Line) -> dict[str, Any]:
    """Never raises for what is wrong with one line: that is its answer."""
    identity: Any = line.number
    try:
        try:
            fields = json.loads(line.text)
        except (ValueError, RecursionError):
            raise MalformedBody(f"Line {line.number} is not valid JSON.") from None
        if isinstance(fields, dict):
            identity = fields.pop("id", line.number)
            asked = {key: value for key, value in wanted.summary.items() if value is not None}
            if asked and "summary" not in fields:
                fields["summary"] = asked
        body = validate(DigestBody, fields)
        if isinstance(body.glossary, str):
            raise GlossaryNotFound(
                "A batch knows no stored glossaries; give the terms themselves.", pointer="#/glossary"
            )
        request = body.wanted(body.text, None, body.summary.request(), body.terms)
        digest = await _answer_patiently(pipeline, wanted.task, request)
        return {"id": identity, "result": shape_of(wanted.task, digest, segments=body.segments)}
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
