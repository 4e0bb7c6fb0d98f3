from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batching.call import Call, Entry
from service.batching.queue import SegmentQueue, Space
from service.errors import Overloaded


class Queue(SegmentQueue[str]):
    """With room for as much in every batch."""

    def __init__(self, capacity: int, batch: int, gone: set[str]) -> None:
        super().__init__(capacity_tokens=capacity, abandoned=gone.__contains__)
        self._batch = batch

    def next(self, **wish: bool) -> tuple[object, list[Entry[str]]] | None:
        return self.next_batch(lambda *_: Space(self._batch), **wish)


def queue_of(capacity: int = 1000, batch: int = 100, gone: set[str] | None = None) -> Queue:
    return Queue(capacity, batch, set() if gone is None else gone)


def call(
    name: str,
    *lengths: int,
    lane: str = "model",
    burst: int | None = None,
    caller: str = "",
    short: bool = False,
) -> Call[str]:
    entries = (Entry(f"source {i}", tokens, f"{name}{i}") for i, tokens in enumerate(lengths))
    return Call(lane, deque(entries), burst=burst, caller=caller, short=short)


def names(picked: tuple[object, list[Entry[str]]] | None) -> list[str]:
    assert picked is not None
    return [entry.payload for entry in picked[1]]


def test_segments_of_several_calls_share_a_batch_and_take_turns() -> None:
    queue = queue_of()
    queue.add(call("a", 10, 10, 10, caller="a"))
    queue.add(call("b", 10, caller="b"))
    assert names(queue.next()) == ["a0", "b0", "a1", "a2"]
    assert queue.next() is None
    assert queue.waiting_tokens == 0


def test_a_batch_is_cut_by_padded_tokens_not_by_count() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 10, 40, 10, 10))
    assert names(queue.next()) == ["a0", "a2", "a3"]  # the long one would make it 4 x 40
    assert names(queue.next()) == ["a1"]


def test_segments_of_like_length_go_together_and_the_oldest_always_goes() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 50, 10, 48, 12, 11, 9))
    assert names(queue.next()) == ["a0", "a2"]
    assert names(queue.next()) == ["a1", "a4", "a5", "a3"]


def test_of_a_stream_none_is_passed_over() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 50, 10, 48, 12, 11, 9, burst=8))
    assert names(queue.next()) == ["a0", "a1"]
    assert names(queue.next()) == ["a2", "a3"]


def test_a_shorter_segment_of_another_call_may_fill_what_a_long_one_leaves() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 30, 60, caller="a"))
    queue.add(call("b", 30, 30, caller="b"))
    assert names(queue.next()) == ["a0", "b0", "b1"]


def test_a_segment_over_the_whole_budget_goes_alone() -> None:
    queue = queue_of(batch=100)
    queue.add(call("a", 500, 10))
    assert names(queue.next()) == ["a0"]
    assert names(queue.next()) == ["a1"]


def test_lanes_never_mix_and_a_busy_lane_does_not_starve_another() -> None:
    queue = queue_of(batch=20)
    queue.add(call("a", 10, 10, 10, 10, 10, 10, lane="translate"))
    queue.add(call("s", 10, lane="summarize"))
    batches = [names(queue.next()) for _ in range(4)]
    assert batches == [["s0"], ["a0", "a1"], ["a2", "a3"], ["a4", "a5"]]


def test_a_small_late_call_waits_for_one_batch_of_a_large_early_one_at_most() -> None:
    queue = queue_of(batch=40)
    queue.add(call("big", *[10] * 50))
    names(queue.next())
    queue.add(call("small", 10))
    assert "small0" in names(queue.next())


def test_a_ramped_call_gets_one_then_two_then_four() -> None:
    queue = queue_of()
    queue.add(call("a", *[1] * 9, burst=1))
    sizes = [len(names(queue.next())) for _ in range(4)]
    assert sizes == [1, 2, 4, 2]


def test_who_does_not_fit_is_refused_whole_and_at_once() -> None:
    queue = queue_of(capacity=50)
    queue.add(call("a", 30))
    with pytest.raises(Overloaded):
        queue.add(call("b", 10, 20))
    assert queue.waiting_tokens == 30
    assert names(queue.next()) == ["a0"]


def test_a_call_larger_than_the_capacity_is_let_into_an_empty_queue() -> None:
    queue = queue_of(capacity=50)
    queue.add(call("a", 40, 40))
    assert queue.waiting_tokens == 80


def test_who_left_is_skipped_and_makes_room() -> None:
    gone: set[str] = set()
    queue = queue_of(capacity=60, gone=gone)
    queue.add(call("a", 30, 20))
    gone.add("a0")
    queue.somebody_left()
    queue.add(call("b", 30))
    assert sorted(names(queue.next())) == ["a1", "b0"]


def test_who_is_refused_does_not_have_all_that_waits_looked_at() -> None:
    looked_at: list[str] = []

    def abandoned(name: str) -> bool:
        looked_at.append(name)
        return False

    queue = SegmentQueue[str](capacity_tokens=1000, abandoned=abandoned)
    queue.add(call("a", *[10] * 100))
    queue.somebody_left()
    for _ in range(50):
        with pytest.raises(Overloaded):
            queue.require_room("b", 10)
        assert queue.tokens_before("b", 10, short=False) == 10
    assert len(looked_at) == 100


def test_draining_hands_everything_back_once() -> None:
    queue = queue_of()
    queue.add(call("a", 10, 10))
    queue.add(call("b", 10))
    assert sorted(entry.payload for entry in queue.drain()) == ["a0", "a1", "b0"]
    assert queue.next() is None
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
    while (picked := queue.next()) is not None:
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
    for number, (_, _, burst) in enumerate(calls):
        if burst is None:
            continue
        own = [name for name in served if name.startswith(f"{number}-")]
        assert own == sorted(own, key=lambda name: int(name.split("-")[1]))
    assert queue.waiting_tokens == 0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from("xyz"), lengths, st.booleans()),
            st.tuples(st.just("next"), st.just([]), st.booleans()),
            st.tuples(st.sampled_from("xyz"), st.integers(0, 11).map(lambda place: [place]), st.none()),
        ),
        max_size=20,
    )
)
def test_what_is_said_to_wait_is_what_waits(steps: list[tuple[str, list[int], bool | None]]) -> None:
    """Calls come, batches go, and some of a caller's segments are given up."""
    gone: set[str] = set()
    waiting: dict[str, tuple[str, int, bool]] = {}
    queue = queue_of(capacity=10**6, batch=100, gone=gone)
    for number, (caller, sizes, short) in enumerate(steps):
        if caller == "next":
            if picked := queue.next(short_only=bool(short)):
                for name in names(picked):
                    del waiting[name]
        elif short is None:
            leaving = {name for name, (whose, *_) in waiting.items() if whose == caller}
            gone.update(list(leaving)[: sizes[0]])
            queue.somebody_left()
        else:
            made = call(f"{number}-", *sizes, caller=caller, short=short)
            waiting |= {entry.payload: (caller, entry.tokens, short) for entry in made.entries}
            queue.add(made)
        if not gone & waiting.keys():
            # Read without having looked for who left.
            assert queue.waiting_tokens == sum(tokens for _, tokens, _ in waiting.values())
        queue.prune()
        waiting = {name: what for name, what in waiting.items() if name not in gone}
        of = {each: sum(tokens for whose, tokens, _ in waiting.values() if whose == each) for each in "xyz"}
        shorts = sum(tokens for _, tokens, is_short in waiting.values() if is_short)
        assert queue.waiting_tokens == sum(of.values())
        assert queue.tokens_before("new", 10**6, short=False) == sum(of.values())
        assert queue.tokens_before("x", 1, short=True) == shorts
        for each, own in of.items():
            others = sum(min(tokens, own + 5) for other, tokens in of.items() if other != each)
            assert queue.tokens_before(each, 5, short=False) == own + others


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
    assert names(queue.next()) == ["b0"]
    assert queue.next() is None
    assert queue.waiting_tokens == 0


def test_a_caller_with_fifty_requests_does_not_starve_another_with_one() -> None:
    queue = queue_of(batch=40, capacity=10_000)
    for number in range(50):
        queue.add(call(f"many{number}-", 10, 10, caller="many"))
    queue.add(call("one", 10, caller="one"))
    assert "one0" in names(queue.next())


def test_a_late_caller_is_served_before_the_rest_of_an_early_one_in_another_lane_too() -> None:
    queue = queue_of(batch=40)
    queue.add(call("big", *[10] * 50, caller="big"))
    assert names(queue.next())[0] == "big0"
    queue.add(call("other", 10, caller="small", lane="summarizer"))
    assert {names(queue.next())[0] for _ in range(2)} == {"other0", "big4"}


def test_of_one_caller_the_oldest_of_like_length_is_done_first() -> None:
    queue = queue_of(batch=20, capacity=10_000)
    for name in "abc":
        queue.add(call(name, 10, 10, 10))
    served = [name[0] for _ in range(5) for name in names(queue.next())]
    assert served == [*"aaabbbccc"]


def test_of_one_caller_a_little_one_need_not_wait_for_a_book_nor_the_book_for_ever() -> None:
    queue = queue_of(batch=20, capacity=10_000)
    queue.add(call("book", *[10] * 40))
    served = []
    for number in range(60):
        queue.add(call(f"little{number}", 10, 10))
        served += [names(queue.next())[0]]
    assert served[0] == "little00"
    assert "book0" in served


def test_short_calls_never_share_a_batch_with_longer_work() -> None:
    queue = queue_of(batch=100)
    queue.add(call("long", *[10] * 30, caller="long"))
    queue.add(call("short", 10, caller="short", short=True))
    queue.add(call("brief", 10, caller="brief", short=True))
    assert names(queue.next(short_only=True)) == ["short0", "brief0"]
    assert queue.next(short_only=True) is None
    assert len(names(queue.next())) == 10


def test_the_turn_goes_on_although_a_lane_has_no_room() -> None:
    queue = queue_of()
    queue.add(call("busy", 10, lane="busy"))
    queue.add(call("free", 10, lane="free"))
    picked = queue.next_batch(lambda lane, _: Space(100) if lane == "free" else None)
    assert names(picked) == ["free0"]
    assert queue.next_batch(lambda lane, _: Space(100) if lane == "free" else None) is None
    assert names(queue.next()) == ["busy0"]


def test_there_is_room_for_an_odd_length_when_its_call_has_its_turn() -> None:
    queue = queue_of(batch=40, capacity=10_000)
    queue.add(call("a", *[10] * 100))
    queue.add(call("odd", 39))
    served = [names(queue.next()) for _ in range(3)]
    assert ["odd0"] in served


def test_the_last_part_of_the_queue_is_kept_for_those_who_have_little_waiting() -> None:
    queue = queue_of(capacity=100)
    queue.add(call("a", 50, caller="hog"))
    queue.add(call("b", 40, caller="hog"))
    with pytest.raises(Overloaded):
        queue.add(call("c", 5, caller="hog"))
    queue.add(call("d", 5, caller="other"))
    with pytest.raises(Overloaded):
        queue.add(call("e", 6, caller="third"))


def test_what_is_decoded_before_is_of_everybody_else_no_more_than_of_oneself() -> None:
    queue = queue_of()
    queue.add(call("hog", *[10] * 20, caller="hog"))
    queue.add(call("short", 7, caller="brief", short=True))
    assert queue.tokens_before("new", 30, short=False) == 30 + 7
    assert queue.tokens_before("hog", 30, short=False) == 200 + 7
    assert queue.tokens_before("new", 5, short=True) == 7


@given(
    st.lists(st.lists(lengths, min_size=1, max_size=3), min_size=2, max_size=5),
    st.integers(30, 150),
)
def test_whoever_waits_leads_a_batch_before_anybody_leads_two(
    callers: list[list[list[int]]], batch: int
) -> None:
    queue = queue_of(capacity=10**6, batch=batch)
    for caller, calls in enumerate(callers):
        for number, sizes in enumerate(calls):
            queue.add(call(f"{caller}/{number}/", *sizes, caller=str(caller)))
    left = {caller: sum(map(len, calls)) for caller, calls in enumerate(callers)}
    led: list[int] = []
    while (picked := queue.next()) is not None:
        served = [int(name.partition("/")[0]) for name in names(picked)]
        waiting = [caller for caller, count in left.items() if count]
        if served[0] in led:
            since = led[len(led) - 1 - led[::-1].index(served[0]) + 1 :]
            assert all(caller in since for caller in waiting if caller != served[0])
        led.append(served[0])
        for caller in served:
            left[caller] -= 1
    assert not any(left.values())


def test_what_follows_from_work_that_was_let_in_has_its_place() -> None:
    queue = queue_of(batch=20, capacity=10_000)
    first = call("first", 10, 10)
    queue.add(first)
    assert names(queue.next()) == ["first0", "first1"]
    for number in range(5):
        queue.add(call(f"later{number}-", 10, 10))
    names(queue.next())
    repair = call("repair", 5)
    repair.due = first.due
    queue.add(repair, admitted=True)
    assert names(queue.next())[0] == "repair0"
