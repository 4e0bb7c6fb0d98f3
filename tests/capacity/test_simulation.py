"""The model against what queueing theory and arithmetic know."""

from __future__ import annotations

import pytest

from tests.capacity.fleet import node, run
from tests.capacity.simulation import Article, Autoscaler, Cost, Limits, simulate
from tests.capacity.workload import poisson

ONE_TOKEN = Cost(batch=0.0, segment=1.0, token=0.0, article=0.0)


def arrivals(rate: float, seconds: float) -> list[Article]:
    return [Article(at, ((1,),)) for at in poisson(lambda _: rate, rate, seconds, seed=3)]


@pytest.mark.parametrize("utilisation", [0.3, 0.6, 0.8])
def test_one_segment_at_a_time_waits_as_pollaczek_and_khinchine_say(utilisation: float) -> None:
    made = simulate(arrivals(utilisation, 60_000), ONE_TOKEN, limits=Limits(batch_tokens=1))
    expected = 1 + utilisation / (2 * (1 - utilisation))
    assert made.mean == pytest.approx(expected, rel=0.05)


def test_nobody_waits_longer_in_batches_than_alone() -> None:
    """A batch of many costs hardly more than one: a second replica of the load changes little."""
    cheap_together = Cost(batch=1.0, segment=0.001, token=0.0, article=0.0)
    made = simulate(arrivals(5.0, 2_000), cheap_together)
    assert made.within(1.0) < 2.1
    assert not made.refused


def test_articles_are_refused_once_the_queue_is_full_and_all_others_answered() -> None:
    crowd = [Article(0.0, ((10,),)) for _ in range(100)]
    made = simulate(crowd, ONE_TOKEN, limits=Limits(queue_tokens=200, batch_tokens=10))
    # One in the engine, and nine tenths of the queue: the last one is kept for callers with less waiting.
    assert len(made.latencies) == 19
    assert made.refused == 81


def test_an_article_that_is_decoded_again_goes_to_the_engine_twice() -> None:
    made = simulate([Article(0.0, ((5, 5), (5,)))], Cost(batch=1.0, segment=0.0, token=0.1, article=0.5))
    assert made.latencies == [pytest.approx(0.5 + 1 + 1.0 + 1 + 0.5)]


def test_two_replicas_carry_what_is_too_much_for_one() -> None:
    load = arrivals(1.6, 2_000)
    alone = simulate(load, ONE_TOKEN, limits=Limits(batch_tokens=1))
    both = simulate(load, ONE_TOKEN, limits=Limits(batch_tokens=1), replicas=2)
    assert both.within(0.95) < 10 < alone.within(0.95)


def test_the_autoscaler_follows_a_step_up_and_down() -> None:
    rate = lambda second: 4.0 if 600 <= second < 1800 else 0.5  # noqa: E731 -- a step
    load = [Article(at, ((1,),)) for at in poisson(rate, 4.0, 4_000, seed=5)]
    scaler = Autoscaler(in_flight=2.0, start=10.0)
    made = simulate(load, ONE_TOKEN, limits=Limits(batch_tokens=1), autoscaler=scaler)
    counts = [count for _, count in made.replicas]
    assert counts[0] == 1
    assert 4 <= max(counts) <= 40
    assert counts[-1] < max(counts) / 2
    assert made.replica_seconds < 0.7 * max(counts) * made.ended
    assert len(made.latencies) == len(load)


def test_replicas_kept_for_the_peak_answer_sooner_than_those_added_in_it() -> None:
    cost = node(core_seconds=2.0, outside=0.0, tokens=400.0)
    least, scaled = run(10, cost, [((200, 200),)] * 6, Limits(at_once=2), scaled=True)
    fixed, kept = run(10, cost, [((200, 200),)] * 6, Limits(at_once=2), scaled=False)
    assert least < fixed
    assert kept.within(0.95) < scaled.within(0.95) / 2
    assert scaled.refused == kept.refused == 0
