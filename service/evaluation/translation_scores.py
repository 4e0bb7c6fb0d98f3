"""BLEU and chrF as sacrebleu computes them, with confidence intervals and signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.evaluation.corpus import ParallelCorpus

SAMPLES = 1000
"""Bootstrap resamples; with sacrebleu's fixed seed the intervals are the same on every run."""

LENGTHS = ((1, 10), (11, 20), (21, 30), (31, 40), (41, None))
"""Bands of source words that scores are given for."""

WORST = 20


@dataclass(frozen=True, slots=True)
class Score:
    """`low` and `high` bound the 95 % interval. `p_value` compares with the first system (paired
    bootstrap); None for that one."""

    value: float
    low: float
    high: float
    p_value: float | None


@dataclass(frozen=True, slots=True)
class WorstSegment:
    line: int
    chrf: float
    source: str
    reference: str
    output: str


@dataclass(frozen=True, slots=True)
class TranslationScores:
    """`by_length` maps a band ("11-20") to segments, BLEU and chrF there."""

    bleu: Score
    chrf: Score
    by_length: dict[str, tuple[int, float, float]]
    worst: tuple[WorstSegment, ...]


def score_translations(
    corpus: ParallelCorpus, systems: Mapping[str, Sequence[str]], target: str
) -> tuple[dict[str, TranslationScores], dict[str, str]]:
    """Scores by system name, and the signatures by metric name ("BLEU", "chrF2")."""
    from sacrebleu.metrics import BLEU, CHRF
    from sacrebleu.significance import PairedTest

    references = [list(reference) for reference in corpus.references]
    metrics = {"BLEU": BLEU(trg_lang=target), "chrF2": CHRF()}
    named = [(name, list(outputs)) for name, outputs in systems.items()]
    signatures, table = PairedTest(named, metrics, references, test_type="bs", n_samples=SAMPLES)()
    scores = {
        name: TranslationScores(
            bleu=_score(table["BLEU"][index]),
            chrf=_score(table["chrF2"][index]),
            by_length=_by_length(corpus, outputs, target),
            worst=_worst(corpus, outputs),
        )
        for index, (name, outputs) in enumerate(named)
    }
    return scores, {name: str(signature) for name, signature in signatures.items()}


def _score(result: Any) -> Score:
    mean, half = float(result.mean), float(result.ci)  # from numpy
    p_value = None if result.p_value is None else float(result.p_value)
    return Score(float(result.score), mean - half, mean + half, p_value)


def _by_length(
    corpus: ParallelCorpus, outputs: Sequence[str], target: str
) -> dict[str, tuple[int, float, float]]:
    from sacrebleu.metrics import BLEU, CHRF

    bands = {}
    for low, high in LENGTHS:
        inside = [
            index
            for index, source in enumerate(corpus.sources)
            if low <= len(source.split()) and (high is None or len(source.split()) <= high)
        ]
        if not inside:
            continue
        chosen = [outputs[index] for index in inside]
        references = [[reference[index] for index in inside] for reference in corpus.references]
        bleu = BLEU(trg_lang=target).corpus_score(chosen, references).score
        chrf = CHRF().corpus_score(chosen, references).score
        bands[f"{low}-{high}" if high else f"{low}+"] = (len(inside), bleu, chrf)
    return bands


def _worst(corpus: ParallelCorpus, outputs: Sequence[str]) -> tuple[WorstSegment, ...]:
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    found = []
    for index, output in enumerate(outputs):
        references = [reference[index] for reference in corpus.references]
        chrf = metric.sentence_score(output, references).score
        found.append(WorstSegment(index + 1, chrf, corpus.sources[index], references[0], output))
    return tuple(sorted(found, key=lambda segment: segment.chrf)[:WORST])
