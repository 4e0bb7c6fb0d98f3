"""How long what waits will take, from what was measured."""

import pytest

from service.batching.throughput import Throughput


def test_a_slow_first_batch_refuses_nobody() -> None:
    throughput = Throughput()
    throughput.add(40, 5.0, at_once=1)
    assert throughput.seconds_for(100_000) == 0


def test_batches_that_ran_side_by_side_count_once() -> None:
    throughput = Throughput()
    for _ in range(10):
        throughput.add(500, 2.0, at_once=2)
    assert throughput.seconds_for(5_000) == pytest.approx(10.0)


def test_one_line_requests_are_enough_to_know_the_speed() -> None:
    throughput = Throughput()
    for _ in range(500):
        throughput.add(10, 0.1, at_once=1)
    assert throughput.seconds_for(100) == pytest.approx(1.0)
