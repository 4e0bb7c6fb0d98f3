"""What is evaluated on: source and reference lines, or articles and reference summaries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from service.errors import CorpusInvalid

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class ParallelCorpus:
    """As many references (each a list of lines) as there are, every one as long as the sources.
    `files` maps the paths, as given, to their SHA-256, so that a report can be held to the same data."""

    name: str
    sources: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    files: dict[str, str]

    def first(self, lines: int | None) -> ParallelCorpus:
        return ParallelCorpus(
            self.name, self.sources[:lines], tuple(each[:lines] for each in self.references), self.files
        )


@dataclass(frozen=True, slots=True)
class SummaryCorpus:
    """Articles and the summary somebody wrote of each."""

    name: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    summaries: tuple[str, ...]
    files: dict[str, str]

    def first(self, lines: int | None) -> SummaryCorpus:
        return SummaryCorpus(
            self.name, self.ids[:lines], self.texts[:lines], self.summaries[:lines], self.files
        )


def read_parallel(source: Path, references: Sequence[Path]) -> ParallelCorpus:
    """One segment a line. Raises `CorpusInvalid` naming file and line."""
    sources = _lines(source)
    read = []
    for path in references:
        lines = _lines(path)
        if len(lines) != len(sources):
            raise CorpusInvalid(
                f"{path}: {len(lines)} lines, but {source} has {len(sources)}: line "
                f"{min(len(lines), len(sources)) + 1} has no counterpart"
            )
        read.append(lines)
    files = {str(path): _sha256(path) for path in (source, *references)}
    return ParallelCorpus(source.stem, sources, tuple(read), files)


def read_test_set(name: str, source: str, target: str) -> ParallelCorpus:
    """A test set that sacrebleu knows, downloaded by it on first use. Raises `CorpusInvalid`."""
    from sacrebleu.utils import get_reference_files, get_source_file

    pair = f"{source}-{target}"
    try:
        first = _quietly(lambda: get_source_file(name, pair))
        others = _quietly(lambda: get_reference_files(name, pair))
    except (Exception, SystemExit) as error:
        # sacrebleu raises bare exceptions, and leaves the process when a download fails.
        reason = "it cannot be downloaded" if isinstance(error, SystemExit | OSError) else str(error)
        raise CorpusInvalid(
            f"test set {name!r}, {pair}: {reason}. `sacrebleu --list` names those there are; "
            "give --source and --reference where there is no network."
        ) from error
    corpus = read_parallel(Path(first), [Path(each) for each in others])
    return ParallelCorpus(name, corpus.sources, corpus.references, corpus.files)


def read_summaries(path: Path) -> SummaryCorpus:
    """JSON Lines: `text`, `summary` and, if you like, `id`. Raises `CorpusInvalid`."""
    ids, texts, summaries = [], [], []
    for number, line in enumerate(_lines(path), 1):
        entry = _object(path, number, line)
        for field in ("text", "summary"):
            if not isinstance(entry.get(field), str) or not entry[field].strip():
                raise CorpusInvalid(f"{path}: line {number}: `{field}` is not a text")
        ids.append(str(entry.get("id", number)))
        texts.append(entry["text"])
        summaries.append(entry["summary"])
    return SummaryCorpus(path.stem, tuple(ids), tuple(texts), tuple(summaries), {str(path): _sha256(path)})


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        raise CorpusInvalid(f"{path}: line {number}: not a JSON object")
    return entry


def _lines(path: Path) -> tuple[str, ...]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusInvalid(f"{path}: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusInvalid(f"{path}: line {line}: not UTF-8") from error
    lines = text.removesuffix("\n").split("\n") if text else []
    if not any(line.strip() for line in lines):
        raise CorpusInvalid(f"{path}: empty")
    return tuple(line.removesuffix("\r") for line in lines)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _quietly(work: Callable[[], _Result]) -> _Result:
    """Without the lines that sacrebleu logs about its downloads: failures are told by us."""
    import logging

    logger = logging.getLogger("sacrebleu")
    before, logger.disabled = logger.disabled, True
    try:
        return work()
    finally:
        logger.disabled = before
