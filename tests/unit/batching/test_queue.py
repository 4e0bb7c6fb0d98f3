from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batching.queue import Call, Entry, SegmentQueue
from service.errors import Overloaded


def queue_of(capacity: int = 1000, batch: int = 100, gone: set[str] | None = None) -> SegmentQueue[str]:
    left = set() if gone is None else gone
    return SegmentQueue(capacity_tokens=capacity, batch_tokens=batch, abandoned=left.__contains__)


def call(name: str, *lengths: int, lane: str = "model", burst: int | None = None) -> Call[str]:
    entries = (Entry(f"source {i}", tokens, f"{name}{i}") for i, tokens in enumerate(lengths))
    return Call(lane, deque(entries), burst=burst)


def names(picked: tuple[object, list[Entry[str]]] | None) -> list[str]:
    assert picked is not None
    return [entry.payload for entry in picked[1]]


def test_segments_of_several_calls_share_a_batch_and_take_turns() -> None:
    queue = queue_of()
    queue.add(call("a", 10, 10, 10))
    queue.add(call("b", 10))
    assert names(queue.next_batch()) == ["a0", "b0", "a1", "a2"]
    assert queue.next_batch() is None
    assert queue.waiting_tokens == 0


def test_a_batch_is_cut_by_padded_tokens_not_by_count() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 10, 40, 10, 10))
    assert names(queue.next_batch()) == ["a0", "a1"]  # a third would make it 3 x 40
    assert names(queue.next_batch()) == ["a2", "a3"]


def test_a_shorter_segment_of_another_call_may_fill_what_a_long_one_leaves() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 30, 60))
    queue.add(call("b", 30, 30))
    assert names(queue.next_batch()) == ["a0", "b0", "b1"]


def test_a_segment_over_the_whole_budget_goes_alone() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 500, 10))
    assert names(queue.next_batch()) == ["a0"]
    assert names(queue.next_batch()) == ["a1"]


def test_lanes_never_mix_and_a_busy_lane_does_not_starve_another() -> None:
    queue = queue_of(batch=20)
    queue.add(call("a", 10, 10, 10, 10, 10, 10, lane="translate"))
    queue.add(call("s", 10, lane="summarize"))
    batches = [names(queue.next_batch()) for _ in range(4)]
    assert batches == [["a0", "a1"], ["s0"], ["a2", "a3"], ["a4", "a5"]]


def test_a_small_late_call_waits_for_one_batch_of_a_large_early_one_at_most() -> None:
    queue = queue_of(batch=40)
    queue.add(call("big", *[10] * 50))
    names(queue.next_batch())
    queue.add(call("small", 10))
    assert "small0" in names(queue.next_batch())


def test_a_ramped_call_gets_one_then_two_then_four() -> None:
    queue = queue_of()
    queue.add(call("a", *[1] * 9, burst=1))
    sizes = [len(names(queue.next_batch())) for _ in range(4)]
    assert sizes == [1, 2, 4, 2]


def test_who_does_not_fit_is_refused_whole_and_at_once() -> None:
    queue = queue_of(capacity=50)
    queue.add(call("a", 30))
    with pytest.raises(Overloaded):
        queue.add(call("b", 10, 20))
    assert queue.waiting_tokens == 30
    assert names(queue.next_batch()) == ["a0"]


def test_a_call_larger_than_the_capacity_is_let_into_an_empty_queue() -> None:
    queue = queue_of(capacity=50)
    queue.add(call("a", 40, 40))
    assert queue.waiting_tokens == 80


def test_who_left_is_skipped_and_makes_room() -> None:
    gone: set[str] = set()
    queue = queue_of(capacity=50, gone=gone)
    queue.add(call("a", 30, 20))
    gone.add("a0")
    queue.add(call("b", 30))
    assert names(queue.next_batch()) == ["a1", "b0"]


def test_draining_hands_everything_back_once() -> None:
    queue = queue_of()
    queue.add(call("a", 10, 10))
    queue.add(call("b", 10))
    assert [entry.payload for entry in queue.drain()] == ["a0", "a1", "b0"]
    assert queue.next_batch() is None
    assert queue.waiting_tokens == 0


lengths = st.lists(st.integers(1, 150), max_size=12)


@given(
    st.lists(st.tuples(lengths, st.sampled_from("xy"), st.sampled_from([None, 1])), max_size=6),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 11))),
)
def test_everyone_who_stayed_is_served_once_in_order_within_the_budget(
    calls: list[tuple[list[int], str, int | None]], leavers: set[tuple[int, int]]
) -> None:
    gone: set[str] = set()
    queue = queue_of(capacity=10**6, batch=100, gone=gone)
    for number, (sizes, lane, burst) in enumerate(calls):
        queue.add(call(f"{number}-", *sizes, lane=lane, burst=burst))
    gone.update(f"{number}-{index}" for number, index in leavers)
    served: list[str] = []
    while (picked := queue.next_batch()) is not None:
        batch = picked[1]
        assert len(batch) == 1 or max(e.tokens for e in batch) * len(batch) <= 100
        served.extend(names(picked))
        assert len(served) <= 200, "the queue never empties"
    expected = [
        f"{number}-{index}"
        for number, (sizes, _, _) in enumerate(calls)
        for index in range(len(sizes))
        if f"{number}-{index}" not in gone
    ]
    assert sorted(served) == sorted(expected)
    for number in range(len(calls)):
        own = [name for name in served if name.startswith(f"{number}-")]
        assert own == sorted(own, key=lambda name: int(name.split("-")[1]))
    assert queue.waiting_tokens == 0


def test_the_rest_of_admitted_work_is_never_refused() -> None:
    queue = queue_of(capacity=50)
    queue.add(call("a", 40))
    with pytest.raises(Overloaded):
        queue.add(call("b", 20))
    queue.add(call("a", 20), admitted=True)
    assert queue.waiting_tokens == 60


def test_entries_whose_callers_left_are_skipped_and_no_longer_counted() -> None:
    gone: set[str] = set()
    queue = queue_of(gone=gone)
    queue.add(call("a", 10, 10, 10))
    queue.add(call("b", 10))
    gone |= {"a0", "a1", "a2"}
    assert names(queue.next_batch()) == ["b0"]
    assert queue.next_batch() is None
    assert queue.waiting_tokens == 0
