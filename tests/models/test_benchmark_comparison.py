"""The comparison of the benchmarks: that every way runs, and that what is said of it is what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.backends.convert import convert_checkpoint
from service.model_store.catalogue import Catalogue
from tests.benchmarks.comparison import Comparison, compare, ratio_table, table
from tests.benchmarks.random_bart import SMALL_BART, random_bart
from tests.benchmarks.random_opus import OPUS_SHAPE, random_opus
from tests.benchmarks.results import Results
from tests.benchmarks.way import Round
from tests.benchmarks.weights import Weights

pytestmark = pytest.mark.models

_MACHINE = {"cores": "2"}


def _round(way: str, seconds: float, latencies: list[float]) -> Round:
    return Round(way, 10, seconds, latencies, 5.0, 0.02, 200_000_000)


def _found() -> Comparison:
    rounds = [
        _round("raw", 1.0, []),
        _round("ours-32", 2.0, [0.5, 1.5]),
        _round("raw", 1.0, []),
        _round("ours-32", 4.0, [2.5, 3.5]),
    ]
    return Comparison("the weights", 750, {"raw": "the ceiling", "ours-32": "ours"}, rounds)


def test_the_table_tells_rates_percentiles_and_costs() -> None:
    head, _, raw, ours = table(_found()).splitlines()

    assert head.count("|") == raw.count("|") == ours.count("|")
    assert raw.startswith("| the ceiling | 10 | 7500 | - | 0.50 |")
    # 10 articles in 2 s and in 4 s: 5 and 2.5 a second.
    assert ours.startswith("| ours | 3.75 | 2812 | 2.00, 3.35, 3.47 | 0.50 | 2.0 | 200 |")


def test_a_ratio_is_one_of_rounds_that_were_played_together() -> None:
    *_, line = ratio_table(_found()).splitlines()

    assert line == "| our service with 32 clients, of the raw engine | 0.38 | 0.25 to 0.50 | 0.95: missed |"


def test_what_was_measured_is_read_again_as_it_was(tmp_path: Path) -> None:
    results, file = Results(), tmp_path / "benchmarks.json"
    results.keep_comparison("opus", _MACHINE, _found())
    results.write(file)

    assert Results.read(file).comparison("opus") == _found()
    assert json.loads(file.read_text(encoding="utf-8"))["opus"]["machine"] == _MACHINE


@pytest.mark.timeout(600)
def test_every_way_translates_articles_with_the_same_weights(tmp_path: Path) -> None:
    config = Catalogue.read().model("opus-mt-de-en")
    checkpoint, converted = tmp_path / "checkpoint", tmp_path / "converted"
    small = {**OPUS_SHAPE, "vocab_size": 8_001, "encoder_layers": 1, "decoder_layers": 1}
    random_opus(checkpoint, small, target_tokens=5)
    convert_checkpoint(config, checkpoint, converted, compute_type="int8")
    weights = Weights("opus", "small weights", config, converted, checkpoint)

    found = compare(weights, rounds=1, articles=2, environment=None)

    assert not found.failed
    assert found.tokens == 25 * 5
    measured = {each.way for each in found.rounds}
    assert measured == {"raw", "ours-1", "ours-8", "ours-32", "generate-1", "generate-16", "tutorial-2"}
    assert all(each.seconds > 0 and each.resident_bytes > 0 for each in found.rounds)
    assert len(found.of("ours-32")[0].latencies) == 32


@pytest.mark.timeout(600)
def test_every_way_summarizes_articles_with_the_same_weights(tmp_path: Path) -> None:
    config = Catalogue.read().model("distilbart-cnn-12-6")
    checkpoint, converted = tmp_path / "checkpoint", tmp_path / "converted"
    random_bart(checkpoint, SMALL_BART, summary_tokens=50)
    convert_checkpoint(config, checkpoint, converted, compute_type="int8")
    weights = Weights("distilbart", "small weights", config, converted, checkpoint)

    found = compare(weights, rounds=1, articles=2, environment=tmp_path)

    assert not found.failed
    assert found.tokens == 50
    measured = {each.way for each in found.rounds}
    assert measured == {"raw", "ours-1", "ours-8", "ours-32", "summarize-1", "summarize-4"}
    assert len(found.of("summarize-4")[0].latencies) == 4
