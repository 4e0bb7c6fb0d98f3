"""All ways with the same weights, in rounds that interleave them, so that what else the machine does falls on
all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.articles import SEGMENTS
from tests.benchmarks.libretranslate import libretranslate
from tests.benchmarks.our_service import our_service
from tests.benchmarks.raw_engine import raw_engine
from tests.benchmarks.transformers_loop import transformers_loop
from tests.benchmarks.tutorial_server import tutorial_server
from tests.benchmarks.way import Round, Way, play
from tests.benchmarks.weights import Weights

_WARM_UP_SEED = 1_000_000
_FEW = 2
"""Articles for the slow ones, and for warming up."""
_SOME = 8

RATIOS = {
    "our service with 32 clients, of the raw engine": ("ours-32", "raw", 0.95),
    "our service with 32 clients, by generate() sentence by sentence": ("ours-32", "generate-1", 20.0),
    "our service with 32 clients, by generate() in batches of 16": ("ours-32", "generate-16", 5.0),
    "our service with 32 clients, by generate() article by article": ("ours-32", "summarize-1", None),
    "our service with 32 clients, by generate() in batches of 4 articles": ("ours-32", "summarize-4", None),
    "our service with 32 clients, by LibreTranslate, stock": ("ours-32", "libretranslate", 2.0),
    "our service with 32 clients, by LibreTranslate, tuned": ("ours-32", "libretranslate-tuned", 2.0),
    "our service with 32 clients, by a tutorial's server": ("ours-32", "tutorial-2", None),
}
"""What is compared, by articles a second, and what we want it to be at least."""


@dataclass
class Comparison:
    """`labels` names the ways; `failed` are those that did not run, and why. `tokens` an article are those
    the raw engine wrote."""

    weights: str
    tokens: int
    labels: dict[str, str]
    rounds: list[Round] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def of(self, way: str) -> list[Round]:
        return [each for each in self.rounds if each.way == way]

    def ratios(self, way: str, other: str) -> list[float]:
        """A round each."""
        return [
            one.articles_per_second / two.articles_per_second
            for one, two in zip(self.of(way), self.of(other), strict=False)
        ]


def compare(
    weights: Weights,
    *,
    rounds: int,
    articles: int,
    environment: Path | None,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """`articles` for the fast ones a round; `environment` is that of LibreTranslate, None leaves it out."""
    with ExitStack() as running:
        raw, tokens = running.enter_context(raw_engine(weights, articles))
        found = Comparison(weights.label, tokens, {})
        ways = [raw, *running.enter_context(our_service(weights, articles))]

        def start(name: str, opened: AbstractContextManager[list[Way]]) -> None:
            try:
                ways.extend(running.enter_context(opened))
            except (RuntimeError, OSError) as error:
                found.failed[name] = str(error)
                progress(f"{name} does not run: {error}")

        start("transformers", transformers_loop(weights, 1))
        if environment is not None and not weights.summarizes:
            start("LibreTranslate", libretranslate(weights, environment, _SOME))
        if not weights.summarizes:
            start("the tutorial's server", tutorial_server(weights, _FEW, _FEW))
        found.labels = {way.key: way.label for way in ways}
        for way in ways:
            warm_up = min(way.articles, max(_FEW, way.articles // 2))
            way.run(way.of([weights.article(_WARM_UP_SEED + number) for number in range(warm_up)]))
        most = max(way.articles for way in ways)
        for number in range(rounds):
            texts = [weights.article(number * most + each) for each in range(most)]
            for way in ways if number % 2 == 0 else reversed(ways):
                played = play(way, texts)
                found.rounds.append(played)
                progress(
                    f"round {number + 1}: {way.label}: {played.articles_per_second:.2f} articles a second"
                )
    return found


def table(found: Comparison) -> str:
    """Medians over the rounds; percentiles of all articles of all rounds."""
    rows = [
        "| way | articles/s | output tokens/s | p50, p95, p99 of an article, s | CPU s an article "
        "| clients' CPU ms an article | memory, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, label in found.labels.items():
        rounds = found.of(key)
        rate = statistics.median(each.articles_per_second for each in rounds)
        latencies = [second for each in rounds for second in each.latencies]
        cpu = statistics.median(each.cpu_seconds / each.articles for each in rounds)
        clients = statistics.median(each.client_cpu_seconds / each.articles for each in rounds)
        memory = max(each.resident_bytes for each in rounds) / 1e6
        rows.append(
            f"| {label} | {rate:.3g} | {rate * found.tokens:.0f} | {_percentiles(latencies)} | {cpu:.2f} "
            f"| {f'{1000 * clients:.1f}' if clients else '-'} | {memory:.0f} |"
        )
    return "\n".join(rows)


def ratio_table(found: Comparison) -> str:
    rows = [
        "| ratio of articles a second | median of the rounds | least to most | wanted |",
        "|---|---|---|---|",
    ]
    for name, (way, other, wanted) in RATIOS.items():
        if ratios := found.ratios(way, other):
            middle = statistics.median(ratios)
            goal = "-" if wanted is None else f"{wanted:g}: {'reached' if middle >= wanted else 'missed'}"
            rows.append(f"| {name} | {middle:.2f} | {min(ratios):.2f} to {max(ratios):.2f} | {goal} |")
    return "\n".join(rows)


def _percentiles(seconds: Sequence[float]) -> str:
    """Of few articles the 99th is the slowest."""
    if not seconds:
        return "-"
    if len(seconds) == 1:
        return f"{seconds[0]:.2f}"
    parts = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"{parts[49]:.2f}, {parts[94]:.2f}, {parts[98]:.2f}"


DESCRIPTION = f"Articles of {SEGMENTS} sentences, no two sentences alike; beam 4 everywhere."
