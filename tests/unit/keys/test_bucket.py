"""The arithmetic of rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.keys.bucket import WINDOW_SECONDS, Level, take

RATES = st.integers(1, 1_000_000)


def asked(level: Level | None, cost: int, rate: int, now: float) -> tuple[Level, bool, float]:
    level, outcome = take(level, cost=cost, needed=min(cost, rate), rate=rate, now=now)
    return level, outcome.allowed, outcome.wait


@given(
    rate=RATES,
    asks=st.lists(st.tuples(st.integers(1, 2_000_000), st.floats(0, 300)), min_size=1, max_size=40),
)
def test_no_more_is_spent_than_the_rate_a_bucket_and_one_request_allow(
    rate: int, asks: list[tuple[int, float]]
) -> None:
    level, now, spent = None, 0.0, 0
    for cost, pause in asks:
        now += pause
        level, allowed, _ = asked(level, cost, rate, now)
        spent += cost if allowed else 0
        assert spent <= rate * (1 + now / WINDOW_SECONDS) + max(cost for cost, _ in asks) + 0.01


@given(rate=RATES, first=st.integers(1, 2_000_000), second=st.integers(1, 2_000_000))
def test_who_waits_as_long_as_told_is_let_in_and_not_before(rate: int, first: int, second: int) -> None:
    level, allowed, _ = asked(None, first, rate, 0.0)
    assert allowed
    level, allowed, wait = asked(level, second, rate, 0.0)
    if not allowed:
        assert wait > 0
        assert not asked(level, second, rate, wait * 0.99)[1]
        assert asked(level, second, rate, wait)[1]


@given(rate=RATES, cost=st.integers(1, 2_000_000), spent=st.integers(1, 100))
def test_what_is_given_back_can_be_spent_again(rate: int, cost: int, spent: int) -> None:
    level, _, _ = asked(None, min(spent, rate), rate, 0.0)
    before = level.tokens
    level, allowed, _ = asked(level, cost, rate, 0.0)
    if allowed:
        level, outcome = take(level, cost=-cost, needed=-(10**15), rate=rate, now=0.0)
        assert outcome.allowed
        assert level.tokens == before


@given(rate=RATES, moments=st.lists(st.floats(0, 1000), min_size=2, max_size=10))
def test_a_clock_that_goes_back_fills_nothing(rate: int, moments: list[float]) -> None:
    level, _, _ = asked(None, rate, rate, max(moments))
    for moment in moments:
        level, allowed, _ = asked(level, 1, rate, moment)
        assert not allowed


def test_an_article_longer_than_the_rate_is_let_in_when_the_bucket_is_full_and_paid_off() -> None:
    level, allowed, _ = asked(None, 5_000, 1_000, 0.0)
    assert allowed
    assert level.tokens == -4_000
    level, allowed, wait = asked(level, 1, 1_000, 60.0)
    assert not allowed
    assert wait == pytest.approx(180.06)
