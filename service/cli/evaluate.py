"""`kurzfassung evaluate translation | summaries`: a ruler for every model, on any data."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from tqdm import tqdm

from service.cli.digest import add_summary_arguments, summary_request
from service.cli.exit_codes import ExitCode
from service.cli.whole_number import whole_number
from service.errors import CorpusInvalid, EngineUnavailable, MeasurementFailed, SettingInvalid
from service.evaluation.corpus import (
    ParallelCorpus,
    SummaryCorpus,
    read_parallel,
    read_summaries,
    read_test_set,
)
from service.evaluation.lead import first_sentences, first_words
from service.evaluation.measurement import Measurement, Work, is_translatable, machine, measure
from service.evaluation.report import Run, Section, summary_sections, translation_sections, write_report
from service.evaluation.summary_scores import score_summaries
from service.evaluation.translation_scores import score_translations
from service.model_store.catalogue import Catalogue, Strategy
from service.opening import open_pipeline_of
from service.pipeline.summarization import count_words
from service.settings import Settings

_PACKAGES = ("ctranslate2", "transformers", "sacrebleu", "rouge-score")


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "evaluate", help="score models on your own data or a known test set (extra `evaluate`)"
    )
    tasks = parser.add_subparsers(dest="evaluate_task", required=True, metavar="TASK")

    task = tasks.add_parser("translation", help="BLEU and chrF with intervals, speed and memory")
    task.add_argument("--source", type=Path, metavar="FILE", help="a segment a line")
    task.add_argument(
        "--reference",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="may be given several times",
    )
    task.add_argument("--test-set", metavar="NAME", help="one that sacrebleu knows, instead of files")
    task.add_argument("--from", dest="source_language", default="de", metavar="CODE")
    task.add_argument("--to", dest="target_language", default="en", metavar="CODE")
    _add_common(task)
    task.set_defaults(run=_guarded(_translation))

    task = tasks.add_parser("summaries", help="ROUGE and what can be counted, beside the first sentences")
    task.add_argument(
        "--articles", type=Path, metavar="FILE.jsonl", required=True, help="`text` and `summary`"
    )
    task.add_argument("--from", dest="source_language", default="de", metavar="CODE")
    task.add_argument("--to", dest="target_language", default="en", metavar="CODE")
    task.add_argument(
        "--strategies",
        nargs="+",
        choices=get_args(Strategy),
        metavar="STRATEGY",
        default=[],
        help=f"each system in each of these: {', '.join(get_args(Strategy))} (default: the profile's)",
    )
    add_summary_arguments(task)
    _add_common(task)
    task.set_defaults(run=_guarded(_summaries))


def _add_common(task: argparse.ArgumentParser) -> None:
    task.add_argument(
        "--systems",
        nargs="+",
        metavar="MODEL|PROFILE",
        default=None,
        help="side by side (default: the profile served)",
    )
    task.add_argument("--limit", type=whole_number(1), metavar="N", help="only the first N lines")
    task.add_argument(
        "--report", type=Path, metavar="DIR", default=Path("evaluation"), help="default: evaluation"
    )


def _guarded(
    command: Callable[[argparse.Namespace, Settings], int],
) -> Callable[[argparse.Namespace, Settings], int]:
    """What is wrong with the data, the names or the set-up is wrong usage."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        try:
            for package in ("sacrebleu", "rouge_score", "matplotlib"):
                if find_spec(package) is None:
                    raise EngineUnavailable(
                        f"{package} is not installed; `pip install 'kurzfassung[evaluate]'` brings it."
                    )
            return command(arguments, settings)
        except (CorpusInvalid, SettingInvalid, EngineUnavailable, MeasurementFailed) as error:
            print(f"kurzfassung: {error.message}", file=sys.stderr)
            return ExitCode.USAGE

    return run


def _translation(arguments: argparse.Namespace, settings: Settings) -> int:
    source, target = arguments.source_language, arguments.target_language
    corpus = _parallel_corpus(arguments, source, target).first(arguments.limit)
    work = Work("translation", corpus.sources, source, target)
    measured = _measure_all(arguments, settings, work)
    outputs = {each.name: each.outputs for each in measured}
    scores, signatures = score_translations(corpus, outputs, target)
    notes = tuple(
        f"CAUTION: {corpus.name} is in the declared training data of {model['name']}; its scores there say "
        "nothing about new text."
        for each in measured
        for model in each.models
        if corpus.name in model["trained_on"]
    )
    run = _run("Translation", arguments, corpus, len(corpus.sources), notes, signatures)
    for note in notes:
        print(f"warning: {note}", file=sys.stderr)
    return _finish(arguments, run, measured, translation_sections(measured, scores), scores)


def _parallel_corpus(arguments: argparse.Namespace, source: str, target: str) -> ParallelCorpus:
    if bool(arguments.test_set) == bool(arguments.source):
        raise CorpusInvalid("give either --test-set NAME, or --source FILE and --reference FILE")
    if arguments.test_set:
        return read_test_set(arguments.test_set, source, target)
    if not arguments.reference:
        raise CorpusInvalid("--source needs a --reference")
    return read_parallel(arguments.source, arguments.reference)


def _summaries(arguments: argparse.Namespace, settings: Settings) -> int:
    source, target = arguments.source_language, arguments.target_language
    corpus = read_summaries(arguments.articles).first(arguments.limit)
    wish = summary_request(arguments)
    language = wish.language or target
    if arguments.strategies and language == source:
        raise CorpusInvalid("--strategies are for summaries in another language than the articles'")
    work = Work("summarization", corpus.texts, source, target, replace(wish, language=language))
    measured = _measure_all(arguments, settings, work)
    systems: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        each.name: (each.outputs, each.bases) for each in measured
    }
    baselines = {}
    for each in measured:  # on what that system read
        sentences = "lead" if language == source else f"lead of {each.name}"
        words = f"as many words as {each.name}"
        lead = [first_sentences(base, language, wish.length) for base in each.bases]
        cut = [
            first_words(base, language, count_words(output))
            for base, output in zip(each.bases, each.outputs, strict=True)
        ]
        systems |= {sentences: (lead, each.bases), words: (cut, each.bases)}
        baselines[each.name] = (sentences, words)
    scores = score_summaries(corpus.summaries, systems, baselines)
    run = _run("Summaries", arguments, corpus, len(corpus.texts), (), {})
    return _finish(arguments, run, measured, summary_sections(measured, scores), scores, shown=2)


def _systems(arguments: argparse.Namespace, settings: Settings) -> list[str]:
    names = list(dict.fromkeys(arguments.systems or [settings.profile]))
    catalogue = Catalogue.read(settings.model_configs)
    for name in names:
        if name != "auto":
            catalogue.expand(name)  # raises where nothing is called that
    return names


def _measure_all(arguments: argparse.Namespace, settings: Settings, work: Work) -> list[Measurement]:
    """One after the other: they share the machine. One that breaks does not cost the others' work."""
    systems = {
        f"{name}, {strategy}" if strategy else name: partial(open_pipeline_of, settings, name, strategy)
        for name in _systems(arguments, settings)
        for strategy in dict.fromkeys(getattr(arguments, "strategies", None) or [None])
    }
    if not any(is_translatable(text) for text in work.texts):
        raise CorpusInvalid("no line has words in it")
    try:
        arguments.report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingInvalid(f"{error.filename}: {error.strerror}") from error
    measured, failed = [], []
    for name, open_system in systems.items():
        with tqdm(total=len(work.texts), unit="line", desc=name, file=sys.stderr) as bar:
            try:
                measured.append(measure(name, open_system, work, bar.update))
            except MeasurementFailed as error:
                failed.append(error)
    for failure in failed if measured else failed[1:]:
        print(f"kurzfassung: {failure.message}", file=sys.stderr)
    if not measured:
        raise failed[0]
    return measured


def _run(
    title: str,
    arguments: argparse.Namespace,
    corpus: ParallelCorpus | SummaryCorpus,
    lines: int,
    notes: tuple[str, ...],
    signatures: Mapping[str, str],
) -> Run:
    installed = {name: version(name) for name in ("kurzfassung", *_PACKAGES) if _is_installed(name)}
    return Run(
        title=f"{title}: {corpus.name}",
        command=("kurzfassung", *sys.argv[1:]),
        corpus=corpus.name,
        lines=lines,
        source=arguments.source_language,
        target=arguments.target_language,
        files=corpus.files,
        versions=installed,
        machine=machine(),
        notes=notes,
        signatures=dict(signatures),
    )


def _is_installed(name: str) -> bool:
    return find_spec(name.replace("-", "_")) is not None or name == "kurzfassung"


def _finish(
    arguments: argparse.Namespace,
    run: Run,
    measured: Sequence[Measurement],
    sections: Sequence[Section],
    scores: Any,
    shown: int = 1,
) -> int:
    """Writes the report; the tables of the first sections are shown at once."""
    try:
        paths = write_report(arguments.report, run, measured, sections, scores)
    except OSError as error:
        raise SettingInvalid(f"{error.filename}: {error.strerror}") from error
    for table in (section.table for section in sections[:shown] if section.table):
        widths = [max(len(row[i]) for row in (table.head, *table.rows)) for i in range(len(table.head))]
        for row in (table.head, *table.rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        print()
    print(f"report: {os.path.relpath(paths[1])}", file=sys.stderr)
    return ExitCode.OK
