from hypothesis import given
from hypothesis import strategies as st

from service.backends.protocol import Hypothesis
from service.batching.cache import SegmentCache


def made(target: str) -> Hypothesis:
    return Hypothesis(target, -0.1, 1, True)


def test_what_was_decoded_for_one_model_and_options_is_found_for_these_alone() -> None:
    cache = SegmentCache(10**6)
    cache.keep("model, revision 1", "Ja.", made("Yes."))
    assert cache.get("model, revision 1", "Ja.") == made("Yes.")
    assert cache.get("model, revision 2", "Ja.") is None
    assert cache.get("model, revision 1", "Nein.") is None


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = SegmentCache(0)
    cache.keep("lane", "Ja.", made("Yes."))
    assert cache.get("lane", "Ja.") is None
    assert len(cache) == cache.bytes == 0


def test_what_was_used_last_stays() -> None:
    cache = SegmentCache(20_000)
    cache.keep("lane", "Ja.", made("Yes."))
    for number in range(200):
        cache.keep("lane", f"Satz {number}.", made("Sentence."))
        assert cache.get("lane", "Ja.") == made("Yes.")
    assert cache.get("lane", "Satz 0.") is None


@given(st.lists(st.text(max_size=400), max_size=80), st.integers(0, 40_000))
def test_it_never_holds_more_bytes_than_it_may(sources: list[str], most: int) -> None:
    cache = SegmentCache(most)
    for source in sources:
        cache.keep("lane", source, made(source))
        assert cache.bytes <= most
        assert sum(len(each) for each in sources if cache.get("lane", each)) <= most


def test_the_next_best_take_their_share_of_the_memory() -> None:
    alone, ranked = SegmentCache(10**6), SegmentCache(10**6)
    alone.keep("lane", "Ja.", made("Yes."))
    ranked.keep("lane", "Ja.", Hypothesis.best_of([made("Yes."), made("Yes, indeed."), made("It is.")]))
    assert ranked.bytes > 2.5 * alone.bytes
