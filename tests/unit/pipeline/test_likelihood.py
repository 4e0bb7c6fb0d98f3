"""A segment is unlikely only beside the others of its article."""

import pytest

from service.pipeline.likelihood import Likelihood


def likelihood(scores: list[float]) -> Likelihood:
    found = Likelihood()
    for score in scores:
        found.add(score)
    return found


def test_a_score_far_below_the_others_is_seen_and_its_own_weight_left_out() -> None:
    scores = [-0.4, -0.5, -0.3, -0.4, -0.6, -0.4, -0.5, -0.4, -3.0]
    assert likelihood(scores).is_far_below(-3.0, instead_of=-3.0)
    assert not likelihood(scores).is_far_below(-0.6, instead_of=-3.0)


def test_an_article_that_is_hard_throughout_has_no_unlikely_segment() -> None:
    assert not likelihood([-2.0, -2.5, -1.6, -2.2, -2.9, -1.9, -2.4, -2.1, -2.0]).is_far_below(
        -2.9, instead_of=-2.9
    )


@pytest.mark.parametrize("count", [0, 1, 8])
def test_a_few_segments_have_no_mean_to_speak_of(count: int) -> None:
    assert not likelihood([-0.4] * count).is_far_below(-9.0, instead_of=-0.4 if count else None)
