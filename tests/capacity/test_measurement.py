"""The measurement that the model is held against, on an engine that takes its time asleep."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tests.capacity.measurement import calibrate, open_loop, sleeping_models, sleeping_server
from tests.capacity.simulation import simulate
from tests.capacity.workload import TEXTS, articles


async def test_an_article_is_calibrated_with_all_its_segments_in_one_call() -> None:
    found = await asyncio.wait_for(calibrate(sleeping_models(), rounds=1), 50)
    assert len(found.calls) == len(TEXTS)
    # After it only what is decoded again.
    assert all(sum(first) > 0.7 * sum(map(sum, [first, *again])) for first, *again in found.calls)
    assert found.tokens == sum(map(sum, itertools.chain(*found.calls)))
    assert found.cost.token == pytest.approx(0.001, rel=0.3)  # what the stub sleeps for a token
    assert found.limits.at_once == 1


async def test_calls_are_sent_when_they_are_due_and_every_one_is_counted() -> None:
    planned = [(0.0, 0), (0.1, 1), (0.1, 2)]
    with sleeping_server() as address:
        measured = await asyncio.wait_for(open_loop(address, planned), 50)
    assert len(measured.latencies) == len(planned)
    assert not measured.refused


async def test_the_model_says_that_articles_sent_together_wait_for_each_other() -> None:
    found = await asyncio.wait_for(calibrate(sleeping_models(), rounds=1), 50)
    alone = simulate(articles([(0.0, 0)], found.calls), found.cost, limits=found.limits)
    together = simulate(articles([(0.0, 0)] * 4, found.calls), found.cost, limits=found.limits)
    assert together.within(1.0) > 3 * alone.within(1.0)
