"""An archive cut into shards that any process may answer, in any order. A shard's answers appear whole or not
at all in a folder beside the output; when all are there they become the output."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from service.cli.archive import Line, Wanted, answers, dumped
from service.opening import open_pipeline
from service.settings import Settings

_BOM = b"\xef\xbb\xbf"


class OtherPlan(Exception):
    """The folder beside the output holds the work on another input, or on other wishes."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A run of lines. `first` is the number of its first line, `start` and `length` are bytes; `articles`
    counts the lines that hold something."""

    number: int
    first: int
    start: int
    length: int
    articles: int


@dataclass(frozen=True, slots=True)
class ShardAnswers:
    """`text` holds a line for each article, in order; `failed` counts those with an `error`."""

    number: int
    text: str
    articles: int
    failed: int


@dataclass(frozen=True)
class Plan:
    """The shards of an archive, without the first `done` articles, which the output has already."""

    source: Path
    output: Path
    shards: list[Shard]
    done: int
    marks: dict[str, object]
    """What makes it this plan and no other."""

    @property
    def folder(self) -> Path:
        return folder_of(self.output)

    @property
    def articles(self) -> int:
        """In all shards together."""
        return sum(shard.articles for shard in self.shards)

    def open(self) -> None:
        """Make the folder, or go on with it. Raises `OtherPlan`."""
        self.folder.mkdir(exist_ok=True)
        file = self.folder / "plan.json"
        if file.exists():
            if json.loads(file.read_text(encoding="utf-8")) != self.marks:
                raise OtherPlan(
                    f"{self.folder} holds work on another input or with other options; "
                    "name another output, or start anew with --overwrite"
                )
        else:
            _write_whole(file, json.dumps(self.marks))

    def missing(self) -> list[Shard]:
        return [shard for shard in self.shards if not self._file(shard.number).exists()]

    def keep(self, made: ShardAnswers) -> None:
        """Once more does no harm: the answers of a shard take the place of its answers."""
        _write_whole(self._file(made.number), made.text)

    def finish(self) -> int:
        """All answers go to the output at once, in the input's order, and the folder goes away. Returns how
        many of them failed."""
        failed = 0
        whole = self.folder / "output"
        with whole.open("wb") as file:
            if self.output.exists():
                with self.output.open("rb") as before:
                    shutil.copyfileobj(before, file)
            for shard in self.shards:
                for line in self._file(shard.number).open("rb"):
                    failed += "error" in json.loads(line)
                    file.write(line)
            file.flush()
            os.fsync(file.fileno())
        whole.replace(self.output)
        shutil.rmtree(self.folder)
        return failed

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06}.jsonl"


def folder_of(output: Path) -> Path:
    """Where the answers to shards are kept until all are there."""
    return output.with_name(output.name + ".shards")


def forget(output: Path) -> None:
    """The answers to shards that were kept for this output."""
    if folder_of(output).exists():
        shutil.rmtree(folder_of(output))


def plan(source: Path, output: Path, done: int, wanted: Wanted, lines: int) -> Plan:
    """`lines` articles a shard. Raises `OSError` and `UnicodeDecodeError`."""
    shards: list[Shard] = []
    digest = hashlib.sha256()
    position = first = start = articles = skipped = 0
    with source.open("rb") as file:
        for number, raw in enumerate(file, 1):
            digest.update(raw)
            holds = bool(raw.removeprefix(_BOM).decode("utf-8").strip())
            if holds and skipped < done:
                skipped += 1
            elif holds:
                if not articles:
                    first, start = number, position
                articles += 1
            position += len(raw)
            if articles == lines:
                shards.append(Shard(len(shards), first, start, position - start, articles))
                articles = 0
    if articles:
        shards.append(Shard(len(shards), first, start, position - start, articles))
    marks: dict[str, object] = {"input": digest.hexdigest(), "done": done, "lines": lines}
    return Plan(source, output, shards, done, marks | asdict(wanted))


class ShardWorker:
    """Loads the models once and answers shard after shard; for a process of its own."""

    def __init__(self, settings: Settings, source: Path, wanted: Wanted) -> None:
        self._source = source
        self._wanted = wanted
        self._runner = asyncio.Runner()
        self._opened = AsyncExitStack()
        self._pipeline = self._runner.run(self._opened.enter_async_context(open_pipeline(settings)))

    def answer(self, shard: Shard) -> ShardAnswers:
        return self._runner.run(self._answer(shard))

    async def _answer(self, shard: Shard) -> ShardAnswers:
        made = [each async for each in answers(self._pipeline, self._wanted, _lines(self._source, shard))]
        failed = sum("error" in each for each in made)
        return ShardAnswers(shard.number, "".join(map(dumped, made)), len(made), failed)


def _lines(source: Path, shard: Shard) -> Iterator[Line]:
    with source.open("rb") as file:
        file.seek(shard.start)
        held = file.read(shard.length)
    for number, raw in enumerate(held.split(b"\n"), shard.first):
        text = (raw.removeprefix(_BOM) if number == 1 else raw).decode("utf-8")
        if text.strip():
            yield Line(number, text)


def _write_whole(file: Path, text: str) -> None:
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
