"""What a run says: Markdown and HTML for people, JSON that the run can be repeated from."""

from __future__ import annotations

import html
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from service.evaluation import plots
from service.evaluation.measurement import Measurement
from service.evaluation.summary_scores import Mean, SummaryScores
from service.evaluation.translation_scores import Score, TranslationScores


@dataclass(frozen=True, slots=True)
class Run:
    """What all systems of a run share. `command` repeats it; `files` are SHA-256 by file name."""

    title: str
    command: tuple[str, ...]
    corpus: str
    lines: int
    source: str
    target: str
    files: dict[str, str]
    versions: dict[str, str]
    machine: dict[str, str]
    notes: tuple[str, ...] = ()
    signatures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """`plots` are SVG texts by file name."""

    title: str
    text: str = ""
    table: Table | None = None
    plots: Mapping[str, str] = field(default_factory=dict)


def translation_sections(
    measured: Sequence[Measurement], scores: Mapping[str, TranslationScores]
) -> list[Section]:
    rows = []
    for each in measured:
        score = scores[each.name]
        rows.append(
            (
                each.name,
                _interval(score.bleu),
                _interval(score.chrf),
                "" if score.chrf.p_value is None else f"{score.chrf.p_value:.3f}",
                f"{each.lines_per_second:.1f}",
                f"{each.peak_rss_mb:.0f}",
                f"{each.load_seconds:.1f}",
            )
        )
    head = ("system", "BLEU", "chrF2", "p (chrF2)", "lines/s", "peak RSS, MB", "load, s")
    points = {
        each.name: (
            each.lines_per_second,
            scores[each.name].chrf.value,
            scores[each.name].chrf.low,
            scores[each.name].chrf.high,
        )
        for each in measured
    }
    bands = {name: score.by_length for name, score in scores.items()}
    length_rows = tuple(
        (name, band, str(count), f"{bleu:.1f}", f"{chrf:.1f}")
        for name, lengths in bands.items()
        for band, (count, bleu, chrf) in lengths.items()
    )
    sections = [
        Section(
            "Scores",
            "In brackets the 95 % interval of a paired bootstrap; p against the first system.",
            Table(head, tuple(rows)),
        ),
        Section(
            "Quality against speed",
            plots={"quality-against-speed.svg": plots.quality_against_speed(points, "chrF2")},
        ),
        Section(
            "Score by sentence length",
            table=Table(("system", "words", "segments", "BLEU", "chrF2"), length_rows),
            plots={"score-by-length.svg": plots.score_by_length(bands)},
        ),
    ]
    for name, score in scores.items():
        worst = tuple((str(s.line), f"{s.chrf:.1f}", s.source, s.reference, s.output) for s in score.worst)
        table = Table(("line", "chrF2", "source", "reference", "output"), worst)
        sections.append(Section(f"The worst {len(worst)} segments: {name}", table=table))
    return sections


def summary_sections(measured: Sequence[Measurement], scores: Mapping[str, SummaryScores]) -> list[Section]:
    facts = {each.name: each for each in measured}
    rows = []
    for name, score in scores.items():
        cells = [_interval(score.rouge1), _interval(score.rouge2), _interval(score.rougel)]
        cells += [f"{score.words.value:.0f}", *map(_percent, (score.copied, score.redundancy))]
        cells += map(_percent, (score.unsupported_numbers, score.unsupported_names))
        run = facts.get(name)
        speed = (f"{run.lines_per_second:.1f}", f"{run.peak_rss_mb:.0f}") if run else ("", "")
        rows.append((name, *cells, *speed))
    head = (
        "system",
        "ROUGE-1",
        "ROUGE-2",
        "ROUGE-L",
        "words",
        "copied runs",
        "said twice",
        "unsupported number",
        "unsupported name",
        "articles/s",
        "peak RSS, MB",
    )
    bars = {
        name: [(m.value, m.low, m.high) for m in (score.rouge1, score.rouge2, score.rougel)]
        for name, score in scores.items()
    }
    plot = plots.grouped_bars(["ROUGE-1", "ROUGE-2", "ROUGE-L"], bars)
    text = (
        "F measures with the 95 % interval of a bootstrap over the articles. Copied runs: three-word runs "
        "that stand in what the summary was made of. Unsupported: share of summaries with a number or name "
        "that does not stand there."
    )
    return [
        Section("Scores", text, Table(head, tuple(rows)), {"rouge.svg": plot}),
        _gains(scores),
    ]


def _gains(scores: Mapping[str, SummaryScores]) -> Section:
    rows = [
        (name, other, *map(_difference, (gain.rouge1, gain.rouge2, gain.rougel)))
        for name, score in scores.items()
        for other, gain in score.gains.items()
    ]
    text = (
        "How much more than the first sentences, which keep to the same limits, and than exactly as many of "
        "the first words: the mean of the differences article by article and its 95 % interval. Where the "
        "interval holds 0, nothing has been shown."
    )
    head = ("system", "less", "ROUGE-1", "ROUGE-2", "ROUGE-L")
    return Section("Difference from the beginning of the text", text, Table(head, tuple(rows)))


def write_report(
    directory: Path, run: Run, measured: Sequence[Measurement], sections: Sequence[Section], scores: Any
) -> list[Path]:
    """Writes report.md, report.html, report.json, outputs-NAME.txt and the plots; returns the paths."""
    directory.mkdir(parents=True, exist_ok=True)
    everything = [*_facts(run, measured), *sections]
    written = {
        "report.md": _markdown(run, everything),
        "report.html": _page(run, everything),
        "report.json": _json(run, measured, scores),
    }
    for each in measured:
        written[f"outputs-{each.name.replace(', ', '-')}.txt"] = "".join(
            f"{output}\n" for output in each.outputs
        )
    for section in sections:
        written |= section.plots
    paths = []
    for name, text in written.items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _facts(run: Run, measured: Sequence[Measurement]) -> list[Section]:
    rows = [("command", shlex.join(run.command)), ("corpus", f"{run.corpus}, {run.lines} lines")]
    rows += [("languages", f"{run.source} to {run.target}")]
    rows += [(f"SHA-256 of {name}", digest) for name, digest in run.files.items()]
    rows += [(f"signature, {name}", signature) for name, signature in run.signatures.items()]
    rows += [(name, version) for name, version in {**run.versions, **run.machine}.items()]
    models = tuple(
        (
            each.name,
            model["name"],
            model["revision"],
            model["device"],
            ", ".join(f"{key} {value}" for key, value in model["generation"].items() if value != ""),
        )
        for each in measured
        for model in each.models
    )
    warned = tuple(
        (each.name, code, str(count)) for each in measured for code, count in each.warnings.items()
    )
    sections = [
        Section("Run", " ".join(run.notes), Table(("what", "value"), tuple(rows))),
        Section("Models", table=Table(("system", "model", "revision", "device", "options"), models)),
    ]
    if warned:
        sections.append(
            Section("Warnings the service gave", table=Table(("system", "code", "times"), warned))
        )
    return sections


def _json(run: Run, measured: Sequence[Measurement], scores: Any) -> str:
    systems = {
        each.name: {
            **{key: value for key, value in asdict(each).items() if key not in {"name", "outputs", "bases"}},
            "lines_per_second": each.lines_per_second,
        }
        for each in measured
    }
    found = {name: asdict(score) for name, score in scores.items()}
    return json.dumps({"run": asdict(run), "systems": systems, "scores": found}, ensure_ascii=False, indent=2)


def _markdown(run: Run, sections: Sequence[Section]) -> str:
    parts = [f"# {run.title}"]
    for section in sections:
        parts.append(f"## {section.title}")
        if section.text:
            parts.append(section.text)
        if section.table:
            rows = [section.table.head, ["---"] * len(section.table.head), *section.table.rows]
            parts.append("\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in rows))
        parts += [f"![{section.title}]({name})" for name in section.plots]
    return "\n\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "th{background:#f3f3f3}svg{max-width:100%;height:auto}"
)


def _page(run: Run, sections: Sequence[Section]) -> str:
    """One file that needs nothing else: the plots are in it."""
    title = html.escape(run.title)
    parts = [f"<h1>{title}</h1>"]
    for section in sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        if section.text:
            parts.append(f"<p>{html.escape(section.text)}</p>")
        if section.table:
            head = "".join(f"<th>{html.escape(cell)}</th>" for cell in section.table.head)
            rows = (
                "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
                for row in section.table.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")
        parts += section.plots.values()
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _interval(score: Score | Mean) -> str:
    return f"{score.value:.1f} ({score.low:.1f} to {score.high:.1f})"


def _difference(mean: Mean) -> str:
    return f"{mean.value:+.2f} ({mean.low:+.2f} to {mean.high:+.2f})"


def _percent(mean: Mean) -> str:
    return f"{100 * mean.value:.1f} %"
