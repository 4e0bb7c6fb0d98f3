"""How good is a summary, and how far can it be trusted: ROUGE and what can be counted."""

from __future__ import annotations

import random
import re
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

SAMPLES = 1000
_SEED = 12345

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;–] )[A-ZÄÖÜ][\w-]{2,}")


@dataclass(frozen=True, slots=True)
class Mean:
    """`low` and `high` bound the 95 % interval of a bootstrap over the articles."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gain:
    rouge1: Mean
    rouge2: Mean
    rougel: Mean


@dataclass(frozen=True, slots=True)
class SummaryScores:
    """ROUGE is the F measure, times 100. `words` per summary. `copied` is the share of the summary's
    three-word runs that stand in what it was made of; `unsupported_numbers` and `unsupported_names` the
    share of summaries with one that is not in there; `redundancy` the share of three-word runs that the
    summary itself has said before. Numbers and names are counted by simple rules of their own, not by the
    service's checks, because these scores are to measure the service. `gains` are the differences in ROUGE
    from each baseline, article by article: the interval is of the paired difference."""

    rouge1: Mean
    rouge2: Mean
    rougel: Mean
    words: Mean
    copied: Mean
    unsupported_numbers: Mean
    unsupported_names: Mean
    redundancy: Mean
    gains: Mapping[str, Gain] = field(default_factory=dict)


class WordTokenizer:
    """Words in any script, lower-cased. rouge-score's own drops everything outside ASCII, umlauts
    among it."""

    def tokenize(self, text: str) -> list[str]:
        return [word.casefold() for word in _WORD.findall(text)]


def score_summaries(
    references: Sequence[str],
    systems: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    baselines: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, SummaryScores]:
    """By system name; each gives its summaries and what each was made of, in the same language.
    `baselines` names, for a system, those of the others that it is compared with."""
    rouge = {name: _rouge(references, outputs) for name, (outputs, _) in systems.items()}
    scores = {}
    for name, (outputs, bases) in systems.items():
        pairs = list(zip(bases, outputs, strict=True))
        means = {kind: mean_of(values) for kind, values in rouge[name].items()}
        means |= {
            kind: mean_of([count(base, output) for base, output in pairs]) for kind, count in _COUNTS.items()
        }
        gains = {other: _gain(rouge[name], rouge[other]) for other in (baselines or {}).get(name, ())}
        scores[name] = SummaryScores(**means, gains=gains)
    return scores


def _rouge(references: Sequence[str], outputs: Sequence[str]) -> dict[str, list[float]]:
    """F measures of each article, times 100."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(_ROUGE.values()), tokenizer=WordTokenizer())
    scored = [scorer.score(r, o) for r, o in zip(references, outputs, strict=True)]
    return {kind: [100 * each[key].fmeasure for each in scored] for kind, key in _ROUGE.items()}


def _gain(ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]) -> Gain:
    differences = {
        kind: [one - other for one, other in zip(ours[kind], theirs[kind], strict=True)] for kind in _ROUGE
    }
    return Gain(**{kind: mean_of(values) for kind, values in differences.items()})


def mean_of(values: Sequence[float]) -> Mean:
    """With the interval between the 2.5th and the 97.5th percentile of `SAMPLES` resamples."""
    draw = random.Random(_SEED)  # noqa: S311 - statistics, not secrets
    means = sorted(statistics.fmean(draw.choices(values, k=len(values))) for _ in range(SAMPLES))
    edge = SAMPLES // 40
    return Mean(statistics.fmean(values), means[edge], means[-edge - 1])


def copied(source: str, output: str) -> float:
    runs = _runs(output)
    known = set(_runs(source))
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def redundancy(output: str) -> float:
    runs = Counter(_runs(output))
    return sum(count - 1 for count in runs.values()) / runs.total() if runs else 0.0


def unsupported_numbers(source: str, output: str) -> list[str]:
    """Figures of the summary whose digits stand in no figure of the source."""
    known = {_digits(number) for number in _NUMBER.findall(source)}
    return [number for number in _NUMBER.findall(output) if _digits(number) not in known]


def unsupported_names(source: str, output: str) -> list[str]:
    """Words with a capital inside a sentence that the source does not have in any case form."""
    known = source.casefold()
    return [name for name in _NAME.findall(output) if name.casefold() not in known]


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _runs(text: str) -> list[tuple[str, ...]]:
    words = WordTokenizer().tokenize(text)
    return [tuple(words[i : i + 3]) for i in range(len(words) - 2)]


_ROUGE = {"rouge1": "rouge1", "rouge2": "rouge2", "rougel": "rougeL"}
_COUNTS: dict[str, Callable[[str, str], float]] = {
    "words": lambda _, output: len(output.split()),
    "copied": copied,
    "unsupported_numbers": lambda base, output: float(bool(unsupported_numbers(base, output))),
    "unsupported_names": lambda base, output: float(bool(unsupported_names(base, output))),
    "redundancy": lambda _, output: redundancy(output),
}
